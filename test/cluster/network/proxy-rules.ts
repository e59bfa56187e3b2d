/** What kube-proxy in nftables mode makes of Services and EndpointSlices: the table of one node, as text for nft. */
import { objectOf, objectsOf, stringsOf, textOf, listOf, type JsonObject } from '../api/json.js';
import type { Stored } from '../types.js';
import { replaceTable, setOf } from './nft.js';

/** Services get their addresses from here (api/services.ts). */
const serviceCidr = '10.96.0.0/12';
/** Pods of all nodes. */
const podCidr = '10.244.0.0/16';

/** The objects, and the node whose rules are meant. */
export interface ProxyInput {
  readonly services: readonly Stored[];
  readonly slices: readonly Stored[];
  readonly node: { readonly name: string; readonly address: string };
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly local: boolean;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/** One port of one Service with what is behind it. */
interface ServicePort {
  readonly id: string;
  readonly protocol: string;
  readonly port: number;
  readonly nodePort: number | undefined;
  readonly clusterIP: string;
  /** externalIPs and addresses of the load balancer. */
  readonly externalIPs: readonly string[];
  readonly sourceRanges: readonly string[];
  readonly balancerIPs: readonly string[];
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  readonly affinitySeconds: number | undefined;
  readonly endpoints: readonly Endpoint[];
}

function endpointsOf(slices: readonly Stored[], port: JsonObject, node: string): Endpoint[] {
  const protocol = textOf(port.protocol) ?? 'TCP';
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    const match = objectsOf(slice.ports).find(
      (item) =>
        (textOf(item.name) ?? '') === (textOf(port.name) ?? '') &&
        (textOf(item.protocol) ?? 'TCP') === protocol,
    );
    if (typeof match?.port !== 'number') continue;
    for (const item of objectsOf(slice.endpoints)) {
      const conditions = objectOf(item.conditions);
      const ready = conditions.ready !== false;
      const address = textOf(listOf(item.addresses)[0]);
      // The API server of this cluster is on the host's loopback, which is nobody else's.
      if (address === undefined || address.startsWith('127.')) continue;
      found.set(`${address}:${match.port}`, {
        address,
        port: match.port,
        local: item.nodeName === node,
        ready,
        serving: typeof conditions.serving === 'boolean' ? conditions.serving : ready,
        terminating: conditions.terminating === true,
      });
    }
  }
  return [...found.values()];
}

/** The ready ones, else those that serve while they end. */
function usable(endpoints: readonly Endpoint[]): Endpoint[] {
  const ready = endpoints.filter((item) => item.ready);
  return ready.length > 0 ? ready : endpoints.filter((item) => item.serving && item.terminating);
}

function isProxied(service: Stored): boolean {
  const spec = objectOf(service.spec as unknown);
  const labels = stringsOf(service.metadata.labels);
  return (
    spec.type !== 'ExternalName' &&
    textOf(spec.clusterIP) !== undefined &&
    spec.clusterIP !== 'None' &&
    spec.clusterIP !== '' &&
    labels['service.kubernetes.io/service-proxy-name'] === undefined &&
    labels['service.kubernetes.io/headless'] === undefined
  );
}

function texts(value: unknown): string[] {
  return listOf(value).flatMap((item) => textOf(item) ?? []);
}

