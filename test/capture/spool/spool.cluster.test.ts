import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CaptureSource, Gap } from '../../../src/capture/source.js';
import type { SpoolSession } from '../../../src/capture/spool/session.js';
import {
  detachSpool,
  openSpool,
  openSpoolUntil,
  resumeSpool,
  type SpoolOptions,
} from '../../../src/capture/spool/source.js';
import { spoolStatus, type SpoolPlace } from '../../../src/capture/spool/start.js';
import { listDebugContainers, type ListedContainer } from '../../../src/debugger/list.js';
import { stopDebugContainers } from '../../../src/debugger/stop.js';
import type { ToolEnd } from '../../../src/debugger/types.js';
import type { RunTool } from '../../../src/tools/run.js';
import { captureArgv } from '../../../src/tools/tcpdump.js';
import { pod } from '../../cluster/manifests.js';
import { startConnected, toolsIn, type Connected } from '../../tools/in-pod.js';
import { clock } from '../../tools/local.js';
import { payloads, sent } from '../sinks.js';

let cluster: Connected['cluster'];
let api: Connected['api'];
let stop: Connected['stop'];
let run: RunTool;
let place: SpoolPlace;

beforeAll(async () => {
  ({ cluster, api, stop } = await startConnected({
    nodes: 1,
    objects: [pod({ name: 'web' }), pod({ name: 'peer' })],
  }));
  run = await toolsIn(api, 'default', 'web', 'raw');
  place = { run, clock, where: 'default/web' };
}, 60_000);

afterAll(() => stop());

function source(filter = 'udp port 4599'): CaptureSource {
  return {
    place: {
      kind: 'pod',
      namespace: 'default',
      pod: 'web',
      uid: '',
      node: undefined,
      podIPs: [],
      owner: undefined,
      labels: {},
    },
    interface: 'eth0',
    filter,
    argv: captureArgv({ interface: 'eth0', filter, bufferKiB: 32_768 }),
  };
}

function options(more: Partial<SpoolOptions> = {}): SpoolOptions {
  return { place, random: Math.random, bytes: 8e6, ttlSeconds: 900, ...more };
}

/** Sends numbered datagrams from the other pod, `perSecond` of them, each a little apart; then one to the port `last`. */
async function send(count: number, perSecond: number, size = 32, last?: number): Promise<void> {
  const { status } = await cluster.get('v1', 'Pod', 'default', 'web');
  const address = (status as { podIP: string }).podIP;
  const script = String.raw`use Socket; my ($to, $count, $size, $rate, $last) = @ARGV; socket(my $s, AF_INET, SOCK_DGRAM, 0);
    for (my $i = 0; $i < $count; $i++) { my $p = sprintf("packet-%04d", $i); send($s, $p . '.' x ($size - length $p), 0, pack_sockaddr_in(4599, inet_aton($to))); select(undef, undef, undef, 1 / $rate); }
    send($s, 'last', 0, pack_sockaddr_in($last, inet_aton($to))) if $last;`;
  const argv = ['perl', '-e', script, address, ...[count, size, perSecond, last ?? 0].map(String)];
  const { code } = await cluster.run(argv, { in: { namespace: 'default', pod: 'peer' }, timeoutMs: 60_000 });
  expect(code).toBe(0);
}

interface Taken {
  readonly bytes: () => Buffer;
  readonly words: () => string;
  readonly gaps: Gap[];
  readonly ended: Promise<ToolEnd>;
  readonly listening: Promise<void>;
}

/** Takes all that a session brings. */
function take(session: SpoolSession): Taken {
  const chunks: Uint8Array[] = [];
  const gaps: Gap[] = [];
  let words = '';
  let heard: () => void = () => undefined;
  const listening = new Promise<void>((resolve) => (heard = resolve));
  session.onGap?.((gap) => void gaps.push(gap));
  session.stderr.on('data', (chunk: Buffer) => {
    words += chunk.toString();
    if (words.includes('listening on')) heard();
  });
  const read = (async () => {
    for await (const chunk of session.stdout as AsyncIterable<Uint8Array>) chunks.push(chunk);
  })();
  const ended = Promise.all([session.done, read]).then(([end]) => end);
  return { bytes: () => Buffer.concat(chunks), words: () => words, gaps, ended, listening };
}

/** Waits until so many bytes have come. */
async function arrived(taken: Taken, bytes: number): Promise<void> {
  while (taken.bytes().length < bytes) await clock.sleep(20);
}

/** Processes of ours in the pod, besides the lease and its sleep. */
async function leftovers(): Promise<string[]> {
  const all = await cluster.processes('default', 'web');
  return all.map(({ argv }) => argv.join(' ')).filter((line) => /tcpdump|spool/.test(line));
}

const RECORD = 16 + 14 + 20 + 8 + 32;

