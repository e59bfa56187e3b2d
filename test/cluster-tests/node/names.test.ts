/** The pure parts of the node: image names, capabilities, back-off, the sandbox's argv. */
import { describe, expect, test } from '@jest/globals';
import { capabilitySet } from '../../cluster/node/capabilities.js';
import { expand } from '../../cluster/node/container-config.js';
import { findImage } from '../../cluster/node/images.js';
import { readIdMap, sandboxArgv, sandboxProblem } from '../../cluster/node/sandbox.js';
import { Backoff, goDuration } from '../../cluster/node/timing.js';

describe('image names', () => {
  test.each([
    ['busybox', 'docker.io/library/busybox:1.36'],
    ['docker.io/library/busybox:latest', 'docker.io/library/busybox:1.36'],
    ['nicolaka/netshoot:v0.13', 'docker.io/nicolaka/netshoot:latest'],
    ['registry.example/toolbox', 'registry.example/toolbox:latest'],
    ['registry.example/toolbox:1', 'registry.example/toolbox:1'],
    [
      `registry.example/toolbox@sha256:${'a'.repeat(64)}`,
      `registry.example/toolbox@sha256:${'a'.repeat(64)}`,
    ],
  ])('%s is %s', (name, full) => {
    expect(findImage(name)).toMatchObject({ kind: 'image', name: full });
  });

  test.each([
    ['UPPER/Case:tag', 'repository name (Case) must be lowercase'],
    ['Busybox', 'repository name (library/Busybox) must be lowercase'],
    ['a b', 'invalid reference format'],
    ['busybox:', 'invalid reference format'],
    ['', 'invalid reference format'],
  ])('%j cannot be parsed', (name, why) => {
    const found = findImage(name);
    expect(found.kind).toBe('invalid');
    expect(found).toHaveProperty('message', expect.stringContaining(why));
  });

  test('nobody has the rest', () => {
    expect(findImage('localhost:5000/x/y:1')).toMatchObject({
      kind: 'unpullable',
      message: expect.stringContaining(
        '"localhost:5000/x/y:1": failed to resolve image: localhost:5000/x/y:1: not found',
      ),
    });
  });
});

describe('capabilities', () => {
  const every = (1n << 41n) - 1n;
  const set = (add: string[], drop: string[], privileged = false) =>
    capabilitySet({ privileged, add, drop }, every).toString(16);

  test.each([
    [[], [], 'a80425fb'],
    [['NET_ADMIN'], [], 'a80435fb'],
    [['CAP_NET_ADMIN', 'net_raw'], ['ALL'], '3000'],
    [[], ['NET_RAW'], 'a80405fb'],
    [['ALL'], [], '1ffffffffff'],
    [['ALL'], ['SYS_ADMIN'], '1ffffdfffff'],
    [['NO_SUCH'], ['ALL'], '0'],
  ])('add %j drop %j → %s', (add, drop, mask) => {
    expect(set(add, drop)).toBe(mask);
  });

  test('nobody gives what they do not have', () => {
    expect(capabilitySet({ privileged: true, add: [], drop: [] }, 0xffn)).toBe(0xffn);
    expect(capabilitySet({ privileged: false, add: ['NET_ADMIN'], drop: ['ALL'] }, 0n)).toBe(0n);
  });
});

test('$(NAME) in argv and env', () => {
  expect(expand('$(PORT) $(NONE) $$(PORT) $PORT', { PORT: '80' })).toBe('80 $(NONE) $(PORT) $PORT');
});

test('back-off doubles up to its limit and begins anew after a long time', () => {
  const backoff = new Backoff(10, 40);
  expect(backoff.remainingMs('x', 0)).toBe(0);
  const delays = [0, 100, 150, 200].map((now) => {
    backoff.next('x', now);
    return backoff.delayMs('x');
  });
  expect(delays).toEqual([10, 10, 20, 40]);
  expect(backoff.remainingMs('x', 210)).toBe(30);
  expect(backoff.remainingMs('other', 210)).toBe(0);
});

test.each([
  [10_000, '10s'],
  [80_000, '1m20s'],
  [300_000, '5m0s'],
  [300, '300ms'],
])('%i ms is %s', (ms, text) => {
  expect(goDuration(ms)).toBe(text);
});

describe('the sandbox', () => {
  test('root needs no user namespace; others keep their id and get all capabilities', () => {
    expect(sandboxArgv(['node', 'x'], 0).join(' ')).toBe(
      'unshare --net --mount --pid --fork --kill-child --mount-proc node x',
    );
    expect(sandboxArgv(['node', 'x'], 1000)).toEqual(
      expect.arrayContaining(['--map-current-user', '--keep-caps', 'node', 'x']),
    );
  });

  test('it can be made here; where it cannot, one sentence says why', () => {
    expect(sandboxProblem()).toBeUndefined();
    expect(sandboxProblem(['sh', '-c', 'echo Operation not permitted >&2; exit 1'])).toBe(
      'this kernel does not let the local cluster make namespaces (Operation not permitted)',
    );
  });

  test.each([
    ['         0          0 4294967295\n', { kind: 'full', nested: false }],
    ['         0     100000      65536\n', { kind: 'full', nested: true }],
    ['         0       1000          1\n         1     100000      65536\n', { kind: 'full', nested: true }],
    ['      1000       1000          1\n', { kind: 'single' }],
  ])('id map %j', (text, expected) => {
    expect(readIdMap(text)).toMatchObject(expected);
  });
});
