/** Containers are what the spec says they are: seen from inside, with real processes. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startCluster, type TestCluster } from '../../cluster/harness.js';
import { pod } from '../../cluster/manifests.js';
import { runIn } from './session.js';

/** As root the cluster knows all user ids, else only the caller's: README.md of the node. */
const isRoot = process.getuid?.() === 0;
const rootUid = process.getuid?.() ?? 0;

/** containerd's default set; see `capsh --decode`. */
const defaultCapabilities = '00000000a80425fb';

let cluster: TestCluster;
const addresses = new Map<string, string>();

beforeAll(async () => {
  const one = (name: string, securityContext: Record<string, unknown>) => pod({ name, securityContext });
  cluster = await startCluster({
    objects: [
      pod({ name: 'plain', nodeName: 'node-1' }),
      pod({ name: 'other', nodeName: 'node-2' }),
      one('dropped', { capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } }),
      one('restricted', {
        runAsUser: 1000,
        runAsGroup: 3000,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      }),
      one('privileged', { privileged: true }),
      pod({ name: 'nonroot', image: 'registry.example/toolbox-nonroot:1' }),
      pod({ name: 'busybox', image: 'busybox:1.36' }),
      pod({ name: 'no-netstat', image: 'registry.example/toolbox-no-netstat:1' }),
      pod({
        name: 'distroless',
        spec: { containers: [{ name: 'main', image: 'registry.example/distroless:1' }] },
      }),
      pod({ name: 'node-net', nodeName: 'node-2', spec: { hostNetwork: true } }),
      pod({ name: 'shared', spec: { shareProcessNamespace: true } }),
    ],
  });
  for (const item of await cluster.list('v1', 'Pod', 'default')) {
    addresses.set((item.metadata as { name: string }).name, (item.status as { podIP: string }).podIP);
  }
}, 60_000);

afterAll(() => cluster.stop());

