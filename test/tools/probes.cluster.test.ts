/** The probes on real packets: Services, DNS, a policy that drops, a black hole; with every tool, and with next to none. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { serviceEndpoints } from '../../src/target/endpoints.js';
import { addressNames } from '../../src/target/names.js';
import { connect, type ConnectPlace } from '../../src/tools/connect.js';
import { dns } from '../../src/tools/dns.js';
import { http, type HttpRequest } from '../../src/tools/http.js';
import { interfaces } from '../../src/tools/interfaces.js';
import { mtu } from '../../src/tools/mtu.js';
import type { RunTool } from '../../src/tools/run.js';
import { throughput } from '../../src/tools/throughput.js';
import { trace } from '../../src/tools/trace.js';
import { pod, service } from '../cluster/manifests.js';
import { startConnected, toolsIn, type Connected } from './in-pod.js';
import { clock } from './local.js';

const web = (port: number) => ({
  image: 'registry.example/web:1',
  command: ['/bin/httpd', '-f', '-p', String(port), '-h', '/srv'],
});
const api = (index: number) =>
  pod({
    name: `api-${index}`,
    labels: { app: 'api' },
    ...web(index === 2 ? 81 : 80),
    nodeName: `node-${1 + (index % 2)}`,
  });

let all: Connected;
let full: RunTool;
let bare: RunTool;
const address = new Map<string, string>();

beforeAll(async () => {
  all = await startConnected({
    nodes: 2,
    network: { dns: true },
    objects: [
      pod({ name: 'client', nodeName: 'node-1' }),
      pod({
        name: 'bare',
        nodeName: 'node-1',
        image: 'registry.example/distroless:1',
        command: ['/httpd', '-f', '-p', '8080'],
      }),
      pod({ name: 'closed', nodeName: 'node-2', labels: { app: 'closed' }, ...web(80) }),
      ...[0, 1, 2].map(api),
      service({ name: 'api', selector: { app: 'api' }, ports: [{ port: 80, targetPort: 80 }] }),
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'closed', namespace: 'default' },
        spec: { podSelector: { matchLabels: { app: 'closed' } }, policyTypes: ['Ingress'] },
      },
    ],
  });
  for (const one of await all.cluster.list('v1', 'Pod', 'default'))
    address.set((one.metadata as { name: string }).name, (one.status as { podIP: string }).podIP);
  [full, bare] = await Promise.all([
    toolsIn(all.api, 'default', 'client', 'none'),
    toolsIn(all.api, 'default', 'bare', 'none', { image: 'busybox:1.36' }),
  ]);
}, 60_000);
afterAll(() => all.stop());

const of = (name: string): string => address.get(name) ?? '';
const request = { protocol: 'tcp', count: 1, timeoutMs: 2_000 } as const;
const place = (host: string, port: number): ConnectPlace => ({
  host,
  port,
  label: host,
  role: 'destination',
});
const get = (url: string): HttpRequest => ({
  url,
  method: 'GET',
  headers: [],
  host: undefined,
  resolve: [],
  version: undefined,
  follow: false,
  timeoutMs: 5_000,
});
const both = () =>
  [
    ['toolbox', full],
    ['busybox', bare],
  ] as const;

test('connect: the endpoint of a Service that is different; closed and dropped', async () => {
  const reference = { type: 'object', kind: 'service', name: 'api', protocol: 'tcp' } as const;
  const { clusterIPs, endpoints = [] } = await serviceEndpoints(all.api, reference, 'default');
  expect(endpoints).toHaveLength(3);
  const places: ConnectPlace[] = [
    ...clusterIPs.map((host) => ({ host, port: 80, label: 'service', role: 'service' }) as const),
    ...endpoints.map(
      (one) => ({ host: one.address, port: one.port, label: one.label, role: 'endpoint' }) as const,
    ),
  ];
  for (const [, run] of both()) {
    const result = await connect(run, { ...request, places }, { clock });
    expect(result).toMatchObject({ reached: 'no', odd: ['pod default/api-2'] });
    const wrong = [place(of('api-0'), 99), place(of('closed'), 80)];
    const other = await connect(run, { ...request, places: wrong }, { clock });
    expect(other.places.map(({ outcome }) => outcome)).toEqual(['refused', 'timeout']);
  }
}, 60_000);

test('dns: a Service by its short name, one that is not there, a server that is none', async () => {
  const ask = (run: RunTool, name: string, ...servers: string[]) =>
    dns(run, { name, servers, timeoutMs: 2_000 }, { clock });
  for (const [image, run] of both()) {
    const found = await ask(run, 'api');
    expect(found).toMatchObject({ resolves: true, found: 'api.default.svc.cluster.local.' });
    expect(found.via).toBe(image === 'toolbox' ? 'dig' : 'nslookup');
    expect(await ask(run, 'nosuch')).toMatchObject({ resolves: false, addresses: [] });
  }
  const { answers } = await ask(full, 'api.default.svc.cluster.local.', of('api-0'), of('closed'));
  const failures = (server: string) =>
    new Set(answers.filter((one) => one.server === server).map(({ failure }) => failure));
  expect([failures(of('api-0')), failures(of('closed'))]).toEqual([
    new Set(['refused']),
    new Set(['timeout']),
  ]);
}, 60_000);

test('http: by name through a Service, not found, and dropped', async () => {
  for (const [, run] of both()) {
    expect((await http(run, get(`http://${of('api-0')}/`), { clock })).responses).toMatchObject([
      { status: 200 },
    ]);
    expect((await http(run, get(`http://${of('api-0')}/no`), { clock })).responses).toMatchObject([
      { status: 404 },
    ]);
    const dropped = await http(run, { ...get(`http://${of('closed')}/`), timeoutMs: 1_000 }, { clock });
    expect(dropped).toMatchObject({ responses: [], failure: { outcome: 'timeout' } });
  }
}, 60_000);

test('interfaces: address and MTU of the pod', async () => {
  for (const [name, run] of [
    ['client', full],
    ['bare', bare],
  ] as const) {
    const { links, routes, resolvConf } = await interfaces(run, { clock });
    const eth0 = links.find((one) => one.name === 'eth0');
    expect(eth0).toMatchObject({ mtu: 1400, state: 'UP' });
    expect(eth0?.addresses.map((one) => one.address)).toContain(of(name));
    expect(routes.map(({ destination }) => destination)).toContain('default');
    expect(resolvConf.nameservers).toHaveLength(1);
  }
}, 30_000);

describe('on the way', () => {
  test('trace: the nodes by name', async () => {
    const asked = {
      destination: of('api-1'),
      maxHops: 6,
      waitSeconds: 1,
      protocol: 'udp',
      port: undefined,
    } as const;
    const result = await trace(full, asked, { clock });
    const names = await addressNames(all.api);
    expect(result).toMatchObject({ reached: true });
    expect(result.hops.flatMap(({ addresses }) => addresses.map((one) => names.get(one)))).toEqual(
      expect.arrayContaining(['node node-2', 'pod default/api-1']),
    );
  }, 30_000);

  test('mtu: whole, then a black hole between the nodes', async () => {
    const asked = { destination: of('api-1'), waitSeconds: 1 };
    const find = () => Promise.all(both().map(([, run]) => mtu(run, asked, { clock })));
    const whole = { localMtu: 1400, pathMtu: 1400, limit: 'none' };
    expect(await find()).toMatchObject([
      { ...whole, via: 'ping' },
      { ...whole, via: 'traceroute' },
    ]);
    await all.cluster.breakNetwork({ kind: 'mtu-black-hole', mtu: 1300 });
    const hole = { localMtu: 1400, pathMtu: 1300, limit: 'blackHole' };
    expect(await find()).toMatchObject([hole, hole]);
  }, 60_000);
});

/** The network of the local cluster has no IPv6 but on lo; a kernel without any says so. */
test('IPv6: on ::1 of a pod', async () => {
  const own = await Promise.all([
    toolsIn(all.api, 'default', 'api-0', 'none'),
    toolsIn(all.api, 'default', 'api-0', 'none', { image: 'busybox:1.36' }),
  ]);
  const ask = async (run: RunTool, port: number) => {
    const flood = { address: '::1', port, seconds: 1, streams: 1 };
    const asked = { destination: '::1', waitSeconds: 1 };
    const way = { ...asked, maxHops: 3, protocol: 'udp', port: undefined } as const;
    const [tcp, udp, answer, { answers }, size, hops, { directions }] = await Promise.all([
      connect(run, { ...request, places: [place('::1', 80), place('::1', 99)] }, { clock }),
      connect(run, { ...request, protocol: 'udp', places: [place('::1', 99)] }, { clock }),
      http(run, get('http://[::1]/'), { clock }),
      dns(run, { name: 'x.', servers: ['::1'], timeoutMs: 1_000 }, { clock }),
      mtu(run, asked, { clock }),
      trace(run, way, { clock }),
      throughput(run, run, flood, { clock }),
    ]);
    return {
      outcomes: [...tcp.places, ...udp.places].map(({ outcome }) => outcome),
      status: answer.responses.map(({ status }) => status),
      dns: answers.find(({ server }) => server === '::1')?.failure,
      limit: size.limit,
      reached: hops.reached,
      failures: directions.map(({ failure }) => failure),
    };
  };
  const { links } = await interfaces(full, { clock });
  const there = links.some(({ addresses }) => addresses.some((one) => one.address === '::1'));
  const answers = await Promise.all(own.map((run, at) => ask(run, 5201 + at)));
  const good = {
    outcomes: ['connected', 'refused', 'refused'],
    status: [200],
    dns: 'refused',
    limit: 'none',
    reached: true,
    failures: [undefined, undefined],
  };
  const without = { outcomes: ['networkUnreachable', 'networkUnreachable', 'networkUnreachable'] };
  expect(answers).toMatchObject(Array.from(own, () => (there ? good : without)));
}, 60_000);
