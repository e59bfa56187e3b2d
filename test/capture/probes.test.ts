import { describe, expect, test } from '@jest/globals';
import { excludeProbes, probePorts, probeSources, readProbeExclusion } from '../../src/capture/probes.js';
import { meshOf, viewInterfaces } from '../../src/capture/view.js';
import type { Container, Pod } from '../../src/kube/types.js';
import { apiError, fakeApi } from '../debugger/fakes.js';

function pod(containers: readonly Container[], initContainers: readonly Container[] = []): Pod {
  return {
    metadata: { name: 'web-0', namespace: 'shop' },
    spec: { containers, initContainers, nodeName: 'worker-1' },
    status: {
      hostIP: '192.0.2.10',
      podIP: '10.244.1.5',
      podIPs: [{ ip: '10.244.1.5' }, { ip: 'fd00:1::5' }],
    },
  };
}
const web: Container = {
  name: 'web',
  ports: [{ name: 'http', containerPort: 8080 }],
  livenessProbe: { httpGet: { port: 'http' } },
  readinessProbe: { tcpSocket: { port: 8081 } },
  startupProbe: { grpc: { port: 9000 } },
};
const node = {
  metadata: {
    name: 'worker-1',
    annotations: { 'projectcalico.org/IPv4IPIPTunnelAddr': '10.244.1.64', other: '1.2.3.4' },
  },
  spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24', 'fd00:1::/64'] },
  status: {
    addresses: [
      { type: 'InternalIP', address: '192.0.2.10' },
      { type: 'Hostname', address: 'worker-1' },
    ],
  },
};

describe('ports', () => {
  test('http by name, tcp, grpc, of every container and sidecar', () => {
    const sidecar = { name: 'proxy', restartPolicy: 'Always', readinessProbe: { httpGet: { port: 15021 } } };
    const init = { name: 'init', readinessProbe: { httpGet: { port: 1 } } };
    expect(probePorts(pod([web], [sidecar, init]))).toEqual({
      ports: [8080, 8081, 9000, 15021],
      unresolved: [],
    });
  });

  test('exec sends nothing, another host is not this pod, a name of another container is none', () => {
    const other: Container = {
      name: 'other',
      livenessProbe: { httpGet: { port: 'http' } },
      readinessProbe: { httpGet: { port: 7000, host: '198.51.100.1' } },
      startupProbe: { tcpSocket: { port: 7001, host: 'fd00:1::5' } },
    };
    expect(probePorts(pod([{ name: 'sh', livenessProbe: {} }, web, other]))).toEqual({
      ports: [7001, 8080, 8081, 9000],
      unresolved: ['other: http'],
    });
  });
});

describe('sources', () => {
  test('the node’s addresses, its bridge’s, and those that plugins name', () => {
    expect(probeSources(pod([web]), node)).toEqual(['192.0.2.10', '10.244.1.1', 'fd00:1::1', '10.244.1.64']);
    expect(probeSources(pod([web]), undefined)).toEqual(['192.0.2.10']);
  });

  test('a node that tells nonsense adds nothing', () => {
    const hostile = {
      metadata: { name: 'x', annotations: { 'network.cilium.io/ipv4-cilium-host': 'a) or (b' } },
      spec: { podCIDR: '10.0.0.0', podCIDRs: ['x/24', 'fd00::1/64', '::/0 or tcp'] },
    };
    expect(probeSources(pod([web]), hostile)).toEqual(['192.0.2.10']);
  });
});

describe('exclusion', () => {
  test('says what is left out, ports of a mesh by what they are', async () => {
    const mesh: Container = { ...web, livenessProbe: { httpGet: { port: 15020 } } };
    const api = fakeApi({ get: <T>() => Promise.resolve(node as T) });
    expect(await readProbeExclusion(api, pod([mesh]))).toEqual({
      filter:
        'not ((host 192.0.2.10 or host 10.244.1.1 or host fd00:1::1 or host 10.244.1.64) and (tcp port 8081 or tcp port 9000 or tcp port 15020))',
      notes: [
        "left out: TCP between the node and ports 8081, 9000, 15020 (istio's agent, for the application) of shop/web-0",
      ],
    });
  });

  test('without the right to read nodes the pod’s own status is enough', async () => {
    const api = fakeApi({ get: () => Promise.reject(apiError(403, 'nodes "worker-1" is forbidden')) });
    expect((await readProbeExclusion(api, pod([web]))).filter).toContain('not ((host 192.0.2.10) and');
  });

  test('without probes, or a node, it says so', () => {
    const notes = (one: Pod) => excludeProbes(one, undefined).notes;
    expect(notes(pod([{ name: 'sh', livenessProbe: {} }]))).toEqual([
      'shop/web-0 has no probes that send packets',
    ]);
    expect(notes({ ...pod([web]), status: {} })).toEqual([
      'the node of shop/web-0 is not known, so its probes stay',
    ]);
  });
});

describe('views', () => {
  const proxy = { name: 'istio-proxy' };
  test('a mesh is known by its proxy, as a container or as a sidecar, and ambient by its annotation', () => {
    expect(meshOf(pod([web, proxy]))).toBe('istio');
    expect(meshOf(pod([web], [{ name: 'linkerd-proxy', restartPolicy: 'Always' }]))).toBe('linkerd');
    expect(meshOf(pod([web], [{ name: 'linkerd-proxy' }]))).toBeUndefined();
    const ambient = {
      ...pod([web]),
      metadata: { name: 'a', annotations: { 'ambient.istio.io/redirection': 'enabled' } },
    };
    expect(meshOf(ambient)).toBe('istio ambient');
  });

  test('app is lo, wire is eth0, both are both; without a mesh it is said', () => {
    const names = (view: 'app' | 'wire' | 'both') =>
      viewInterfaces(view, pod([web, proxy])).interfaces.map((one) => one.interface);
    expect([names('app'), names('wire'), names('both')]).toEqual([['lo'], ['eth0'], ['lo', 'eth0']]);
    expect(viewInterfaces('both', pod([web, proxy])).note).toBeUndefined();
    expect(viewInterfaces('app', pod([web])).note).toBe(
      'shop/web-0 has no mesh proxy (istio-proxy, linkerd-proxy): lo shows only what the pod says to itself',
    );
    expect(viewInterfaces('wire', pod([web])).note).toContain('eth0 shows all there is');
  });
});
