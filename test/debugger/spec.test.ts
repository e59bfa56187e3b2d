import { describe, expect, test } from '@jest/globals';
import { checkCustom } from '../../src/debugger/custom.js';
import { LEASE_VERSION } from '../../src/debugger/lease.js';
import { planDebugContainer } from '../../src/debugger/plan.js';
import { limitsOf, permitsRaw } from '../../src/debugger/profile.js';
import { containerName, debugContainerSpec, profileOf, serves, type Rung } from '../../src/debugger/spec.js';
import type { DebugOptions, ProfileName } from '../../src/debugger/types.js';
import type { ContainerState, EphemeralContainer, Pod } from '../../src/kube/types.js';

const options: DebugOptions = {
  image: 'nicolaka/netshoot:v0.13',
  profile: 'auto',
  fresh: false,
  ttlSeconds: 900,
  startTimeoutMs: 60_000,
};

const pod = (more: Partial<Pod> = {}): Pod => ({
  metadata: { name: 'web-0', namespace: 'shop' },
  spec: { containers: [{ name: 'app' }], nodeName: 'n1' },
  status: { phase: 'Running' },
  ...more,
});

const spec = (rung: Rung, more: Partial<DebugOptions> = {}) =>
  debugContainerSpec('netdebug-bcdfg', pod(), rung, { ...options, ...more });

describe('debugContainerSpec', () => {
  test('spells everything out', () => {
    const { command, ...rest } = spec('netadmin', { target: 'app', imagePullPolicy: 'Always' });
    expect(command?.slice(0, 2)).toEqual(['sh', '-c']);
    expect(command?.slice(3)).toEqual(['netdebug', '900', '5', '9']);
    expect(rest).toEqual({
      name: 'netdebug-bcdfg',
      image: 'nicolaka/netshoot:v0.13',
      imagePullPolicy: 'Always',
      env: [
        { name: 'NETDEBUG_LEASE', value: LEASE_VERSION },
        { name: 'NETDEBUG_ID', value: 'netdebug-bcdfg' },
        { name: 'NETDEBUG_IMAGE', value: 'nicolaka/netshoot:v0.13' },
        { name: 'NETDEBUG_PROFILE', value: 'netadmin' },
      ],
      terminationMessagePolicy: 'FallbackToLogsOnError',
      targetContainerName: 'app',
      securityContext: {
        runAsUser: 0,
        runAsNonRoot: false,
        capabilities: { add: ['NET_ADMIN', 'NET_RAW', 'SYS_PTRACE'] },
      },
    });
  });

  test('says nothing of what was not asked for', () => {
    expect(spec('baseline')).not.toHaveProperty('imagePullPolicy');
    expect(spec('baseline')).not.toHaveProperty('targetContainerName');
  });

  test.each<[ProfileName, object]>([
    ['netadmin', { runAsUser: 0, runAsNonRoot: false, capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } }],
    ['baseline', { runAsUser: 0, runAsNonRoot: false }],
    ['general', { runAsUser: 0, runAsNonRoot: false, capabilities: { add: ['SYS_PTRACE'] } }],
    ['sysadmin', { runAsUser: 0, runAsNonRoot: false, privileged: true }],
    [
      'restricted',
      {
        runAsUser: 65532,
        runAsNonRoot: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
    ],
  ])('profile %s', (profile, securityContext) => {
    expect(spec(profile).securityContext).toEqual(securityContext);
  });

  test('restricted runs as the user of the pod, if that is not root', () => {
    const user = (containerUser: number | undefined, podUser: number | undefined) =>
      debugContainerSpec(
        'x',
        pod({
          spec: {
            containers: [
              {
                name: 'app',
                ...(containerUser === undefined ? {} : { securityContext: { runAsUser: containerUser } }),
              },
            ],
            ...(podUser === undefined ? {} : { securityContext: { runAsUser: podUser } }),
          },
        }),
        'restricted',
        options,
      ).securityContext?.runAsUser;
    expect(user(1001, 2000)).toBe(1001);
    expect(user(undefined, 2000)).toBe(2000);
    expect(user(0, 2000)).toBe(65532);
  });

  test('a file is merged over it as kubectl does: maps by key, env by name, other lists replaced', () => {
    const container = {
      env: [
        { name: 'A', value: '1' },
        { name: 'NETDEBUG_IMAGE', value: 'kept-by-name' },
      ],
      securityContext: { capabilities: { add: ['NET_RAW'] }, runAsUser: 7 },
      workingDir: '/srv',
    };
    const merged = spec({ file: 'p.yaml', container });
    expect(merged.securityContext).toEqual({
      runAsUser: 7,
      runAsNonRoot: false,
      capabilities: { add: ['NET_RAW'] },
    });
    expect(merged.env?.map(({ name, value }) => `${name}=${value ?? ''}`)).toEqual([
      'NETDEBUG_LEASE=1',
      'NETDEBUG_ID=netdebug-bcdfg',
      'NETDEBUG_IMAGE=kept-by-name',
      expect.stringMatching(/^NETDEBUG_PROFILE=custom-[0-9a-f]{8}$/),
      'A=1',
    ]);
    expect(merged.workingDir).toBe('/srv');
    expect(profileOf(merged)).toBe('custom');
  });

  test.each([
    'name',
    'image',
    'command',
    'args',
    'ports',
    'resources',
    'livenessProbe',
    'restartPolicy',
    'lifecycle',
  ])('a file that sets %s is refused with the key', (key) => {
    expect(() => {
      checkCustom('p.yaml', { [key]: 'x' });
    }).toThrow(new RegExp(`^p.yaml: ${key} cannot be set`));
  });

  test('names are labels of RFC 1123, and random from end to end', () => {
    let next = 0;
    expect(containerName(() => (next += 0.09))).toMatch(/^netdebug-[b-z2-9]{5}$/);
    expect(containerName(() => 0)).toBe('netdebug-bbbbb');
    expect(containerName(() => 0.999_999)).toBe('netdebug-99999');
  });
});