function servicePorts({ services, slices, node }: ProxyInput): ServicePort[] {
  let count = 0;
  return services.filter(isProxied).flatMap((service) => {
    const spec = objectOf(service.spec as unknown);
    const { name, namespace } = service.metadata;
    const own = slices.filter(
      ({ metadata, addressType }) =>
        metadata.namespace === namespace &&
        metadata.labels?.['kubernetes.io/service-name'] === name &&
        addressType === 'IPv4',
    );
    const ingress = objectsOf(objectOf(objectOf(service.status as unknown).loadBalancer).ingress);
    const balancerIPs =
      spec.type === 'LoadBalancer'
        ? ingress.flatMap((item) => (item.ipMode === 'Proxy' ? [] : (textOf(item.ip) ?? [])))
        : [];
    const timeout = objectOf(objectOf(spec.sessionAffinityConfig).clientIP).timeoutSeconds;
    return objectsOf(spec.ports).map((port): ServicePort => {
      count += 1;
      return {
        id: String(count),
        protocol: (textOf(port.protocol) ?? 'TCP').toLowerCase(),
        port: Number(port.port),
        nodePort: typeof port.nodePort === 'number' ? port.nodePort : undefined,
        clusterIP: textOf(spec.clusterIP) ?? '',
        externalIPs: [...texts(spec.externalIPs), ...balancerIPs],
        balancerIPs,
        sourceRanges: texts(spec.loadBalancerSourceRanges),
        internalLocal: spec.internalTrafficPolicy === 'Local',
        externalLocal: spec.externalTrafficPolicy === 'Local',
        affinitySeconds:
          spec.sessionAffinity === 'ClientIP' ? (typeof timeout === 'number' ? timeout : 10_800) : undefined,
        endpoints: endpointsOf(own, port, node.name),
      };
    });
  });
}

/** Chooses one of the endpoints by chance; with ClientIP affinity the one of last time. */
function choice(port: ServicePort, endpoints: readonly Endpoint[]): string[] {
  const chains = endpoints.map((item) => endpointName(port, item));
  const sticky = port.affinitySeconds === undefined ? [] : chains;
  const parts = chains.map((chain, index) => `${index} : goto ${chain}`);
  return [
    ...sticky.map((chain) => `ip saddr @affinity-${chain} goto ${chain}`),
    ...(parts.length === 0 ? [] : [`numgen random mod ${parts.length} vmap ${setOf(parts)}`]),
  ];
}

function endpointName(port: ServicePort, { address, port: number }: Endpoint): string {
  return `endpoint-${port.id}-${address.replaceAll('.', '-')}-${number}`;
}

function chain(name: string, rules: readonly string[]): string[] {
  return [`chain ${name} {`, ...rules, '}'];
}

function endpointChains(port: ServicePort): string[] {
  return port.endpoints.flatMap((item) => {
    const name = endpointName(port, item);
    const seconds = port.affinitySeconds;
    return [
      ...(seconds === undefined
        ? []
        : [`set affinity-${name} {`, 'type ipv4_addr', 'flags dynamic,timeout', `timeout ${seconds}s`, '}']),
      ...chain(name, [
        // A pod that reaches itself must not see its own address as the peer's.
        `ip saddr ${item.address} jump mark-for-masquerade`,
        ...(seconds === undefined ? [] : [`update @affinity-${name} { ip saddr }`]),
        `meta l4proto ${port.protocol} dnat to ${item.address}:${item.port}`,
      ]),
    ];
  });
}

/** Verdict maps' elements, and chains. */
interface Tables {
  readonly services: string[];
  readonly nodePorts: string[];
  readonly noEndpoints: string[];
  readonly noEndpointNodePorts: string[];
  readonly firewall: string[];
  readonly chains: string[];
}

