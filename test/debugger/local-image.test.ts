import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fullImageName, mirroredImage, repositoryOf, shortImageName } from '../../src/debugger/image-name.js';
import { chooseLocalImage, withLocalImage } from '../../src/debugger/local-image.js';
import type { DebugOptions, LocalImageWish } from '../../src/debugger/types.js';
import { apiError, fakeApi } from './fakes.js';

const hub = [{ prefix: 'docker.io', mirror: 'registry.internal:5000/hub' }];
const netshoot = 'docker.io/nicolaka/netshoot';
const digest = `sha256:${'a'.repeat(64)}`;

describe('names of images', () => {
  test.each([
    ['busybox', 'docker.io/library/busybox'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36'],
    ['nicolaka/netshoot', 'docker.io/nicolaka/netshoot'],
    ['localhost/x', 'localhost/x'],
    ['host:5000/x:1', 'host:5000/x:1'],
    [`ghcr.io/a/b@${digest}`, `ghcr.io/a/b@${digest}`],
  ])('%s in full is %s', (name, full) => expect(fullImageName(name)).toBe(full));

  test.each([
    ['host:5000/x', 'host:5000/x'],
    [`host:5000/x:1@${digest}`, 'host:5000/x'],
    ['netshoot:v1', 'docker.io/library/netshoot'],
  ])('the repository of %s is %s', (name, repository) => expect(repositoryOf(name)).toBe(repository));
});

test.each([
  [`docker.io/a/b:1@${digest}`, 'docker.io/a/b:1'],
  [`host:5000/a@${digest}`, `host:5000/a@${digest}`],
  ['host:5000/a:1', 'host:5000/a:1'],
])('%s is called %s', (name, short) => expect(shortImageName(name)).toBe(short));

describe('mirrors', () => {
  test.each([
    ['nicolaka/netshoot:v0.13', 'registry.internal:5000/hub/nicolaka/netshoot:v0.13'],
    ['busybox', 'registry.internal:5000/hub/library/busybox'],
    [`docker.io/a/b:1@${digest}`, `registry.internal:5000/hub/a/b:1@${digest}`],
    ['ghcr.io/a/b', 'ghcr.io/a/b'],
    ['docker.io.evil.example/a', 'docker.io.evil.example/a'],
  ])('%s is found as %s', (name, found) => expect(mirroredImage(name, hub)).toBe(found));

  test('the longest prefix counts, whatever the order, and ends with a part of the name', () => {
    const mirrors = [
      { prefix: 'docker.io/nicolaka', mirror: 'a.example' },
      { prefix: 'docker.io/nico', mirror: 'b.example' },
      ...hub,
    ];
    for (const order of [mirrors, mirrors.toReversed()])
      expect(mirroredImage('nicolaka/netshoot:1', order)).toBe('a.example/netshoot:1');
    const whole = [{ prefix: netshoot, mirror: 'c.example/tools' }];
    expect(mirroredImage(`${netshoot}:1`, whole)).toBe('c.example/tools:1');
    expect(mirroredImage(`${netshoot}-extra:1`, whole)).toBe(`${netshoot}-extra:1`);
  });

  test('a name that no prefix fits stays to the letter', () => {
    const name = fc.stringMatching(/^[a-z]{1,8}(\/[a-z]{1,8}){0,2}(:[a-z0-9]{1,5})?$/);
    fc.assert(
      fc.property(name, (one) => mirroredImage(one, [{ prefix: 'other.example', mirror: 'x.y' }]) === one),
    );
  });
});

const capture: LocalImageWish = { programs: [['tcpdump']], preferred: undefined, mirrors: [] };
const nodeWith = (...names: string[]) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-1' },
  status: { images: names.map((name) => ({ names: [name] })) },
});

