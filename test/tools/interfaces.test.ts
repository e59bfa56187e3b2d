import { describe, expect, test } from '@jest/globals';
import { interfaces, type InterfacesResult } from '../../src/tools/interfaces.js';
import { parseIpJson, parseIpText } from '../../src/tools/interfaces-ip.js';
import { parseProcTables } from '../../src/tools/interfaces-proc.js';
import type { RunTool } from '../../src/tools/run.js';
import { clock, localTools, recorded } from './local.js';
import { withHolder } from './netns.js';
import { answerTo } from './transcript.js';

const SETUP = String.raw`ip link add d0 type veth peer name d1 && ip link set d0 mtu 1400 && ip addr add 10.9.0.2/24 dev d0 && ip addr add fd00:9::2/64 dev d0 nodad && ip link set d0 up && ip link set d1 up
ip route add default via 10.9.0.1 && ip route add 192.0.2.0/25 via 10.9.0.3 metric 7 && ip neigh add 10.9.0.1 lladdr 02:00:00:00:00:01 dev d0 && ip route add unreachable 198.51.100.0/24
echo up && cat`;

/** Tools that lack what the first `skip` ways need. */
const from =
  (run: RunTool, skip: number): RunTool =>
  (argv) => {
    if (argv[0] === 'sh' && skip > 0 && argv.join(' ').includes('ip -j')) return run(['sh', '-c', 'exit 0']);
    if (argv[0] === 'sh' && skip > 1 && argv.includes('ip addr')) return run(['sh', '-c', 'exit 0']);
    return run(argv);
  };

describe('interfaces', () => {
  test('ip -j, ip and /proc tell the same of the same kernel', async () => {
    await withHolder(['sh', '-c', SETUP], 'up', async (prefix) => {
      const run = localTools(prefix);
      const all: InterfacesResult[] = [];
      for (const skip of [0, 1, 2]) all.push(await interfaces(from(run, skip), { clock }));
      expect(all.map(({ via }) => via)).toEqual(['ip -j', 'ip', 'proc']);
      for (const { via, links, routes, neighbours } of all) {
        const d0 = links.find(({ name }) => name === 'd0');
        // /sys is that of the machine here, in a pod it is the pod's.
        if (via !== 'proc') expect(d0).toMatchObject({ mtu: 1400, state: 'UP' });
        expect(d0?.addresses.map(({ address }) => address)).toEqual(
          expect.arrayContaining(['10.9.0.2', 'fd00:9::2']),
        );
        expect(d0?.received?.errors).toBe(0);
        expect(routes).toContainEqual(
          expect.objectContaining({ destination: 'default', gateway: '10.9.0.1', device: 'd0' }),
        );
        expect(routes).toContainEqual(
          expect.objectContaining({ destination: '192.0.2.0/25', gateway: '10.9.0.3', metric: 7 }),
        );
        expect(routes).toContainEqual(
          expect.objectContaining({ family: 6, destination: 'fd00:9::/64', device: 'd0' }),
        );
        expect(neighbours).toContainEqual(
          expect.objectContaining({ address: '10.9.0.1', device: 'd0', mac: '02:00:00:00:00:01' }),
        );
      }
      for (const one of all.slice(0, 2))
        expect(one.routes).toContainEqual(
          expect.objectContaining({ type: 'unreachable', destination: '198.51.100.0/24' }),
        );
    });
  }, 30_000);

  test('no way at all is told', async () => {
    const nothing: RunTool = () => Promise.resolve(recorded({ exit: 127 }));
    await expect(interfaces(nothing, { clock })).rejects.toMatchObject({ exitCode: 8 });
  });
});

describe('recorded in pods of a real cluster', () => {
  const said = (...command: string[]) => answerTo('netshoot', ...command).stdout;

  test('ip -j', () => {
    const parts = [['-s', 'link'], ['addr'], ['route'], [], ['neigh']].map((words) =>
      words.length === 0 ? said('ip', '-6', '-j', 'route') : said('ip', '-j', ...words),
    );
    const tables = parseIpJson(parts);
    expect(tables?.links[1]).toMatchObject({
      name: 'eth0',
      mtu: 1400,
      state: 'UP',
      mac: 'e6:83:95:c4:c0:7f',
      addresses: [
        { address: '10.244.1.120', prefixLength: 24, scope: 'global' },
        { family: 6, scope: 'link' },
      ],
      received: { errors: 0, dropped: 0 },
    });
    expect(tables?.routes).toHaveLength(4);
    expect(tables?.neighbours).toEqual([
      { address: '10.244.1.1', device: 'eth0', mac: '3e:40:2c:52:b8:a2', state: 'REACHABLE' },
    ]);
    expect(parseIpJson(['BusyBox', '', ''])).toBeUndefined();
  });

  test('ip of busybox', () => {
    const busybox = (...words: string[]) => answerTo('busybox', 'ip', ...words).stdout;
    const tables = parseIpText([busybox('addr'), busybox('route'), '', busybox('neigh'), '']);
    expect(tables?.links[1]).toMatchObject({
      name: 'eth0',
      mtu: 1400,
      state: 'UP',
      mac: '1a:1e:3e:ff:0c:82',
    });
    expect(tables?.routes[0]).toEqual({
      family: 4,
      destination: 'default',
      gateway: '10.244.1.1',
      device: 'eth0',
    });
    expect(tables?.neighbours).toMatchObject([{ address: '10.244.1.1', state: 'REACHABLE' }]);
  });

  test('/proc/net', () => {
    const files = ['dev', 'route', 'fib_trie', 'arp', 'if_inet6', 'ipv6_route'].map((name) =>
      said('cat', `/proc/net/${name}`),
    );
    const tables = parseProcTables([
      ...files,
      '/sys/class/net/eth0/mtu:1400\n/sys/class/net/eth0/operstate:up\n',
    ]);
    expect(tables?.links).toMatchObject([
      { name: 'lo', addresses: [{ address: '127.0.0.1' }, { address: '::1', scope: 'host' }] },
      {
        name: 'eth0',
        mtu: 1400,
        state: 'UP',
        addresses: [{ address: '10.244.1.120' }, { address: 'fe80::e483:95ff:fec4:c07f', prefixLength: 64 }],
        received: { bytes: 893_195, packets: 790 },
      },
    ]);
    expect(tables?.routes.map(({ destination }) => destination)).toEqual([
      'default',
      '10.244.1.0/24',
      '10.244.1.1',
      'fe80::/64',
    ]);
    expect(tables?.neighbours).toEqual([
      { address: '10.244.1.1', device: 'eth0', mac: '3e:40:2c:52:b8:a2', state: 'COMPLETE' },
    ]);
  });
});