describe('a spool in a pod', () => {
  test('ten forced disconnects and an API server that is away: every packet once', async () => {
    const session = await openSpool(source(), options());
    const taken = take(session);
    await taken.listening;
    const sending = send(1000, 120);
    // Each connection that reads the spool is cut, one way or the other; the first by the API server that goes away.
    const faults = [];
    for (let i = 0; i < 10; i++) {
      const match = { path: '/pods/web/exec[^]*USR1[+]%24q', upgrade: true, skip: i };
      const how = i % 2 === 0 ? 'reset' : 'end';
      faults.push(await cluster.fault({ kind: 'drop', match, afterMs: 200 + 40 * i, how }));
    }
    await cluster.restartApiServer({ downMs: 1500 });
    await sending;
    expect(await Promise.all(faults.map((id) => cluster.faultHits(id)))).toEqual(Array(10).fill(1));
    await arrived(taken, 24 + 1000 * RECORD);
    session.stop();
    expect(await taken.ended).toEqual({ kind: 'exited', exitCode: 0 });
    expect(payloads(taken.bytes())).toEqual(sent(1000));
    expect(taken.gaps).toEqual([]);
    expect(taken.words()).toMatch(/^1000 packets captured$/m);
    expect(await leftovers()).toEqual([]);
    expect(await spoolStatus(place)).toEqual([]);
  }, 90_000);

  test('only the last seconds before a packet', async () => {
    let triggered = 0;
    const session = await openSpoolUntil(
      source(),
      { keepSeconds: 3, packet: 'udp port 4600', onTriggered: () => triggered++ },
      options(),
    );
    const taken = take(session);
    await taken.listening;
    await arrived(taken, 24);
    await send(20, 1000);
    await clock.sleep(5_500);
    expect(taken.bytes()).toHaveLength(24);
    await send(30, 1000, 40, 4600);
    expect(await taken.ended).toEqual({ kind: 'exited', exitCode: 0 });
    expect(triggered).toBe(1);
    expect(payloads(taken.bytes())).toEqual(sent(30, 40));
    expect(taken.words()).toMatch(/^30 packets captured$/m);
    expect(taken.gaps).toEqual([]);
    expect(await leftovers()).toEqual([]);
    expect(await spoolStatus(place)).toEqual([]);
  }, 60_000);

  test('a wrong filter of the trigger: exit code 2, nothing started', async () => {
    const opening = openSpoolUntil(source(), { keepSeconds: 2, packet: 'bad(' }, options());
    await expect(opening).rejects.toMatchObject({ exitCode: 2 });
    expect(await spoolStatus(place)).toEqual([]);
  });

  test('left alone, found again, fetched whole', async () => {
    const { name } = await detachSpool(source(), { mostSeconds: 600, holdSeconds: 600 }, options());
    await send(50, 1000);
    const [found, ...others] = await spoolStatus(place);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ name, oldest: 0, end: undefined });
    if (found === undefined) return;
    const taken = take(resumeSpool(found, options()));
    await arrived(taken, 24 + 50 * RECORD);
    const again = resumeSpool(found, options());
    const second = take(again);
    await arrived(second, 24 + 50 * RECORD);
    again.stop();
    expect(await second.ended).toEqual({ kind: 'exited', exitCode: 0 });
    expect(payloads(second.bytes())).toEqual(sent(50));
    expect(await leftovers()).toEqual([]);
    expect(await spoolStatus(place)).toEqual([]);
  });

  test('a wrong filter left alone: exit code 2, nothing stays', async () => {
    const opening = detachSpool(source('bad('), { mostSeconds: 600, holdSeconds: 600 }, options());
    await expect(opening).rejects.toMatchObject({ exitCode: 2 });
    expect(await leftovers()).toEqual([]);
    expect(await spoolStatus(place)).toEqual([]);
  });

  test('nobody reads any more: it ends by itself, with its files', async () => {
    const session = await openSpool(source(), options({ idleSeconds: 3 }));
    await take(session).listening;
    expect((await leftovers()).length).toBeGreaterThan(0);
    session.leave();
    while ((await spoolStatus(place)).length > 0) await clock.sleep(100);
    while ((await leftovers()).length > 0) await clock.sleep(100);
  }, 30_000);

  test('more than there is room for: exit code 7', async () => {
    const opening = openSpool(source(), options({ bytes: 1e15 }));
    await expect(opening).rejects.toMatchObject({
      exitCode: 7,
      message: expect.stringContaining('has room for') as unknown,
    });
    expect(await spoolStatus(place)).toEqual([]);
  });

  // The last one: its debug container is over then.
  test('stop ends what was left, with its files', async () => {
    await detachSpool(source(), { mostSeconds: 600, holdSeconds: 600 }, options());
    const find = async (): Promise<readonly ListedContainer[]> =>
      (await listDebugContainers(api, { namespace: 'default', clock })).filter(({ pod: of }) => of === 'web');
    const containers = await find();
    expect(containers[0]?.tools).toEqual([
      expect.objectContaining({ command: expect.stringMatching(/^spool \w{10}: tcpdump /) as unknown }),
    ]);
    expect(await stopDebugContainers(api, containers, clock)).toMatchObject([{ kind: 'stopped' }]);
    expect(await leftovers()).toEqual([]);
    expect(await find()).toEqual([]);
  }, 30_000);
});
