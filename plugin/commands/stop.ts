import { versionCommand } from './version.js';
export const stopCommand = { ...versionCommand, name: 'stop' };
