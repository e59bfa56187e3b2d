import type { RegistryMirror } from '../../src/debugger/image-name.js';
import type { Words } from './words.js';
import { wordOf } from './words.js';

/** A value as it was given, and where: `--ttl`, `NETDEBUG_TTL`, `/home/x/.config/kubectl-netdebug/config.yaml: ttl`. */
export interface Setting {
  readonly text: string;
  readonly origin: string;
}

/** Defaults that may come from the environment or the configuration file, by their names there. */
export const settingNames = [
  'image',
  'imagePullPolicy',
  'profile',
  'ttl',
  'startTimeout',
  'color',
  'wireshark',
] as const;

export type SettingName = (typeof settingNames)[number];

/** What the environment and the file set; the environment has won already. */
export type Settings = Readonly<Partial<Record<SettingName, Setting>>> & {
  /** Only from the file: where images are found in this cluster. */
  readonly registryMirrors?: readonly RegistryMirror[] | undefined;
};

/** `imagePullPolicy` as the flag spells it: `image-pull-policy`. */
function flagName(name: SettingName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `imagePullPolicy` as the environment spells it: `NETDEBUG_IMAGE_PULL_POLICY`. */
export function variableName(name: SettingName): string {
  return `NETDEBUG_${flagName(name).replaceAll('-', '_').toUpperCase()}`;
}

/** The flag if it was given, else the environment, else the file. */
export function settingOf(words: Words, settings: Settings, name: SettingName): Setting | undefined {
  return flagSetting(words, flagName(name)) ?? settings[name];
}

/** A flag as it was given, with its name as the origin. */
export function flagSetting(words: Words, flag: string): Setting | undefined {
  const text = wordOf(words, flag);
  return text === undefined ? undefined : { text, origin: `--${flag}` };
}
