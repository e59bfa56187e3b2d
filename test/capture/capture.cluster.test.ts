import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CaptureRequest } from '../../src/capture/plan.js';
import type { RunTool } from '../../src/tools/run.js';
import { namespace, pod, restrictedSecurity } from '../cluster/manifests.js';
import { startConnected, toolsIn, type Connected } from '../tools/in-pod.js';
import { clock } from '../tools/local.js';
import { expectWhole, memorySink, payloads, sent, type MemorySink } from './sinks.js';
import { start as startLocally, type Running } from './start.js';

const web = { namespace: 'default', pod: 'web' };

let cluster: Connected['cluster'];
let api: Connected['api'];
let stop: Connected['stop'];

beforeAll(async () => {
  ({ cluster, api, stop } = await startConnected({
    nodes: 2,
    objects: [
      namespace('base', { podSecurity: 'baseline' }),
      namespace('tight', { podSecurity: 'restricted' }),
      pod({ name: 'web' }),
      pod({ name: 'bare' }),
      pod({ name: 'peer', nodeName: 'node-2' }),
      pod({ name: 'web', namespace: 'base' }),
      pod({ name: 'web', namespace: 'tight', securityContext: restrictedSecurity }),
    ],
  }));
}, 60_000);

afterAll(() => stop());

/** {@link startLocally} on eth0. */
function start(run: RunTool, sink: MemorySink, request: Partial<CaptureRequest> = {}): Running {
  return startLocally(run, sink, { interface: 'eth0', filter: 'udp port 4599', ...request });
}

/** Sends datagrams from a pod to web's port 4599, one after the other. */
async function send(count: number, size = 32, from = 'peer', to = web): Promise<void> {
  const { status } = await cluster.get('v1', 'Pod', to.namespace, to.pod);
  const address = (status as { podIP: string }).podIP;
  const script = String.raw`use Socket; my ($to, $count, $size) = @ARGV; socket(my $s, AF_INET, SOCK_DGRAM, 0);
    for (my $i = 0; $i < $count; $i++) { my $p = sprintf("packet-%04d", $i); send($s, $p . '.' x ($size - length $p), 0, pack_sockaddr_in(4599, inet_aton($to))); }`;
  const argv = ['perl', '-e', script, address, String(count), String(size)];
  expect(await cluster.run(argv, { in: { namespace: 'default', pod: from } })).toMatchObject({ code: 0 });
}

async function tcpdumps(): Promise<unknown[]> {
  const all = await cluster.processes('default', 'web');
  return all.filter(({ argv }) => argv[0]?.endsWith('tcpdump'));
}

describe('capture in a pod', () => {
  test('exactly what was sent from another node, one by one', async () => {
    const sink = memorySink();
    const run = await toolsIn(api, 'default', 'web', 'raw');
    const { summary, began } = start(run, sink, { packetCount: 300 });
    await began;
    await send(300);
    expect(await summary).toMatchObject({
      packets: 300,
      captured: 300,
      droppedByKernel: 0,
      complete: true,
      endedBy: 'limit',
      exit: 0,
    });
    expect(payloads(sink.bytes())).toEqual(sent(300));
    expect(await tcpdumps()).toEqual([]);
  });

  test('in a namespace under baseline, on all interfaces', async () => {
    const sink = memorySink();
    const run = await toolsIn(api, 'base', 'web', 'raw');
    const { summary, began, interrupt } = start(run, sink, { interface: 'any' });
    await began;
    await send(20, 32, 'peer', { namespace: 'base', pod: 'web' });
    await arrived(sink, 20 * 32);
    interrupt();
    expect(await summary).toMatchObject({
      packets: 20,
      sources: [{ linktype: 'LINUX_SLL2 (Linux cooked v2)' }],
      complete: true,
      exit: 130,
    });
    expect(payloads(sink.bytes())).toEqual(sent(20));
  });

  test('Ctrl-C: whole, complete, nothing left in the pod', async () => {
    const sink = memorySink();
    const run = await toolsIn(api, 'default', 'web', 'raw');
    const { summary, began, interrupt } = start(run, sink);
    await began;
    expect(await tcpdumps()).toHaveLength(1);
    await send(40);
    await arrived(sink, 40 * 90);
    interrupt();
    expect(await summary).toMatchObject({
      packets: 40,
      captured: 40,
      complete: true,
      endedBy: 'interrupt',
      exit: 130,
    });
    expect(payloads(sink.bytes())).toEqual(sent(40));
    expect(await tcpdumps()).toEqual([]);
  });

  test('a largest size', async () => {
    const sink = memorySink();
    const run = await toolsIn(api, 'default', 'web', 'raw');
    const { summary, began } = start(run, sink, { maxBytes: 20_000 });
    await began;
    await send(100, 1000);
    const packets = Math.floor((20_000 - 24) / 1058);
    expect(await summary).toMatchObject({
      packets,
      bytes: 24 + packets * 1058,
      endedBy: 'limit',
      problems: [],
      exit: 0,
    });
    expect(payloads(sink.bytes())).toEqual(sent(packets, 1000));
  });

  test.each([undefined, true])(
    'the connection drops after some bytes (close frame: %s): the file opens, exit code 8',
    async (closeFrame) => {
      const sink = memorySink();
      const run = await toolsIn(api, 'default', 'web', 'raw');
      await cluster.fault({
        kind: 'drop',
        match: { path: '/pods/web/exec', upgrade: true },
        afterBytes: 30_000,
        ...(closeFrame === undefined ? {} : { closeFrame }),
      });
      const { summary, began } = start(run, sink);
      await began;
      await send(200, 1000);
      const { packets, endedBy, exit, problems } = await summary;
      expect({ endedBy, exit }).toEqual({ endedBy: 'lost', exit: 8 });
      expect(problems.length).toBeGreaterThan(0);
      expect(packets).toBeGreaterThan(5);
      expect(packets).toBeLessThan(100);
      expectWhole(sink.bytes(), packets);
      expect(payloads(sink.bytes())).toEqual(sent(packets, 1000));
      // The lifeline ends what the connection left behind.
      while ((await tcpdumps()).length > 0) await clock.sleep(50);
    },
  );

  test('a full disk', async () => {
    const sink = memorySink((total) => {
      if (total > 50_000) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    });
    const run = await toolsIn(api, 'default', 'web', 'raw');
    const { summary, began } = start(run, sink);
    await began;
    await send(300, 1000);
    const { packets, endedBy, exit } = await summary;
    expect({ endedBy, exit }).toEqual({ endedBy: 'sink', exit: 8 });
    expect(payloads(sink.bytes())).toEqual(sent(packets, 1000));
    expect(await tcpdumps()).toEqual([]);
  });

  test.each([
    ['a bad filter', 2, ['default', 'web', {}], { filter: 'bad(' }],
    ['an interface that is not there', 2, ['default', 'web', {}], { interface: 'eth9' }],
    [
      'no tcpdump in the image',
      7,
      ['default', 'bare', { image: 'registry.example/toolbox-no-tcpdump:1' }],
      {},
    ],
    ['no NET_RAW', 5, ['tight', 'web', { profile: 'restricted' }], {}],
  ] as const)('%s: exit code %i, no sink opened', async (_, exitCode, [where, name, options], request) => {
    const sink = memorySink();
    const run = await toolsIn(api, where, name, 'none', options);
    await expect(start(run, sink, request).summary).rejects.toMatchObject({ exitCode });
    expect(sink.opened).toBe(0);
  });
});

async function arrived(sink: MemorySink, bytes: number): Promise<void> {
  while (sink.bytes().length < bytes) await clock.sleep(10);
}
