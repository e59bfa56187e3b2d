import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configPath, environmentSettings, readSettings } from '../../../plugin/options/config.js';
import { parseConfig } from '../../../plugin/options/configfile.js';
import { debugFlags, defaultImage, parseDebug } from '../../../plugin/options/debug.js';
import { parseWords } from '../../../plugin/options/parse.js';

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'netdebug-config-'));
  await mkdir(join(home, '.config/kubectl-netdebug'), { recursive: true });
  await writeFile(join(home, '.config/kubectl-netdebug/config.yaml'), 'image: from/file:1\nttl: 5m\n');
});
afterAll(() => rm(home, { recursive: true }));

const debugWith = async (argv: string[], env: Record<string, string>) =>
  parseDebug(parseWords('ping', argv, debugFlags), await readSettings({ env, homeDir: home }));

describe('precedence', () => {
  test('without anything: the defaults', () => {
    const request = parseDebug(parseWords('ping', [], debugFlags), {});
    expect(request).toEqual({
      image: defaultImage,
      imagePullPolicy: undefined,
      profile: 'auto',
      target: undefined,
      fresh: false,
      ttlSeconds: 900,
      startTimeoutMs: 60_000,
      dryRun: false,
    });
  });

  test('the file over the defaults', async () => {
    expect(await debugWith([], {})).toMatchObject({ image: 'from/file:1', ttlSeconds: 300 });
  });

  test('the environment over the file', async () => {
    expect(await debugWith([], { NETDEBUG_IMAGE: 'from/env:1' })).toMatchObject({
      image: 'from/env:1',
      ttlSeconds: 300,
    });
  });

  test('flags over both', async () => {
    expect(
      await debugWith(['--image', 'from/flag:1', '--ttl=90s'], { NETDEBUG_IMAGE: 'from/env:1' }),
    ).toMatchObject({
      image: 'from/flag:1',
      ttlSeconds: 90,
    });
  });

  test('XDG_CONFIG_HOME moves the file; no file is no error', async () => {
    expect(configPath({ env: { XDG_CONFIG_HOME: '/x' }, homeDir: '/h' })).toBe(
      '/x/kubectl-netdebug/config.yaml',
    );
    expect(configPath({ env: { XDG_CONFIG_HOME: '' }, homeDir: '/h' })).toBe(
      '/h/.config/kubectl-netdebug/config.yaml',
    );
    expect(await readSettings({ env: { XDG_CONFIG_HOME: join(home, 'none') }, homeDir: home })).toEqual({});
  });
});

describe('images', () => {
  const settings = parseConfig('registryMirrors: {docker.io: "r.example:5000/hub"}', '/c.yaml');
  const debug = (...argv: string[]) => parseDebug(parseWords('capture', argv, debugFlags), settings);

  test('are looked for in mirrors, which is said', () => {
    expect(debug()).toMatchObject({
      image: `r.example:5000/hub/${defaultImage.replace('docker.io/', '')}`,
      imageNote: 'mirror of docker.io/nicolaka/netshoot:v0.13',
    });
    expect(debug('--image', 'ghcr.io/a/b:1').imageNote).toBeUndefined();
  });

  test('--no-pull: one of the node, or the one that is named', () => {
    expect(debug('--no-pull').local).toMatchObject({ programs: [['tcpdump']], preferred: undefined });
    const configured = { ...settings, image: { text: 'a/b:1', origin: 'x' } };
    expect(parseDebug(parseWords('ping', ['--no-pull'], debugFlags), configured).local?.preferred).toBe(
      'r.example:5000/hub/a/b:1',
    );
    expect(debug('--no-pull', '--image', 'c.io/d')).toMatchObject({
      image: 'c.io/d',
      imagePullPolicy: 'Never',
    });
    expect(debug('--no-pull', '--image', 'c.io/d').local).toBeUndefined();
    expect(() => debug('--no-pull', '--image-pull-policy', 'Always')).toThrow('exclude each other');
  });

  test('a digest is whole or refused', () => {
    const image = `c.io/d:1@sha256:${'0'.repeat(64)}`;
    expect(debug('--image', image).image).toBe(image);
    expect(() => debug('--image', image.slice(0, -1))).toThrow('is not an image');
  });
});

describe('wrong values', () => {
  test.each([
    ['image: [1]', '/c.yaml: image: expected a text or a number', 'the keys are image'],
    ['imaeg: x', '/c.yaml: imaeg: no such key', 'did you mean image?'],
    ['ttl: soon', '/c.yaml: ttl: "soon" is not a duration', 'such as 90s'],
    ['startTimeout: 1ms', '/c.yaml: startTimeout: 1ms is out of range', 'expected 1s to 24d'],
    ['color: pink', '/c.yaml: color: expected auto, always or never', 'the keys are'],
    ['profile: root', '/c.yaml: profile: "root" is not a profile', 'expected auto, netadmin'],
    ['imagePullPolicy: often', '/c.yaml: imagePullPolicy: "often" is not one of Always', ''],
    ['registryMirrors: [a]', '/c.yaml: registryMirrors: expected PREFIX: MIRROR', 'the keys are'],
    ['registryMirrors: {a.io: 3}', '/c.yaml: registryMirrors.a.io: expected a registry', 'the keys are'],
    [
      'registryMirrors: {a.io: "b.io/x:1"}',
      '/c.yaml: registryMirrors: "b.io/x:1" is not the',
      'expected REGISTRY',
    ],
    ['registryMirrors: {netshoot: b.io}', '/c.yaml: registryMirrors: "netshoot" is not the', 'docker.io: '],
    ['image: a@sha256:beef', '/c.yaml: image: "a@sha256:beef" is not an image', 'expected [REGISTRY/]NAME'],
    ['- a', '/c.yaml: expected keys with values', 'the keys are'],
    ['a: [', '/c.yaml: not YAML', 'mend or remove the file'],
    ['ttl: 1m\n---\nttl: 2m\n', '/c.yaml: not YAML: Source contains multiple documents at line 2', ''],
  ])('%p is refused with the file, the key and what was expected', (text, message, hint) => {
    expect(() => parseConfig(text, '/c.yaml')).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(message) as unknown,
        hint: expect.stringContaining(hint) as unknown,
        exitCode: 2,
      }),
    );
  });

  test('what the parser would only warn of is not printed by it', () => {
    const warnings: unknown[] = [];
    const listen = (warning: unknown): void => void warnings.push(warning);
    process.on('warning', listen);
    expect(parseConfig('image: !!js x\n', '/c.yaml').image?.text).toBe('x');
    process.off('warning', listen);
    expect(warnings).toEqual([]);
  });

  test('an empty file sets nothing', () => expect(parseConfig('', '/c.yaml')).toEqual({}));

  test('the environment is named when its value is wrong', () => {
    const settings = environmentSettings({ NETDEBUG_START_TIMEOUT: 'x', NETDEBUG_COLOR: '' });
    expect(() => parseDebug(parseWords('ping', [], debugFlags), settings)).toThrow(
      'NETDEBUG_START_TIMEOUT: "x" is not a duration',
    );
    expect(settings.color).toBeUndefined();
  });

  test.each([
    ['--image', 'a b'],
    ['--image', ''],
    ['--image', '-x'],
    ['--profile', 'root'],
    ['--ttl', '0'],
    ['--image-pull-policy', 'x'],
  ])('%s %p is refused', (flag, word) =>
    expect(() => parseDebug(parseWords('ping', [flag, word], debugFlags), {})).toThrow(
      expect.objectContaining({ exitCode: 2 }),
    ),
  );
});
