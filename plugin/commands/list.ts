import { versionCommand } from './version.js';
export const listCommand = { ...versionCommand, name: 'list' };
