import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';
import { replay, type ReplayOptions } from './channels.js';
import { execRequest, record, type Access } from './recorder.js';
import { type Recording } from './recording.js';
import { applyRecorded } from './recorded-pods.js';
import { transcript } from './transcripts.js';

const toolbox = 'nicolaka/netshoot:latest';

let cluster: TestCluster;
let access: Access;

beforeAll(async () => {
  cluster = await startCluster();
  access = { server: cluster.server, kubeconfig: cluster.kubeconfig };
  const names = ['g-1', 'g-2', 'g-3', 'g-4', 'g-5', 'g-7', 'shell', 'slowp'];
  await applyRecorded(cluster, names, names);
}, 60_000);

afterAll(() => cluster.stop());

/** Whether a process of a pod is still there. */
async function alive(podName: string, pids: readonly number[]): Promise<number[]> {
  const now = new Set((await cluster.processes('rec', podName)).map(({ pid }) => pid));
  return pids.filter((pid) => now.has(pid));
}

describe('exec-pod-gone', () => {
  /** Does what the remark says: deletes the pod, kills the container's PID 1 or the exec's shell. */
  async function act(podName: string, note: string): Promise<void> {
    const loop = (await cluster.processes('rec', podName)).find(({ argv }) =>
      argv.join(' ').includes('i=0; while'),
    );
    if (note.includes('DELETE')) {
      const grace = note.includes('gracePeriodSeconds=0') ? '?gracePeriodSeconds=0' : '';
      await cluster.request('DELETE', `/api/v1/namespaces/rec/pods/${podName}${grace}`);
    } else if (note.startsWith('kill -9')) {
      expect((await cluster.run(['kill', '-9', String(loop?.pid)])).code).toBe(0);
    } else if (note.startsWith('kill -TERM 1')) {
      const kill = await record(
        access,
        execRequest({ namespace: 'rec', pod: podName }, ['kill', '-TERM', '1']),
      );
      await kill.until('its end', () => kill.over);
    } else {
      throw new Error(`nothing is known about "${note}"`);
    }
  }

  const counted = (text: string): string => text.replace(/^(\d+\n)+/, '<numbers>\n');
  const quick = (query: string): string => query.replace('sleep+0.5', 'sleep+0.1');
  // Memory limits are not kept by the local cluster, so nothing is ever OOM-killed in it.
  const exchanges = transcript('exec-pod-gone').exchanges.filter(({ note }) => !note.includes('OOM'));

  test.each(exchanges.map((exchange) => [exchange.note, exchange] as const))('%s', async (_, exchange) => {
    const name = exchange.request.path.split('/')[6] ?? '';
    const remarked = exchange.websocket?.frames.some(({ from }) => from === 'observer') ?? false;
    const options: ReplayOptions = {
      access: () => access,
      normalise: (text) => counted(text).replace('sleep 0.1', 'sleep 0.5'),
      query: quick,
      act: async (note) => act(name, note),
      // Two recordings have no remark of when the pod was deleted.
      ...(remarked ? {} : { opened: async () => act(name, `DELETE ${exchange.note}`) }),
    };
    await replay(exchange, options);
  });
});

describe('exec-slow-reader', () => {
  test.each(['v5.channel.k8s.io', 'v4.channel.k8s.io'])(
    '%s: the writer stands still while nobody reads, and nothing is lost',
    async (protocol) => {
      const command = ['seq', '1', '12000000'];
      const session = await record(
        access,
        execRequest({ namespace: 'rec', pod: 'slowp' }, command, { protocol }),
      );
      session.pause();
      const find = async (): Promise<number | undefined> =>
        (await cluster.processes('rec', 'slowp')).find(({ argv }) => argv.join(' ') === command.join(' '))
          ?.pid;
      const pid = await find();
      const written = async (): Promise<number> => {
        const io = await cluster.run(['cat', `/proc/${pid}/io`]);
        return Number(/wchar: (\d+)/.exec(io.stdout)?.[1]);
      };
      let before = -1;
      let now = await written();
      while (now !== before) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        before = now;
        now = await written();
      }
      // 13 and 15 MB in the recording; how much the kernel's socket buffers take depends on the machine.
      expect(now).toBeGreaterThan(100_000);
      expect(now).toBeLessThan(40_000_000);
      session.resume();
      await session.until('its end', () => session.over, 30_000);
      const data = session.data(1);
      expect(data.length).toBe(96_888_897);
      expect(createHash('sha1').update(data).digest('hex')).toBe('2eb98db61ca9b9070635d683ed202306542b442f');
    },
  );
});

