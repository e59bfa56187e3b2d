import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ensureDebugContainer } from '../../src/debugger/ensure.js';
import { runTool } from '../../src/debugger/lifeline.js';
import type { DebugOptions, DebugProgress, Need } from '../../src/debugger/types.js';
import type { NetdebugError } from '../../src/errors.js';
import { namespace, pod, restrictedSecurity } from '../cluster/manifests.js';
import { connectWith, debugOptions, startConnected, type Connected } from '../tools/in-pod.js';
import { realClock } from './fakes.js';

let cluster: Connected['cluster'];
let api: Connected['api'];
let stop: Connected['stop'];

beforeAll(async () => {
  ({ cluster, api, stop } = await startConnected({
    nodes: 1,
    objects: [
      namespace('open', { podSecurity: 'privileged' }),
      namespace('base', { podSecurity: 'baseline' }),
      namespace('tight', { podSecurity: 'restricted' }),
      pod({ name: 'web', namespace: 'open' }),
      pod({ name: 'web', namespace: 'base' }),
      pod({ name: 'web', namespace: 'tight', securityContext: restrictedSecurity }),
      // One for each, because the kubelet reports no more than 25 events of a pod.
      ...[0, 1, 2, 3, 4, 5, 6].map((number) => pod({ name: `failing-${number}` })),
      pod({ name: 'asked' }),
    ],
  }));
});

afterAll(() => stop());

function ensure(where: string, name: string, need: Need, more: Partial<DebugOptions> = {}, as = api) {
  const progress: DebugProgress[] = [];
  const result = ensureDebugContainer(as, {
    namespace: where,
    pod: name,
    need,
    options: debugOptions(more),
    onProgress: (one) => progress.push(one),
    clock: realClock,
    random: Math.random,
  });
  return { result, progress };
}

async function refusal(result: Promise<unknown>): Promise<NetdebugError> {
  return result.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: unknown) => error as NetdebugError,
  );
}

async function output(where: string, container: string, argv: readonly string[]) {
  const tool = await runTool(api, { namespace: where, pod: 'web', container }, argv, { clock: realClock });
  let text = '';
  const add = (chunk: Buffer) => (text += chunk.toString());
  tool.stdout.on('data', add);
  tool.stderr.on('data', add);
  return { end: await tool.done, text };
}

const onePacket = ['tcpdump', '-n', '-i', 'any', '-c', '1'];
/** A packet on lo, and tcpdump's exit code when it has seen it. */
const captureLoopback = [
  'sh',
  '-c',
  '"$@" & p=$!; for i in 1 2 3 4 5; do ping -c 1 -w 1 127.0.0.1 >/dev/null; sleep 0.2; done; wait $p',
  'sh',
  ...onePacket,
];

describe('the profile ladder', () => {
  test('a namespace without limits: netadmin, and packets', async () => {
    const { container, profile } = await ensure('open', 'web', 'raw').result;
    expect(profile).toBe('netadmin');
    expect(await output('open', container, captureLoopback)).toMatchObject({
      end: { kind: 'exited', exitCode: 0 },
      text: expect.stringContaining('1 packet captured'),
    });
  }, 60_000);

  test('baseline: NET_RAW may not be added, the runtime’s own is enough for packets', async () => {
    const { result, progress } = ensure('base', 'web', 'raw');
    const { container, profile, limits } = await result;
    expect(profile).toBe('baseline');
    expect(limits).toHaveLength(2);
    expect(progress[0]).toMatchObject({
      kind: 'rung-refused',
      profile: 'netadmin',
      why: expect.stringContaining('Pod Security "baseline"'),
    });
    expect(await output('base', container, captureLoopback)).toMatchObject({
      end: { kind: 'exited', exitCode: 0 },
      text: expect.stringContaining('1 packet captured'),
    });
  }, 60_000);

  test('restricted: what needs no raw socket works as the pod’s user, a capture is refused with reasons', async () => {
    const { container, profile } = await ensure('tight', 'web', 'none').result;
    expect(profile).toBe('restricted');
    expect((await output('tight', container, ['id', '-u'])).text).toBe('1001\n');
    expect((await output('tight', container, ['ss', '-Htln'])).end).toEqual({ kind: 'exited', exitCode: 0 });
    const denied = await output('tight', container, onePacket);
    expect(denied.end).toMatchObject({ kind: 'exited' });
    expect(denied.end).not.toMatchObject({ exitCode: 0 });

    const error = await refusal(ensure('tight', 'web', 'raw').result);
    expect(error.exitCode).toBe(5);
    expect(error.message).toBe('Pod Security "restricted" in namespace tight allows no packet capture.');
    expect(error.details.join('\n')).toMatch(/enforce=restricted\nnetadmin: .*must set securityContext/);
    expect(error.hint).toMatch(/ping, netstat/);
  }, 60_000);
});

