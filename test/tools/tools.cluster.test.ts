import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ping, type PingSummary } from '../../src/tools/ping.js';
import type { RunTool } from '../../src/tools/run.js';
import { sockets, type SocketTable } from '../../src/tools/sockets.js';
import { tcpdumpText } from '../../src/tools/tcpdump-text.js';
import { namespace, pod, restrictedSecurity } from '../cluster/manifests.js';
import { startConnected, toolsIn, type Connected } from './in-pod.js';
import { clock } from './local.js';

const web = { image: 'registry.example/web:1', command: ['/bin/httpd', '-f', '-p', '80', '-h', '/srv'] };

let cluster: Connected['cluster'];
let api: Connected['api'];
let stop: Connected['stop'];

beforeAll(async () => {
  ({ cluster, api, stop } = await startConnected({
    nodes: 2,
    objects: [
      namespace('tight', { podSecurity: 'restricted' }),
      ...['all', 'busy', 'netstat', 'proc'].map((name) => pod({ name, ...web })),
      pod({ name: 'peer', nodeName: 'node-2' }),
      pod({ name: 'strict', namespace: 'tight', securityContext: restrictedSecurity }),
    ],
  }));
}, 60_000);

afterAll(() => stop());

async function podIP(name: string): Promise<string> {
  const { status } = await cluster.get('v1', 'Pod', 'default', name);
  return (status as { podIP: string }).podIP;
}

function pinged(run: RunTool, destination: string): Promise<PingSummary> {
  return ping(
    { destination, count: 3, intervalSeconds: 0.2, waitSeconds: 1 },
    { run, onEvent: () => undefined },
  );
}

describe('ping in a pod', () => {
  test('reaches a pod on another node; busybox and a restricted namespace as well', async () => {
    const peer = await podIP('peer');
    const ways = await Promise.all([
      toolsIn(api, 'default', 'all', 'none'),
      toolsIn(api, 'default', 'busy', 'raw', { image: 'busybox:1.36' }),
      toolsIn(api, 'tight', 'strict', 'none'),
    ]);
    for (const run of ways) {
      expect(await pinged(run, peer)).toMatchObject({ transmitted: 3, received: 3, lossPercent: 0, exit: 0 });
    }
  });

  test('nobody there', async () => {
    const run = await toolsIn(api, 'default', 'all', 'none');
    expect(await pinged(run, '198.51.100.77')).toMatchObject({ received: 0, exit: 1 });
  });
});

describe('netstat in a pod', () => {
  test('ss, netstat and /proc/net give the same listeners; processes with a target', async () => {
    const images = [
      ['all', 'nicolaka/netshoot:v0.13', 'ss'],
      ['netstat', 'registry.example/toolbox-no-ss:1', 'netstat'],
      ['proc', 'registry.example/toolbox-no-netstat:1', 'proc'],
      ['busy', 'busybox:1.36', 'proc'],
    ] as const;
    const tables: SocketTable[] = [];
    for (const [name, image, source] of images) {
      const run = await toolsIn(api, 'default', name, 'none', { image, target: 'main', fresh: true });
      const table = await sockets({ listening: true }, { run, clock });
      expect(table.source).toBe(source);
      tables.push(table);
    }
    for (const { sockets: found } of tables) {
      expect(found).toEqual([expect.objectContaining({ protocol: 'tcp', state: 'LISTEN', localPort: 80 })]);
    }
    expect(tables[0]?.sockets[0]?.processes.map(({ name }) => name)).toEqual(['httpd']);
  });
});

describe('tcpdump in a pod', () => {
  test('live text until Ctrl-C', async () => {
    const run = await toolsIn(api, 'default', 'all', 'raw');
    const controller = new AbortController();
    const packets: string[] = [];
    const words: string[] = [];
    const running = tcpdumpText(['-n', '-i', 'any', 'udp port 4600'], {
      run,
      signal: controller.signal,
      onWords: (line) => {
        words.push(line);
        if (!line.includes('listening on')) return;
        const send = 'for i in 1 2 3; do echo hello > /dev/udp/127.0.0.1/4600; done';
        void cluster.run(['bash', '-c', send], { in: { namespace: 'default', pod: 'all' } });
      },
      onPacket: (line) => {
        packets.push(line);
        if (packets.length === 3) controller.abort();
      },
    });
    expect(await running).toEqual({ exit: 130, error: undefined });
    expect(packets[0]).toMatch(/127\.0\.0\.1\.\d+ > 127\.0\.0\.1\.4600: UDP, length 6/);
    expect(words).toContain('0 packets dropped by kernel');
  });

  test('in a restricted namespace it says what it lacks', async () => {
    const run = await toolsIn(api, 'tight', 'strict', 'none');
    const end = await tcpdumpText(['-i', 'any'], {
      run,
      onPacket: () => undefined,
      onWords: () => undefined,
    });
    expect(end.exit).toBe(5);
  });
});
