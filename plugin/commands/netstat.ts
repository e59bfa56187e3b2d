import { versionCommand } from './version.js';
export const netstatCommand = { ...versionCommand, name: 'netstat' };
