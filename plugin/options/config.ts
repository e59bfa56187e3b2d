import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import type { Environment } from '../environment.js';
import type { Setting, SettingName, Settings } from './setting.js';
import { settingNames, variableName } from './setting.js';

/** Where the configuration file is: XDG_CONFIG_HOME, else ~/.config. */
export function configPath(environment: Pick<Environment, 'env' | 'homeDir'>): string {
  const base = environment.env.XDG_CONFIG_HOME || join(environment.homeDir, '.config');
  return join(base, 'kubectl-netdebug', 'config.yaml');
}

/** Defaults from the environment over those from the file. Throws a usage error that names the file, the key and what was expected. */
export async function readSettings(environment: Pick<Environment, 'env' | 'homeDir'>): Promise<Settings> {
  const path = configPath(environment);
  const text = await readIfThere(path);
  // Most people have no such file: the schema and the YAML reader are loaded only for those who do.
  const file = text === undefined ? {} : (await import('./configfile.js')).parseConfig(text, path);
  return { ...file, ...environmentSettings(environment.env) };
}

/** The NETDEBUG_ variables that are set; an empty one counts as not set. */
export function environmentSettings(env: Environment['env']): Settings {
  const settings: Partial<Record<SettingName, Setting>> = {};
  for (const name of settingNames) {
    const text = env[variableName(name)];
    if (text !== undefined && text !== '') settings[name] = { text, origin: variableName(name) };
  }
  return settings;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new NetdebugError(`cannot read ${path}: ${(cause as Error).message}`, {
      exitCode: ExitCode.usage,
      hint: 'mend or remove the file',
      cause,
    });
  }
}
