/** What is read off versions, nodes, images and pods, without a cluster. */
import { describe, expect, test } from '@jest/globals';
import { checkImage, hasImage, parseImageName } from '../../src/doctor/image.js';
import { checkNode } from '../../src/doctor/node.js';
import { checkOfError, countStates, exitCodeOf } from '../../src/doctor/outcome.js';
import { checkPod } from '../../src/doctor/pod.js';
import { checkVersion, parseVersion } from '../../src/doctor/server.js';
import type { Check } from '../../src/doctor/types.js';
import type { DebugNode } from '../../src/debugger/advice.js';
import { NetdebugError } from '../../src/errors.js';
import type { Pod } from '../../src/kube/types.js';
import { debugOptions } from '../tools/in-pod.js';

describe('versions', () => {
  test.each([
    ['v1.36.2', { major: 1, minor: 36 }],
    ['v1.29.1-eks-508b6b3', { major: 1, minor: 29 }],
    ['v1.27.3+k3s1', { major: 1, minor: 27 }],
    ['1.27', undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    if (expected === undefined) expect(parseVersion(text)).toBeUndefined();
    else expect(parseVersion(text)).toMatchObject(expected);
  });

  test.each([
    ['v1.24.17', 'missing', 'ephemeral containers'],
    ['v1.25.0', 'warning', 'end of input'],
    ['v1.29.9', 'warning', 'end of input'],
    ['v1.30.0', 'ok', 'v1.30.0'],
    ['v2.0.0', 'ok', 'v2.0.0'],
    ['what', 'unknown', 'cannot be read'],
  ])('%s is %s', (text, state, words) => {
    const check = checkVersion(parseVersion(text), 'https://api');
    expect(check.state).toBe(state);
    expect(check.message).toContain(words);
  });
});

describe('nodes', () => {
  const node = (labels: Record<string, string>, more: DebugNode['status'] = {}): DebugNode => ({
    metadata: { name: 'n', labels },
    status: {
      nodeInfo: { operatingSystem: 'linux', architecture: 'arm64', kubeletVersion: 'v1.33.1' },
      conditions: [{ type: 'Ready', status: 'True' }],
      ...more,
    },
  });
  const server = parseVersion('v1.36.0');

  test.each<[string, DebugNode, string, string]>([
    ['an ordinary one', node({}), 'ok', 'linux/arm64, kubelet v1.33.1'],
    ['Fargate', node({ 'eks.amazonaws.com/compute-type': 'fargate' }), 'missing', 'Fargate'],
    ['ACI', node({ type: 'virtual-kubelet' }), 'missing', 'virtual kubelet'],
    ['Windows by its label', node({ 'kubernetes.io/os': 'windows' }), 'missing', 'Windows'],
    ['Windows', node({}, { nodeInfo: { operatingSystem: 'windows' } }), 'missing', 'Windows'],
    [
      'one that does not answer',
      node({}, { conditions: [{ type: 'Ready', status: 'Unknown' }] }),
      'missing',
      'not ready',
    ],
    ['a kubelet of 1.24', node({}, { nodeInfo: { kubeletVersion: 'v1.24.1' } }), 'missing', 'older than'],
    ['a kubelet far behind', node({}, { nodeInfo: { kubeletVersion: 'v1.32.0' } }), 'warning', 'older than'],
  ])('%s', (_, each, state, words) => {
    const check = checkNode('n', { node: each }, undefined, server);
    expect(check).toMatchObject({ state, message: expect.stringContaining(words) as unknown });
    if (state !== 'ok') expect(check.advice).toBeDefined();
  });

  test('where nodes may not be read, the pod tells of Fargate; nothing else matters then', () => {
    const unread = { why: 'you may not get nodes', absent: false };
    expect(checkNode('n', unread, pod({}), server)).toMatchObject({ state: 'unknown', minor: true });
    const onFargate = pod({}, { labels: { 'eks.amazonaws.com/fargate-profile': 'fp' } });
    expect(checkNode('n', unread, onFargate, server).state).toBe('missing');
    expect(checkNode('n', { why: 'gone', absent: true }, undefined, server).state).toBe('missing');
  });
});

describe('images', () => {
  test.each([
    ['busybox', 'docker.io', 'docker.io/library/busybox:latest', true],
    ['nicolaka/netshoot:v0.13', 'docker.io', 'docker.io/nicolaka/netshoot:v0.13', false],
    ['localhost/x', 'localhost', 'localhost/x:latest', true],
    ['reg.example:5000/a/b:1', 'reg.example:5000', 'reg.example:5000/a/b:1', false],
    ['quay.io/a/b:1@sha256:0123', 'quay.io', 'quay.io/a/b@sha256:0123', false],
    ['quay.io/a/b@sha256:0123', 'quay.io', 'quay.io/a/b@sha256:0123', false],
    ['quay.io:443/a/b:1@sha256:0123', 'quay.io:443', 'quay.io:443/a/b@sha256:0123', false],
  ])('%s', (image, registry, full, latest) => {
    expect(parseImageName(image)).toEqual({ registry, full, latest });
  });

  const node = (names: readonly string[]) => ({
    node: { metadata: { name: 'n' }, status: { images: [{ names }, { names: null }] } },
  });
  const none = { imagePullPolicy: undefined, node: node([]), pod: pod({}) };

  test('on the node under any of its names', () => {
    const { node: there } = node(['docker.io/library/busybox:1', 'docker.io/library/busybox@sha256:01']);
    expect(hasImage(there, 'busybox:1')).toBe(true);
    expect(hasImage(there, 'busybox@sha256:01')).toBe(true);
    expect(hasImage(there, 'busybox:9@sha256:01')).toBe(true);
    expect(hasImage(there, 'busybox:2')).toBe(false);
  });

  test('an image on the node is enough, unless it is pulled each time', () => {
    const there = { ...none, node: node(['quay.io/a/b:1', 'quay.io/a/b:latest']) };
    expect(checkImage({ ...there, image: 'quay.io/a/b:1' }).state).toBe('ok');
    expect(checkImage({ ...there, image: 'quay.io/a/b' }).state).toBe('unknown');
    expect(checkImage({ ...there, image: 'quay.io/a/b:1', imagePullPolicy: 'Always' }).message).toContain(
      'each time',
    );
  });

  test('without pulling it must be there', () => {
    const asked = { ...none, image: 'quay.io/a/b:1', imagePullPolicy: 'Never' };
    expect(checkImage(asked)).toMatchObject({ state: 'warning' });
    expect(checkImage({ ...asked, node: { why: 'no', absent: false } })).toMatchObject({ state: 'unknown' });
  });

  test('a registry that the pod was pulled from, and its pull secrets by name', () => {
    const own = pod(
      { imagePullSecrets: [{ name: 'regcred' }] },
      {},
      { containerStatuses: [{ name: 'app', imageID: 'x', state: { running: {} } }] },
    );
    const check = checkImage({ ...none, pod: own, image: 'registry.example/tools:1' });
    expect(check).toMatchObject({ state: 'ok' });
    expect(check.details?.[0]).toContain('regcred');
    expect(checkImage({ ...none, pod: own, image: 'quay.io/tools:1' })).toMatchObject({
      state: 'unknown',
      minor: true,
      advice: expect.stringContaining('--image') as unknown,
    });
  });
});

function pod(
  spec: Partial<Pod['spec']>,
  metadata: Partial<Pod['metadata']> = {},
  status: Partial<NonNullable<Pod['status']>> = {},
): Pod {
  return {
    metadata: { name: 'web', namespace: 'shop', ...metadata },
    spec: {
      nodeName: 'n',
      containers: [{ name: 'app', image: 'registry.example/web:1' }],
      ...spec,
    },
    status: { phase: 'Running', ...status },
  };
}

describe('pods', () => {
  const states = (checks: readonly Check[]) => Object.fromEntries(checks.map(({ id, state }) => [id, state]));

  test('a plain one', () => {
    expect(states(checkPod(pod({}), debugOptions()))).toEqual({ pod: 'ok', 'user-of-pod': 'ok' });
  });

  test('one in a mesh, in the network of its node, under a seccomp profile', () => {
    const checks = checkPod(
      pod({
        hostNetwork: true,
        containers: [{ name: 'app' }, { name: 'istio-proxy' }],
        securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'strict.json' } },
      }),
      debugOptions(),
    );
    expect(states(checks)).toMatchObject({ mesh: 'warning', 'host-network': 'warning', seccomp: 'warning' });
    expect(checks.map(({ message }) => message).join()).toMatch(/strict\.json.*istio/);
  });

  test('one that starts nothing any more', () => {
    const [check] = checkPod(pod({}, {}, { phase: 'Failed' }), debugOptions());
    expect(check).toMatchObject({ state: 'missing', advice: expect.any(String) as unknown });
  });

  test('runAsNonRoot is inherited only by a profile of a file that names no user', () => {
    const asking = pod({ securityContext: { runAsNonRoot: true, runAsUser: 1001 } });
    const userOf = (profile: Parameters<typeof debugOptions>[0]) =>
      checkPod(asking, debugOptions(profile)).find(({ id }) => id === 'user-of-pod');
    expect(userOf({})).toMatchObject({
      state: 'ok',
      message: expect.stringContaining('runAsUser 1001') as unknown,
    });
    const file = (securityContext: object) => ({
      profile: { file: 'p.yaml', container: { securityContext } },
    });
    expect(userOf(file({ capabilities: { add: ['NET_RAW'] } }))).toMatchObject({ state: 'warning' });
    expect(userOf(file({ runAsUser: 0 }))).toMatchObject({ state: 'ok' });
  });
});

