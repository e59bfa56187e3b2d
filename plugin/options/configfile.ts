import * as z from 'zod';
import type { RegistryMirror } from '../../src/debugger/image-name.js';
import type { NetdebugError } from '../../src/errors.js';
import { parseImage, parsePolicy, parseProfile } from './debug.js';
import { longestWaitMs, parseDuration } from './duration.js';
import type { Setting, SettingName, Settings } from './setting.js';
import { settingNames } from './setting.js';
import { nearest, usageError } from './usage.js';
import { parseYamlFile } from './yamlfile.js';

const value = z.union([z.string(), z.number().transform(String)], 'expected a text or a number').optional();
const schema = z.strictObject({
  image: value,
  imagePullPolicy: value,
  profile: value,
  ttl: value,
  startTimeout: value,
  color: z.enum(['auto', 'always', 'never'], 'expected auto, always or never').optional(),
  wireshark: value,
  registryMirrors: z
    .record(
      z.string(),
      z.string('expected a registry, such as registry.internal/hub'),
      'expected PREFIX: MIRROR',
    )
    .optional(),
});

const keys = [...settingNames, 'registryMirrors'] as const;

const checks: Readonly<Partial<Record<SettingName, (setting: Setting) => unknown>>> = {
  image: parseImage,
  imagePullPolicy: parsePolicy,
  profile: parseProfile,
  ttl: (setting) => parseDuration(setting, 1000),
  startTimeout: (setting) => parseDuration(setting, 1000, longestWaitMs),
};

/** Reads the text of a configuration file; every value is checked, also those that a flag overrides. */
export function parseConfig(text: string, path: string): Settings {
  const result = schema.safeParse(parseYamlFile(text, path) ?? {});
  if (!result.success) throw refusal(path, result.error.issues[0]);
  const settings: Partial<Record<SettingName, Setting>> = {};
  for (const name of settingNames) {
    const given = result.data[name];
    if (given === undefined) continue;
    settings[name] = { text: given, origin: `${path}: ${name}` };
    checks[name]?.(settings[name]);
  }
  const { registryMirrors } = result.data;
  return registryMirrors === undefined
    ? settings
    : { ...settings, registryMirrors: parseMirrors(registryMirrors, path) };
}

/** A registry, or a registry with a path; neither tag nor digest. */
const registry =
  /^(localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:))(:\d{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;

function parseMirrors(given: Readonly<Record<string, string>>, path: string): readonly RegistryMirror[] {
  return Object.entries(given).map(([prefix, mirror]) => {
    const wrong = [prefix, mirror].find((name) => name.length > 300 || !registry.test(name));
    if (wrong === undefined) return { prefix, mirror };
    throw usageError(
      `${path}: registryMirrors: ${JSON.stringify(wrong)} is not the beginning of an image`,
      undefined,
      'expected REGISTRY[/PATH] without tag, such as docker.io: registry.internal:5000/hub',
    );
  });
}

interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
}

function refusal(path: string, issue: Issue | undefined): NetdebugError {
  const unknown = issue?.keys?.[0];
  if (unknown !== undefined) {
    const near = nearest(unknown, keys);
    return usageError(
      `${path}: ${unknown}: no such key`,
      undefined,
      near === undefined ? `the keys are ${keys.join(', ')}` : `did you mean ${near}?`,
    );
  }
  const where = issue?.path.map(String).join('.') ?? '';
  return usageError(
    `${path}: ${where === '' ? 'expected keys with values' : `${where}: ${issue?.message ?? 'wrong value'}`}`,
    undefined,
    `the keys are ${keys.join(', ')}`,
  );
}
