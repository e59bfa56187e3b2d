import { versionCommand } from './version.js';
export const captureCommand = { ...versionCommand, name: 'capture' };
