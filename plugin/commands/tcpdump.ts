import { versionCommand } from './version.js';
export const tcpdumpCommand = { ...versionCommand, name: 'tcpdump' };
