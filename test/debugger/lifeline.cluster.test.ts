import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureDebugContainer, type DebugContainerRequest } from '../../src/debugger/ensure.js';
import { runTool } from '../../src/debugger/lifeline.js';
import { listDebugContainers } from '../../src/debugger/list.js';
import { stopDebugContainers } from '../../src/debugger/stop.js';
import type { DebugOptions } from '../../src/debugger/types.js';
import type { PodProcess } from '../cluster/ipc.js';
import { pod } from '../cluster/manifests.js';
import { debugOptions, startConnected, type Connected } from '../tools/in-pod.js';
import { realClock } from './fakes.js';

const script = (protocol: string) =>
  fileURLToPath(new URL(`../../dist/test/capturing-client-${protocol}.mjs`, import.meta.url));

/** The client as one file; one that speaks v4 only stands for a server that speaks nothing newer. */
async function bundle(protocol: 'v5' | 'v4'): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('capturing-client.ts', import.meta.url))],
    outfile: script(protocol),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    plugins: [
      {
        name: 'v4 only',
        setup: (setup) => {
          setup.onLoad({ filter: /src\/kube\/channel\.ts$/ }, ({ path }) => {
            const source = readFileSync(path, 'utf8');
            const contents =
              protocol === 'v5'
                ? source
                : source.replace("['v5.channel.k8s.io', 'v4.channel.k8s.io']", "['v4.channel.k8s.io']");
            if (protocol === 'v4' && contents === source)
              throw new Error('the protocols are not where they were');
            return { contents, loader: 'ts' };
          });
        },
      },
    ],
  });
}

/** Five packets a second on eth0, so that captures have something to write. */
const pinging = ['sh', '-c', 'exec ping -q -i 0.2 $(ip -4 route show default | cut -d " " -f 3)'];

let cluster: Connected['cluster'];
let api: Connected['api'];
let stop: Connected['stop'];
/** Milliseconds from the cut of the network until nothing ran any more; it takes most of a minute, so the other tests run meanwhile. */
let cut: Promise<number>;

beforeAll(async () => {
  const started = startConnected({
    nodes: 1,
    objects: [
      pod({ name: 'killed-v5', command: pinging }),
      pod({ name: 'killed-v4', command: pinging }),
      pod({ name: 'busy' }),
      pod({ name: 'cut', command: pinging }),
      pod({ name: 'shared', container: 'app', command: ['sleep', '100000'] }),
    ],
  });
  await Promise.all([bundle('v5'), bundle('v4')]);
  ({ cluster, api, stop } = await started);
  cut = cutSilently('cut');
  cut.catch(() => undefined);
});

afterAll(() => stop());

function request(name: string, more: Partial<DebugOptions> = {}): DebugContainerRequest {
  return {
    namespace: 'default',
    pod: name,
    need: 'raw',
    options: debugOptions(more),
    onProgress: () => undefined,
    clock: realClock,
    random: Math.random,
  };
}

/** What runs in the debug containers of a pod beside their leases. */
async function tools(name: string): Promise<readonly PodProcess[]> {
  const processes = await cluster.processes('default', name);
  return processes.filter(({ container, argv }) => container.startsWith('netdebug-') && !isLease(argv));
}

function isLease(argv: readonly string[]): boolean {
  return (
    (argv[0] === 'sh' && argv.includes('900') && argv.length === 7) ||
    (argv[0] === 'sleep' && /^[15]$/.test(argv[1] ?? ''))
  );
}

async function goneWithin(name: string, limitMs: number): Promise<number> {
  const began = Date.now();
  let left = await tools(name);
  while (left.length > 0) {
    if (Date.now() - began > limitMs)
      throw new Error(`still there after ${limitMs} ms: ${JSON.stringify(left)}`);
    await realClock.sleep(50);
    left = await tools(name);
  }
  return Date.now() - began;
}

/** Starts a capture, then lets the network carry nothing any more without a word to either side. */
async function cutSilently(name: string): Promise<number> {
  const container = await ensureDebugContainer(api, request(name));
  const match = { path: `/pods/${name}/exec`, upgrade: true };
  await cluster.fault({ kind: 'drop', match, afterMs: 2_000, how: 'silent', noticedAfterMs: 600_000 });
  const argv = ['tcpdump', '-U', '--immediate-mode', '-i', 'eth0', '-w', '-', 'icmp'];
  const tool = await runTool(api, container, argv, { clock: realClock });
  tool.stdout.resume();
  tool.stderr.resume();
  await realClock.sleep(2_000);
  expect((await tools(name)).some((one) => one.argv[0] === 'tcpdump')).toBe(true);
  return goneWithin(name, 60_000);
}