async function output(name: string, ...command: string[]): Promise<string> {
  const { stdout, stderr, code } = await runIn(cluster, name, command);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

async function capabilities(name: string): Promise<Record<string, string>> {
  const lines = await output(name, 'grep', '-E', '^(Cap(Prm|Eff|Bnd)|NoNewPrivs)', '/proc/self/status');
  return Object.fromEntries(
    lines
      .trim()
      .split('\n')
      .map((line) => line.split(/:\s+/) as [string, string]),
  );
}

describe('network', () => {
  test('a pod has eth0 with its address, MTU 1400 and a default route; its name is its host name', async () => {
    const [link] = JSON.parse(await output('plain', 'ip', '-j', 'addr', 'show', 'eth0')) as [
      { mtu: number; addr_info: { family: string; local: string }[] },
    ];
    expect(link.mtu).toBe(1400);
    expect(link.addr_info).toContainEqual(expect.objectContaining({ local: addresses.get('plain') }));
    expect(addresses.get('plain')).toMatch(/^10\.244\.1\./);
    expect(addresses.get('other')).toMatch(/^10\.244\.2\./);
    expect(JSON.parse(await output('plain', 'ip', '-j', 'route', 'show', 'default'))).toMatchObject([
      { gateway: '10.244.1.1', dev: 'eth0' },
    ]);
    expect(await output('plain', 'hostname')).toBe('plain\n');
  });

  test('pods of different nodes reach each other, over IPv4 and IPv6', async () => {
    await output('plain', 'ping', '-c', '1', '-W', '5', addresses.get('other') ?? '');
    const links = JSON.parse(await output('other', 'ip', '-6', '-j', 'addr', 'show', 'eth0')) as {
      addr_info: { scope: string; local: string }[];
    }[];
    const ip6 = links.flatMap(({ addr_info }) => addr_info).find(({ scope }) => scope === 'global')?.local;
    await output('plain', 'ping', '-c', '1', '-W', '5', ip6 ?? 'no IPv6 address');
  });

  test('a pod in the network of its node has the address, the host name and the bridge of the node', async () => {
    expect(addresses.get('node-net')).toBe('172.30.0.12');
    expect(await output('node-net', 'hostname')).toBe('node-2\n');
    expect(await output('node-net', 'ip', '-o', 'link')).toContain('cni0');
  });
});

describe('processes', () => {
  test('a container sees its own processes only, the main one as 1', async () => {
    const args = await output('plain', 'ps', '-o', 'pid=,args=', '-p', '1');
    expect(args).toMatch(/^\s*1 sh -c trap/);
    expect(await output('plain', 'sh', '-c', 'ps -e --no-headers | wc -l')).toMatch(/^\s*[345]\n$/);
  });

  test('with shareProcessNamespace the pause process is 1', async () => {
    expect((await output('shared', 'ps', '-o', 'args=', '-p', '1')).trim()).toBe('/pause');
  });

  test('an ephemeral container with a target sees the processes of the target', async () => {
    const debug = {
      name: 'debugger',
      image: 'nicolaka/netshoot:v0.13',
      command: ['sleep', '1000'],
      targetContainerName: 'main',
    };
    const path = '/api/v1/namespaces/default/pods/distroless/ephemeralcontainers';
    const body = { spec: { ephemeralContainers: [debug] } };
    const { status } = await cluster.request('PATCH', path, body, 'application/strategic-merge-patch+json');
    expect(status).toBe(200);
    await cluster.waitFor({ name: 'distroless', namespace: 'default' }, (object) => {
      const [state] =
        (object?.status as { ephemeralContainerStatuses?: { state: object }[] }).ephemeralContainerStatuses ??
        [];
      return state !== undefined && 'running' in state.state;
    });
    const { stdout } = await runIn(cluster, 'distroless', ['ps', '-o', 'args=', '-p', '1'], 'debugger');
    expect(stdout).toContain('/httpd');
    const processes = await cluster.processes('default', 'distroless');
    expect(processes.map(({ container, argv }) => [container, argv[0]])).toEqual(
      expect.arrayContaining([
        ['', '/pause'],
        ['main', '/httpd'],
        ['debugger', 'sleep'],
      ]),
    );
  });
});

describe('privileges', () => {
  test('the default set is that of containerd', async () => {
    expect(await capabilities('plain')).toEqual({
      CapPrm: defaultCapabilities,
      CapEff: defaultCapabilities,
      CapBnd: defaultCapabilities,
      NoNewPrivs: '0',
    });
  });

  test('dropped and added capabilities are the bounding set as well', async () => {
    expect(await capabilities('dropped')).toMatchObject({
      CapEff: '0000000000001000',
      CapBnd: '0000000000001000',
    });
    // SYS_ADMIN is bit 21.
    const { CapEff = '0' } = await capabilities('privileged');
    expect((BigInt(`0x${CapEff}`) >> 21n) & 1n).toBe(1n);
  });

  test('tcpdump captures with NET_RAW and is refused without', async () => {
    const argv = [
      'timeout',
      '5',
      'tcpdump',
      '-i',
      'lo',
      '-c',
      '1',
      '-U',
      '--immediate-mode',
      '-w',
      '/dev/null',
    ];
    const capture = ['sh', '-c', `${argv.join(' ')} & sleep 0.5; ping -c 1 -q 127.0.0.1 >/dev/null; wait $!`];
    expect(await runIn(cluster, 'plain', capture)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('1 packet captured'),
    });
    const refused = await runIn(cluster, 'dropped', argv);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("You don't have permission to perform this capture on that device");
  });

  test('a device that a container makes itself opens nothing', async () => {
    const make = 'mknod /dev/mine c 1 5 && head -c 1 /dev/mine';
    const { code, stderr } = await runIn(cluster, 'plain', ['sh', '-c', make]);
    expect(code).toBe(1);
    expect(stderr).toMatch(isRoot ? /Permission denied/ : /Operation not permitted/);
  });

  test('ping needs no capability', async () => {
    await output('dropped', 'ping', '-c', '1', '127.0.0.1');
    await output('restricted', 'ping', '-c', '1', '127.0.0.1');
  });

  test('user, group, no_new_privs and a read-only root', async () => {
    expect(await output('restricted', 'id', '-u')).toBe('1000\n');
    expect(await output('restricted', 'id', '-g')).toBe('3000\n');
    expect(await capabilities('restricted')).toEqual({
      CapPrm: '0000000000000000',
      CapEff: '0000000000000000',
      CapBnd: '0000000000000000',
      NoNewPrivs: '1',
    });
    expect((await runIn(cluster, 'restricted', ['touch', '/tmp/x'])).stderr).toContain(
      'Read-only file system',
    );
    expect((await runIn(cluster, 'restricted', ['touch', '/usr/x'])).stderr).toContain(
      'Read-only file system',
    );
    // Another user's: not even read.
    expect((await runIn(cluster, 'nonroot', ['ls', '/root'])).code).toBe(isRoot ? 2 : 0);
  });

  test('the user of the image counts where the spec says none', async () => {
    expect(await output('nonroot', 'id', '-u')).toBe('65532\n');
    expect((await capabilities('nonroot')).CapEff).toBe('0000000000000000');
    expect(await output('plain', 'id', '-u')).toBe(`${rootUid}\n`);
  });

  test('sysctls of the machine cannot be written, unless privileged', async () => {
    const write = ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/lo/forwarding'];
    expect((await runIn(cluster, 'plain', write)).stderr).toContain('Read-only file system');
    expect((await runIn(cluster, 'privileged', write)).code).toBe(0);
  });
});

describe('images', () => {
  test('what is written stays in the container', async () => {
    await output('plain', 'sh', '-c', 'echo x > /usr/bin/mine; echo y > /etc/mine');
    expect(await output('plain', 'cat', '/usr/bin/mine', '/etc/mine')).toBe('x\ny\n');
    expect((await runIn(cluster, 'other', ['cat', '/usr/bin/mine'])).code).toBe(1);
  });

  test('nothing of this machine is in the root but its programs', async () => {
    expect((await output('plain', 'ls', '/', '/home', '/root', '/tmp', '/srv')).split('\n')).not.toContain(
      'work',
    );
    expect(await output('plain', 'ls', '/home')).toBe('');
    expect(await output('plain', 'findmnt', '-n', '-o', 'FSTYPE', '/')).toBe('overlay\n');
  });

  test('distroless has one program: it serves, and nothing else can be run', async () => {
    const { stdout } = await runIn(cluster, 'plain', [
      'curl',
      '-s',
      `http://${addresses.get('distroless') ?? ''}:8080/`,
    ]);
    expect(stdout).toBe('ok\n');
    for (const command of ['sh', 'tar', 'ls']) {
      const { message } = await runIn(cluster, 'distroless', [command]);
      expect(message).toContain(`exec: "${command}": executable file not found in $PATH`);
    }
  });

  test('busybox has neither ss nor tcpdump; the toolbox can be without', async () => {
    for (const [name, tool] of [
      ['busybox', 'ss'],
      ['busybox', 'tcpdump'],
      ['no-netstat', 'ss'],
      ['no-netstat', 'netstat'],
    ] as const) {
      expect((await runIn(cluster, name, [tool])).message).toContain('executable file not found');
    }
    await output('busybox', 'netstat', '-ln');
    await output('plain', 'ss', '-tln');
  });
});