function lay(port: ServicePort, node: ProxyInput['node'], tables: Tables): void {
  const all = usable(port.endpoints);
  const near = usable(port.endpoints.filter((item) => item.local));
  const inside = port.internalLocal ? near : all;
  const outside = port.externalLocal ? near : all;
  const key = (address: string): string => `${address} . ${port.protocol} . ${port.port}`;
  const external = [...new Set(port.externalIPs)];
  tables.chains.push(...endpointChains(port));
  if (inside.length > 0) {
    tables.services.push(`${key(port.clusterIP)} : goto internal-${port.id}`);
    tables.chains.push(
      ...chain(`internal-${port.id}`, [
        `ip daddr ${port.clusterIP} ip saddr != ${podCidr} jump mark-for-masquerade`,
        ...choice(port, inside),
      ]),
    );
  } else {
    tables.noEndpoints.push(`${key(port.clusterIP)} : ${all.length > 0 ? 'drop' : 'goto reject-it'}`);
  }
  const exposed = external.length > 0 || port.nodePort !== undefined;
  if (exposed && (outside.length > 0 || all.length > 0)) {
    tables.chains.push(...chain(`all-${port.id}`, choice(port, all)));
    const rules = port.externalLocal
      ? [
          // Pods and the node itself get all endpoints, whatever the policy says.
          `ip saddr ${podCidr} goto all-${port.id}`,
          'fib saddr type local jump mark-for-masquerade',
          `fib saddr type local goto all-${port.id}`,
          ...choice(port, near),
        ]
      : ['jump mark-for-masquerade', `goto all-${port.id}`];
    tables.chains.push(...chain(`external-${port.id}`, rules));
    tables.services.push(...external.map((address) => `${key(address)} : goto external-${port.id}`));
    if (port.nodePort !== undefined)
      tables.nodePorts.push(`${port.protocol} . ${port.nodePort} : goto external-${port.id}`);
  }
  if (outside.length === 0) {
    const verdict = all.length > 0 ? 'drop' : 'goto reject-it';
    tables.noEndpoints.push(...external.map((address) => `${key(address)} : ${verdict}`));
    if (port.nodePort !== undefined)
      tables.noEndpointNodePorts.push(`${port.protocol} . ${port.nodePort} : ${verdict}`);
  }
  if (port.sourceRanges.length > 0 && port.balancerIPs.length > 0) {
    const others = port.sourceRanges.map((range) => `ip saddr != ${range}`).join(' ');
    tables.firewall.push(
      ...port.balancerIPs.map(
        (address) =>
          `ip daddr ${address} ${port.protocol} dport ${port.port} ${others} ip saddr != ${node.address} drop`,
      ),
    );
  }
}

/** A rule with a verdict map, when the map is not empty. Of two Services that claim one address the first has it. */
function verdicts(key: string, elements: readonly string[]): string[] {
  const first = new Map<string, string>();
  for (const element of elements) {
    const [claimed = ''] = element.split(' : ');
    if (!first.has(claimed)) first.set(claimed, element);
  }
  return first.size === 0 ? [] : [`${key} vmap ${setOf(first.values())}`];
}

/** The transaction that brings the table `ip kube-proxy` of a node up to date. Pure. */
export function proxyRules(input: ProxyInput): string {
  const ports = servicePorts(input);
  const tables: Tables = {
    services: [],
    nodePorts: [],
    noEndpoints: [],
    noEndpointNodePorts: [],
    firewall: [],
    chains: [],
  };
  for (const port of ports) lay(port, input.node, tables);
  const clusterIPs = new Set(ports.map((port) => port.clusterIP));
  const byService = 'ip daddr . meta l4proto . th dport';
  const byNodePort = `ip daddr ${input.node.address} meta l4proto . th dport`;
  const check = ['ct state new jump endpoints-check', 'ct state new jump cluster-ips-check'];
  return replaceTable('ip kube-proxy', [
    ...chain('mark-for-masquerade', ['meta mark set meta mark or 0x4000']),
    ...chain('reject-it', ['reject']),
    ...tables.chains,
    ...chain('services', [
      ...verdicts(byService, tables.services),
      ...verdicts(byNodePort, tables.nodePorts),
    ]),
    ...chain('endpoints-check', [
      ...verdicts(byService, tables.noEndpoints),
      ...verdicts(byNodePort, tables.noEndpointNodePorts),
    ]),
    ...chain('cluster-ips-check', [
      ...(clusterIPs.size === 0 ? [] : [`ip daddr ${setOf(clusterIPs)} reject`]),
      `ip daddr ${serviceCidr} drop`,
    ]),
    ...chain('firewall', ['type filter hook prerouting priority -110', ...tables.firewall]),
    ...chain('nat-prerouting', ['type nat hook prerouting priority -100', 'jump services']),
    ...chain('nat-output', ['type nat hook output priority -100', 'jump services']),
    ...chain('filter-input', ['type filter hook input priority -110', 'ct state new jump endpoints-check']),
    ...chain('filter-forward', ['type filter hook forward priority -110', ...check]),
    ...chain('filter-output', ['type filter hook output priority -90', ...check]),
    ...chain('nat-postrouting', [
      'type nat hook postrouting priority 100',
      'meta mark & 0x4000 == 0x4000 meta mark set meta mark xor 0x4000 masquerade fully-random',
    ]),
  ]);
}