describe('the image of a node', () => {
  test('one with the tool, the fullest first; busybox has no tcpdump', () => {
    const all = ['docker.io/library/busybox:1', 'docker.io/wbitt/network-multitool:x', `${netshoot}:v0.9`];
    expect(chooseLocalImage(nodeWith(...all), capture).image).toBe(`${netshoot}:v0.9`);
    expect(chooseLocalImage(nodeWith(...all.slice(0, 2)), capture).image).toBe(all[1]);
    expect(chooseLocalImage(nodeWith(...all.slice(0, 1)), capture).image).toBeUndefined();
    const ping = { ...capture, programs: [['ping']] };
    expect(chooseLocalImage(nodeWith(...all.slice(0, 1)), ping).image).toBe(all[0]);
  });

  test('the better of the programs counts more than the order of images', () => {
    const names = ['docker.io/istio/proxyv2:1.24.0', 'docker.io/library/busybox:1.36'];
    const dns = { ...capture, programs: [['dig', 'nslookup', 'getent']] };
    expect(chooseLocalImage(nodeWith(...names), dns).image).toBe(names[1]);
  });

  test('tags before digests, the highest tag, no variant without tools', () => {
    const names = [`${netshoot}@${digest}`, `${netshoot}:v0.9`, `${netshoot}:v0.13`, `${netshoot}:v0.11`];
    expect(chooseLocalImage(nodeWith(...names), capture).image).toBe(`${netshoot}:v0.13`);
    expect(chooseLocalImage(nodeWith(names[0] ?? ''), capture).image).toBe(names[0]);
    expect(
      chooseLocalImage(nodeWith('docker.io/istio/proxyv2:1.24-distroless'), capture).image,
    ).toBeUndefined();
  });

  test('the same name in another registry is another image, unless a mirror is named', () => {
    const node = nodeWith(
      'evil.example/nicolaka/netshoot:v0.13',
      'registry.internal:5000/hub/nicolaka/netshoot:v1',
    );
    expect(chooseLocalImage(node, capture).image).toBeUndefined();
    expect(chooseLocalImage(node, { ...capture, mirrors: hub }).image).toBe(
      'registry.internal:5000/hub/nicolaka/netshoot:v1',
    );
  });

  test('the image of the configuration comes first, at its own tag if that is there', () => {
    const node = nodeWith(`${netshoot}:v0.13`, 'r.example/own:2', 'r.example/own:1');
    expect(chooseLocalImage(node, { ...capture, preferred: 'r.example/own:1' }).image).toBe(
      'r.example/own:1',
    );
    expect(chooseLocalImage(node, { ...capture, preferred: 'r.example/own:3' }).image).toBe(
      'r.example/own:2',
    );
  });

  test('what is no name of an image is none', () => {
    const node = {
      ...nodeWith(),
      status: { images: [{ names: null }, { names: [`${netshoot}:v1\u001b[2J`] }, {}] },
    };
    expect(chooseLocalImage(node, capture).image).toBeUndefined();
  });
});

describe('--no-pull', () => {
  const options: DebugOptions = {
    image: 'x',
    profile: 'auto',
    fresh: false,
    ttlSeconds: 900,
    startTimeoutMs: 60_000,
    local: capture,
  };

  test('takes the image of the node, never pulls it, and says so', async () => {
    const asked: string[] = [];
    const api = fakeApi({
      get: <T>(path: string) => {
        asked.push(path);
        return Promise.resolve(nodeWith(`${netshoot}:v0.13`) as T);
      },
    });
    expect(await withLocalImage(api, options, 'node-1', {})).toMatchObject({
      image: `${netshoot}:v0.13`,
      imagePullPolicy: 'Never',
      imageNote: 'on node node-1 already',
    });
    expect(asked).toEqual(['/api/v1/nodes/node-1']);
  });

  test('asks for nothing where it is not wished, or the pod is on no node', async () => {
    const plain = { ...options, local: undefined };
    expect(await withLocalImage(fakeApi({}), plain, 'node-1', {})).toBe(plain);
    expect(await withLocalImage(fakeApi({}), options, undefined, {})).toBe(options);
  });

  test('names what it looked for when there is none: exit code 7', async () => {
    const known = nodeWith('docker.io/library/busybox:1');
    const refused = withLocalImage(fakeApi({}), options, 'node-1', { known });
    await expect(refused).rejects.toMatchObject({
      exitCode: 7,
      message: '--no-pull: node node-1 has none of the images that are known to have tcpdump.',
      details: [`looked for ${netshoot}, docker.io/wbitt/network-multitool, docker.io/istio/proxyv2`],
    });
  });

  test('is not allowed where nodes may not be read: exit code 5', async () => {
    const message =
      'nodes "node-1" is forbidden: User "ada" cannot get resource "nodes" in API group "" at the cluster scope';
    const api = fakeApi({
      get: () =>
        Promise.reject(apiError(403, message, { reason: 'Forbidden' }, 'GET', '/api/v1/nodes/node-1')),
    });
    await expect(withLocalImage(api, options, 'node-1', {})).rejects.toMatchObject({
      exitCode: 5,
      hint: expect.stringContaining('resources: [nodes], verbs: [get]') as unknown,
    });
  });
});
