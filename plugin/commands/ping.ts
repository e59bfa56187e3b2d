import { versionCommand } from './version.js';
export const pingCommand = { ...versionCommand, name: 'ping' };