describe('the exit code', () => {
  const line = (state: Check['state'], more: Partial<Check> = {}): Check => ({
    id: 'x',
    area: 'cluster',
    state,
    message: 'm',
    ...more,
  });

  test.each<[number, readonly Check[]]>([
    [0, [line('ok'), line('warning')]],
    [0, [line('ok'), line('unknown', { minor: true })]],
    [3, [line('ok'), line('unknown')]],
    [1, [line('missing'), line('unknown')]],
    [4, [line('missing', { stops: 4 }), line('missing')]],
  ])('%d', (code, checks) => {
    expect(exitCodeOf(checks)).toBe(code);
  });

  test('counts, and failures as lines', () => {
    expect(countStates([line('ok'), line('ok'), line('missing')])).toEqual({
      ok: 2,
      warning: 0,
      missing: 1,
      unknown: 0,
    });
    const error = new NetdebugError('It is so.', { exitCode: 5, hint: 'do', details: ['d'] });
    expect(checkOfError(error, 'x', 'here')).toEqual({
      id: 'x',
      area: 'here',
      state: 'missing',
      message: 'It is so',
      details: ['d'],
      advice: 'do',
    });
    expect(() => checkOfError(new TypeError('bug'), 'x', 'here')).toThrow('bug');
  });
});