describe('what does not start', () => {
  const failure = (number: number, more: Partial<DebugOptions>) =>
    refusal(ensure('default', `failing-${number}`, 'raw', { fresh: true, ...more }).result);

  test.each<[string, number, Partial<DebugOptions>, RegExp]>([
    [
      'an image that is not there',
      0,
      { image: 'registry.example/nosuch:1' },
      /ErrImagePull|ImagePullBackOff/,
    ],
    [
      'an image that may not be pulled',
      1,
      { image: 'registry.example/denied:1' },
      /ErrImagePull|ImagePullBackOff/,
    ],
    ['a name that is none', 2, { image: 'UPPER/Case:tag' }, /InvalidImageName/],
    [
      'an image that is not on the node',
      3,
      { image: 'registry.example/slow:1', imagePullPolicy: 'Never' },
      /ErrImageNeverPull/,
    ],
    [
      'an image without a shell',
      4,
      { image: 'registry.example/distroless:1' },
      /RunContainerError|Failed: .*"sh"|executable file not found/,
    ],
    [
      'a user that is forbidden by the profile itself',
      5,
      { profile: { file: 'p.yaml', container: { securityContext: { runAsNonRoot: true } } } },
      /runAsNonRoot|non-root/i,
    ],
  ])(
    '%s (pod %i): exit 7 with the kubelet’s words, long before the limit',
    async (_name, number, more, message) => {
      const began = Date.now();
      const error = await failure(number, more);
      expect(error.exitCode).toBe(7);
      expect(error.message).toMatch(message);
      expect(error.details.join('\n')).toMatch(/^event /m);
      expect(Date.now() - began).toBeLessThan(20_000);
    },
    60_000,
  );

  test('a slow pull is shown while it lasts, and the limit holds', async () => {
    const { result, progress } = ensure('default', 'failing-6', 'raw', {
      image: 'registry.example/slow:1',
      fresh: true,
      startTimeoutMs: 1_500,
    });
    const error = await refusal(result);
    expect(error).toMatchObject({
      exitCode: 7,
      message: expect.stringMatching(/did not start within 1.5 s; last it was: pulling image/),
    });
    expect(progress).toContainEqual(expect.objectContaining({ kind: 'waiting', what: 'pulling image' }));
  }, 60_000);
});

describe('rights', () => {
  const minimal = [
    { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
    { apiGroups: [''], resources: ['pods/ephemeralcontainers'], verbs: ['patch'] },
    { apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] },
  ];

  test('without pods/ephemeralcontainers: the Role to ask for', async () => {
    const user = await connectWith(await cluster.user('looker', { rules: minimal.slice(0, 1) }));
    const error = await refusal(ensure('default', 'asked', 'none', {}, user).result);
    expect(error).toMatchObject({
      exitCode: 5,
      message: 'User looker may not patch pods/ephemeralcontainers in namespace default.',
    });
    expect(error.hint).toContain('resources: [pods/ephemeralcontainers], verbs: [patch]');
    user.close();
  });

  test('the smallest Role is enough, without watching and without events', async () => {
    const user = await connectWith(await cluster.user('minimal', { rules: minimal }));
    const container = await ensure('default', 'asked', 'none', {}, user).result;
    const tool = await runTool(user, container, ['true'], { clock: realClock });
    tool.stdout.resume();
    tool.stderr.resume();
    expect(await tool.done).toEqual({ kind: 'exited', exitCode: 0 });
    user.close();
  }, 60_000);
});