describe('a client that is killed', () => {
  test.each([
    ['v5', 2_000],
    ['v4', 30_000],
  ] as const)(
    'over %s: twenty captures leave no process in the pod %i ms later',
    async (protocol, limitMs) => {
      const name = `killed-${protocol}`;
      const clients: ChildProcess[] = [];
      const client = async (): Promise<void> => {
        const child = spawn(process.execPath, [script(protocol), cluster.kubeconfig, name, '10'], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        clients.push(child);
        await once(child.stdout, 'data');
      };
      await client();
      await client();
      expect((await tools(name)).filter(({ argv }) => argv[0] === 'tcpdump')).toHaveLength(20);
      for (const child of clients) child.kill('SIGKILL');
      await goneWithin(name, limitMs);
      const { items } = await api.list<{
        metadata: { name: string };
        spec: { ephemeralContainers?: readonly unknown[] };
      }>('/api/v1/namespaces/default/pods');
      expect(items.find(({ metadata }) => metadata.name === name)?.spec.ephemeralContainers).toHaveLength(1);
    },
    120_000,
  );
});

describe('a running debug container', () => {
  test('captures, is reused, shows what runs, and is stopped with what runs in it', async () => {
    const first = await ensureDebugContainer(api, request('busy'));
    expect(first).toMatchObject({ profile: 'netadmin', reused: false, limits: [] });
    expect(await ensureDebugContainer(api, request('busy'))).toMatchObject({
      container: first.container,
      reused: true,
    });

    const tool = await runTool(
      api,
      first,
      ['tcpdump', '-U', '--immediate-mode', '-i', 'lo', '-w', '-', 'icmp'],
      { clock: realClock },
    );
    let said = '';
    tool.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    let bytes = 0;
    tool.stdout.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await once(tool.stdout, 'data');
    const [listed] = (await listDebugContainers(api, { namespace: 'default', clock: realClock })).filter(
      ({ pod: of }) => of === 'busy',
    );
    expect(listed).toMatchObject({
      container: first.container,
      state: 'running',
      tools: [{ command: expect.stringContaining('tcpdump') }],
    });
    expect(listed?.leftSeconds).toBeGreaterThan(800);

    await cluster.run(['ping', '-c', '3', '-i', '0.2', '127.0.0.1'], {
      in: { namespace: 'default', pod: 'busy' },
    });
    // What tcpdump has not read from its ring when it is interrupted is lost to it, so wait for the sixth packet.
    while (bytes < 24 + 6 * 98) await once(tool.stdout, 'data');
    tool.stop();
    expect(await tool.done).toEqual({ kind: 'exited', exitCode: 0 });
    expect(said).toMatch(/6 packets captured/);

    const second = await runTool(api, first, ['sleep', '1000'], { clock: realClock });
    second.stdout.resume();
    second.stderr.resume();
    const results = await stopDebugContainers(api, listed ? [listed] : [], realClock);
    expect(results.map(({ kind }) => kind)).toEqual(['stopped']);
    expect((await second.done).kind).toBe('exited');
    expect(
      (await cluster.processes('default', 'busy')).filter(({ container }) =>
        container.startsWith('netdebug-'),
      ),
    ).toEqual([]);
    await expect(runTool(api, first, ['true'], { clock: realClock })).rejects.toMatchObject({ exitCode: 7 });
    expect((await ensureDebugContainer(api, request('busy'))).container).not.toBe(first.container);
  }, 60_000);

  test('ends by itself when it is not used', async () => {
    const { container } = await ensureDebugContainer(api, request('busy', { fresh: true, ttlSeconds: 2 }));
    const ended = await cluster.waitFor({ namespace: 'default', name: 'busy' }, (object) => {
      const { ephemeralContainerStatuses: statuses = [] } = (object?.status ?? {}) as {
        ephemeralContainerStatuses?: { name: string; state: object }[];
      };
      return statuses.some(({ name, state }) => name === container && 'terminated' in state);
    });
    expect(JSON.stringify(ended.status)).toContain('"exitCode":0');
  }, 60_000);

  test('in the process namespace of a container: it sees its processes, harms none, and is stopped all the same', async () => {
    const options = { target: 'app', fresh: true } as const;
    const shared = await ensureDebugContainer(api, request('shared', options));
    const tool = await runTool(api, shared, ['sh', '-c', 'tr "\\0" " " </proc/1/cmdline'], {
      clock: realClock,
    });
    let said = '';
    tool.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    tool.stderr.resume();
    expect(await tool.done).toEqual({ kind: 'exited', exitCode: 0 });
    expect(said).toContain('sleep 100000');

    const long = await runTool(api, shared, ['sleep', '1000'], { clock: realClock });
    long.stdout.resume();
    long.stderr.resume();
    const listed = await listDebugContainers(api, { namespace: 'default', clock: realClock });
    const ours = listed.filter(({ container }) => container === shared.container);
    expect(ours).toMatchObject([
      { target: 'app', sharedProcesses: true, tools: [{ command: 'sleep 1000' }] },
    ]);
    expect(await stopDebugContainers(api, ours, realClock)).toMatchObject([{ kind: 'stopped' }]);
    expect((await long.done).kind).toBe('exited');
    const left = await cluster.processes('default', 'shared');
    expect(left.filter(({ container }) => container !== '').map(({ argv }) => argv.join(' '))).toEqual([
      'sleep 100000',
    ]);
  }, 60_000);
});

test('a network that is cut without a word: the tool ends within a minute, though the node never notices', async () => {
  expect(await cut).toBeGreaterThan(20_000);
}, 120_000);