describe('serves', () => {
  test.each<[string, Rung, Partial<DebugOptions>, 'raw' | 'none', Partial<DebugOptions>, boolean]>([
    ['the same', 'netadmin', {}, 'raw', {}, true],
    ['another image', 'netadmin', { image: 'other' }, 'raw', {}, false],
    ['restricted for a capture', 'restricted', {}, 'raw', {}, false],
    ['restricted for netstat', 'restricted', {}, 'none', {}, true],
    ['baseline for a capture', 'baseline', {}, 'raw', {}, true],
    ['another profile than the one asked for', 'baseline', {}, 'raw', { profile: 'netadmin' }, false],
    ['the profile asked for', 'general', {}, 'none', { profile: 'general' }, true],
    ['no target where one is asked for', 'netadmin', {}, 'none', { target: 'app' }, false],
    ['another target', 'netadmin', { target: 'side' }, 'none', { target: 'app' }, false],
    ['a target where none is asked for', 'netadmin', { target: 'app' }, 'none', {}, true],
    [
      'a file that has changed',
      { file: 'p', container: { workingDir: '/a' } },
      {},
      'none',
      { profile: { file: 'p', container: { workingDir: '/b' } } },
      false,
    ],
    [
      'the same file',
      { file: 'p', container: { workingDir: '/a' } },
      {},
      'none',
      { profile: { file: 'p', container: { workingDir: '/a' } } },
      true,
    ],
  ])('%s', (_name, rung, made, need, asked, expected) => {
    expect(serves(spec(rung, made), { ...options, ...asked }, need)).toBe(expected);
  });

  test('what another program injected, or a version with another lease, is left alone', () => {
    expect(serves({ name: 'debugger-x', image: options.image }, options, 'none')).toBe(false);
    const other = { ...spec('netadmin'), env: [{ name: 'NETDEBUG_LEASE', value: '0' }] };
    expect(serves(other, options, 'none')).toBe(false);
  });

  test('what a webhook took away counts, not what was asked', () => {
    const stored = {
      ...spec('netadmin'),
      securityContext: { capabilities: { drop: ['ALL'] }, runAsUser: 0 },
    };
    expect(serves(stored, options, 'raw')).toBe(false);
    expect(serves(stored, options, 'none')).toBe(true);
  });
});

describe('what a securityContext permits', () => {
  test.each([
    [undefined, true, 2],
    [{ privileged: true }, true, 0],
    [{ runAsUser: 0, capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } }, true, 0],
    [{ runAsUser: 0, capabilities: { drop: ['ALL'], add: ['CAP_NET_RAW'] } }, true, 1],
    [{ runAsUser: 0, capabilities: { drop: ['NET_RAW'] } }, false, 1],
    [{ runAsUser: 1000, capabilities: { add: ['NET_RAW'] } }, false, 1],
  ])('%j', (context, raw, limits) => {
    expect(permitsRaw(context)).toBe(raw);
    expect(limitsOf(context)).toHaveLength(limits);
  });
});