describe('exec-bulk', () => {
  const mib = 1024 * 1024;

  test.each(['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io'])(
    '%s: 10 MiB come whole, in frames of 32 KiB at most',
    async (protocol) => {
      const command = ['sh', '-c', "dd if=/dev/zero bs=1M count=10 2>/dev/null | tr '\\000' x"];
      const session = await record(
        access,
        execRequest({ namespace: 'rec', pod: 'shell' }, command, { protocol }),
      );
      await session.until('its end', () => session.over);
      const sizes = session.seen.filter(({ channel }) => channel === 1).map(({ payload }) => payload.length);
      const base64 = protocol.includes('base64');
      expect(Math.max(...sizes)).toBeLessThanOrEqual(base64 ? 43_692 : 32_768);
      if (!base64) {
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(10 * mib);
      }
    },
  );

  test.each([1024, 32_768, 65_536, mib, 10 * mib])(
    'stdin in frames of %d bytes arrives whole',
    async (size) => {
      const session = await record(
        access,
        execRequest({ namespace: 'rec', pod: 'shell' }, ['wc', '-c'], { stdin: true }),
      );
      const frames = Math.min(2000, (10 * mib) / size);
      for (let index = 0; index < frames; index++) {
        session.send(0, Buffer.alloc(size));
      }
      session.send(255, Buffer.from([0]));
      await session.until('its end', () => session.over);
      expect(session.data(1).toString().trim()).toBe(String(frames * size));
    },
  );

  test('a frame of 40 MiB breaks the session without a status', async () => {
    const session = await record(
      access,
      execRequest({ namespace: 'rec', pod: 'shell' }, ['wc', '-c'], { stdin: true }),
    );
    session.send(0, Buffer.alloc(40 * mib));
    await session.until('the close frame', () => session.closeCode !== undefined);
    expect(session.closeCode).toBe(1000);
    expect(session.data(3).length).toBe(0);
  });
});

describe('exec-client-gone', () => {
  // A pod of its own, so that its processes are those of the cases.
  const podName = 'left';
  const cases = transcript('exec-client-gone').cases;

  interface Left {
    readonly session: Recording;
    readonly pids: readonly number[];
  }

  async function pidsOf(): Promise<number[]> {
    return (await cluster.processes('rec', podName)).map(({ pid }) => pid);
  }

  async function begin(index: number): Promise<Left> {
    const one = cases[index];
    if (!one) {
      throw new Error(`no case ${index}`);
    }
    const before = new Set(await pidsOf());
    const { stdin, tty, protocol } = one;
    const session = await record(
      access,
      execRequest({ namespace: 'rec', pod: podName }, one.command, { stdin, tty, protocol }),
    );
    // Every process of the case is there: a wrapper starts its children after the exec has begun.
    let pids: number[] = [];
    for (let turn = 0; turn < 100 && pids.length < one.processes.length; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      pids = (await pidsOf()).filter((pid) => !before.has(pid));
    }
    expect(pids.length).toBeGreaterThanOrEqual(one.processes.length);
    if (one.command.join(' ').includes('tcpdump')) {
      // A background process of a shell ignores SIGINT until tcpdump has installed its handler.
      await session.until('output of tcpdump', () => session.data(1).length + session.data(2).length > 0);
    }
    return { session, pids };
  }

  function leave(session: Recording, how: string): void {
    if (how.startsWith('websocket close frame')) {
      session.close();
      if (how.includes('closed 100 ms after')) {
        void session
          .until('the answer to the close frame', () => session.closeCode !== undefined)
          .then(() => setTimeout(() => session.destroy(), 100));
      }
    } else if (how.startsWith('socket destroyed')) {
      session.destroy();
    } else if (how.startsWith('TCP reset')) {
      session.destroy('reset');
    } else {
      session.send(255, Buffer.from([0]));
    }
  }

  async function untilGone(pids: readonly number[], limitMs: number): Promise<number[]> {
    const deadline = Date.now() + limitMs;
    let left = await alive(podName, pids);
    while (left.length > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      left = await alive(podName, pids);
    }
    return left;
  }

  beforeAll(async () => {
    await cluster.apply(pod({ namespace: 'rec', name: podName, image: toolbox }));
    await cluster.ready('rec', podName);
    // The recorded tcpdump had traffic: it notices a closed pipe at the next packet only.
    const shell = await cluster.get('v1', 'Pod', 'rec', 'shell');
    const { podIP } = shell.status as { podIP: string };
    const endless = { in: { namespace: 'rec', pod: podName }, timeoutMs: 600_000 };
    cluster.run(['ping', '-i', '0.2', podIP], endless).catch(() => undefined);
  });

  test.each(cases.map((one, index) => [`${one.name}; ${one.clientDid}`, index] as const))(
    '%s',
    async (_, index) => {
      const one = cases[index];
      const { session, pids } = await begin(index);
      leave(session, one?.clientDid ?? '');
      if (one?.outcome === 'ended') {
        // Ten seconds is the longest recorded: what a killed shell leaves behind under v4.
        const slowest = Math.max(...one.processes.map(({ goneAfterMs }) => goneAfterMs ?? 0));
        expect(await untilGone(pids, slowest + 5_000)).toEqual([]);
      } else {
        await new Promise((resolve) => setTimeout(resolve, 300));
        // A loop in a shell has children that come and go besides.
        const lasting = pids.slice(0, one?.processes.length);
        expect(await alive(podName, lasting)).toEqual(lasting);
        await cluster.run(['kill', '-9', ...pids.map(String)]);
      }
      if (one?.clientDid.startsWith('websocket close frame')) {
        await session.until('the answer to the close frame', () => session.closeCode !== undefined);
        expect(session.closeCode).toBe(1000);
        expect(session.data(3).length).toBe(0);
      }
      session.destroy();
    },
  );
});
