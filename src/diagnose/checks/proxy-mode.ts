import { kubectl } from '../command.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { systemNamespace } from '../model/pods.js';
import { Family } from '../policy/address.js';
import { itemsOf } from '../reading.js';
import type { SnapshotService } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** A node port at 127.0.0.1: only the iptables mode of kube-proxy serves it, and only for IPv4. */
export const proxyMode: Check = {
  name: 'proxy-mode',
  codes: ['ND322'],
  reads: [...inputs('cluster', 'services'), { kind: 'configmaps', where: 'system', name: 'kube-proxy' }],
  mayRead: [{ kind: 'configmaps', where: 'system', name: 'cilium-config' }],
  concerns: (facts) => loopbackPort(facts) !== undefined,
  find: (facts) => {
    const { read, sources, destination } = facts;
    const port = loopbackPort(facts);
    const service = itemsOf(read('services')).find((one) => nodePortOf(one, port, destination.protocol));
    const proxy = itemsOf(read('configmaps', systemNamespace, 'kube-proxy'))[0]?.data?.['config.conf'];
    // Cilium may do the work of kube-proxy, whose ConfigMap then is a leftover.
    const cilium = itemsOf(read('configmaps', systemNamespace, 'cilium-config'))[0]?.data;
    const replaced = /^(true|strict)$/.test(cilium?.['kube-proxy-replacement'] ?? '');
    if (service === undefined || proxy === undefined || replaced) return [];
    const { mode = '', iptables } = JSON.parse(proxy) as {
      readonly mode?: string;
      readonly iptables?: { readonly localhostNodePorts?: boolean | null } | null;
    };
    const version6 = destination.endpoints.some(
      ({ end }) => end.kind === 'address' && end.address?.family === Family.v6,
    );
    const off = iptables?.localhostNodePorts === false;
    // The network of a node: of any other pod 127.0.0.1 is the pod itself.
    const here = sources.filter(({ pod, end }) => pod?.spec.hostNetwork === true || end.kind === 'address');
    if (here.length === 0 || (/^(iptables)?$/.test(mode) && !version6 && !off)) return [];
    const { namespace = '', name } = service.metadata;
    const why = /^(iptables)?$/.test(mode)
      ? version6
        ? 'on loopback for IPv4 only'
        : 'not on loopback with localhostNodePorts off'
      : `not on loopback in mode ${mode}`;
    return [
      {
        code: 'ND322',
        severity: 'error',
        confidence: 'likely',
        object: {
          kind: 'ConfigMap',
          namespace: systemNamespace,
          name: 'kube-proxy',
          fieldPath: 'data["config.conf"]',
          value: mode === '' ? 'iptables' : mode,
        },
        message: `port ${port ?? ''} is the node port of Service ${namespace}/${name}, which kube-proxy serves on the addresses of nodes and ${why}`,
        evidence: [
          fromApi(
            `configmap ${systemNamespace}/kube-proxy`,
            `mode: ${mode || '(iptables)'}${off ? ', localhostNodePorts: false' : ''}`,
          ),
          fromApi(`service ${namespace}/${name}`, `nodePort: ${port ?? ''}`),
        ],
        fix: {
          text: 'call the address of the node instead',
          commands: [kubectl(undefined, 'get', 'nodes', '-o', 'wide')],
        },
        hop: 'endpoint',
        touches: [objectKey('service', service.metadata)],
        blocks: { model: 'fail', sources: here.map(({ key }) => key) },
      },
    ];
  },
};

/** The port of a flow from the network of a node to its loopback address. */
function loopbackPort({ destination: { endpoints, service, outside } }: Facts): number | undefined {
  if (service !== undefined || !outside) return undefined;
  return endpoints.find(({ end }) => end.kind === 'address' && /^(127\.|::1$)/.test(end.address?.text ?? ''))
    ?.port;
}

function nodePortOf({ spec }: SnapshotService, port: number | undefined, protocol: string): boolean {
  return (spec.ports ?? []).some((one) => one.nodePort === port && (one.protocol ?? 'TCP') === protocol);
}