describe('planDebugContainer', () => {
  const withContainers = (...containers: readonly [EphemeralContainer, ContainerState | undefined][]) =>
    pod({
      spec: {
        containers: [{ name: 'app' }],
        nodeName: 'n1',
        ephemeralContainers: containers.map(([one]) => one),
      },
      status: {
        phase: 'Running',
        ephemeralContainerStatuses: containers.flatMap(([{ name }, state]) =>
          state === undefined ? [] : [{ name, state }],
        ),
      },
    });
  const running: ContainerState = { running: { startedAt: '2026-01-01T00:00:00Z' } };
  const named = (name: string, rung: Rung = 'netadmin', more: Partial<DebugOptions> = {}) => ({
    ...spec(rung, more),
    name,
  });
  const plan = (one: Pod, more: Partial<DebugOptions> = {}, need: 'raw' | 'none' = 'raw') =>
    planDebugContainer(one, { ...options, ...more }, need);

  test('none there: inject', () => {
    expect(plan(pod())).toEqual({ kind: 'inject' });
  });

  test('one that runs and serves is taken, the plain one before one that shares processes', () => {
    const both = withContainers([named('a', 'netadmin', { target: 'app' }), running], [named('b'), running]);
    expect(plan(both)).toMatchObject({ kind: 'reuse', spec: { name: 'b' } });
    expect(plan(both, { target: 'app' })).toMatchObject({ kind: 'reuse', spec: { name: 'a' } });
    expect(plan(both, { fresh: true })).toEqual({ kind: 'inject' });
  });

  test.each<[string, ContainerState | undefined, string]>([
    ['ended', { terminated: { exitCode: 0 } }, 'inject'],
    ['has failed for good', { waiting: { reason: 'ImagePullBackOff' } }, 'inject'],
    ['starts', { waiting: { reason: 'ContainerCreating' } }, 'join'],
    ['was not seen by the kubelet yet', undefined, 'join'],
  ])('one that %s: %s', (_name, state, kind) => {
    expect(plan(withContainers([named('a'), state])).kind).toBe(kind);
  });

  test.each([
    ['IfNotPresent', undefined, 'join'],
    ['Never', undefined, 'inject'],
    ['Never', 'Never', 'join'],
    ['IfNotPresent', 'Always', 'inject'],
  ])('one that starts and pulls %s, when %s is asked for: %s', (imagePullPolicy, asked, kind) => {
    const starting = withContainers([
      { ...named('a'), imagePullPolicy },
      { waiting: { reason: 'ContainerCreating' } },
    ]);
    expect(plan(starting, { imagePullPolicy: asked }).kind).toBe(kind);
  });

  const node = { containers: [{ name: 'app' }], nodeName: 'n1' };
  test.each<[string, Partial<Pod>, RegExp]>([
    [
      'is being deleted',
      { metadata: { name: 'w', namespace: 's', deletionTimestamp: '2026-01-01T00:00:00Z' } },
      /being deleted/,
    ],
    ['succeeded', { status: { phase: 'Succeeded' } }, /finished \(Succeeded\)/],
    ['was evicted', { status: { phase: 'Failed', reason: 'Evicted' } }, /finished \(Failed: Evicted\)/],
    [
      'is static',
      { metadata: { name: 'w', annotations: { 'kubernetes.io/config.mirror': 'x' } } },
      /static pod/,
    ],
    ['runs on Windows', { spec: { ...node, os: { name: 'windows' } } }, /Windows/],
    ['is for Windows', { spec: { ...node, nodeSelector: { 'kubernetes.io/os': 'windows' } } }, /Windows/],
    [
      'is not scheduled',
      {
        spec: { containers: [] },
        status: {
          phase: 'Pending',
          conditions: [{ type: 'PodScheduled', status: 'False', message: '0/2 nodes are available' }],
        },
      },
      /not scheduled to a node yet: 0\/2 nodes/,
    ],
  ])('a pod that %s is refused with one sentence and exit code 6', (_name, more, message) => {
    const refusal = plan(pod(more));
    expect(refusal).toMatchObject({ kind: 'refuse', error: { exitCode: 6 } });
    expect(refusal.kind === 'refuse' && refusal.error.message).toMatch(message);
  });

  test('pods that are not ready, initializing or crashing are taken', () => {
    expect(plan(pod({ status: { phase: 'Pending' } })).kind).toBe('inject');
  });

  test('a target that is not there or does not run is refused', () => {
    expect(plan(pod(), { target: 'nosuch' })).toMatchObject({
      kind: 'refuse',
      error: { hint: 'It has app.' },
    });
    const crashing = pod({
      status: {
        phase: 'Running',
        containerStatuses: [{ name: 'app', state: { waiting: { reason: 'CrashLoopBackOff' } } }],
      },
    });
    expect(plan(crashing, { target: 'app' })).toMatchObject({
      kind: 'refuse',
      error: {
        exitCode: 6,
        message:
          'Container app of pod shop/web-0 is not running (CrashLoopBackOff), so its processes cannot be shared.',
      },
    });
  });
});
