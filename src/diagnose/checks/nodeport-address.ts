import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { Entry, Front } from '../outside/facts.js';
import { contains, parseAddress, parseCidr } from '../policy/address.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { allEnded, frontsOf, fromConnect, fromHere, nameOf, say, serviceAt } from './outside-say.js';

/** Kinds that lead to Services without an address outside. */
const inFront = ['ingresses', 'gateways', 'httproutes', 'grpcroutes', 'tlsroutes', 'tcproutes'] as const;

/** The port of the Service where its node port was meant, or the other way round. */
export const nodePortNumber: Check = {
  name: 'nodeport-number',
  codes: ['ND508'],
  reads: [...inputs('cluster', 'nodes'), ...inputs('destination', 'services')],
  concerns: ({ outside }) => outside?.way?.kind === 'service' && outside.target.kind === 'Host',
  find: (facts) => {
    const [front] = frontsOf(facts);
    const found = front === undefined ? undefined : confusedPort(facts, front);
    return found === undefined ? [] : [found];
  },
};

/** Node ports that kube-proxy does not open on this address. */
export const nodePortAddress: Check = {
  name: 'nodeport-address',
  codes: ['ND507'],
  reads: [
    ...inputs('cluster', 'nodes'),
    ...inputs('destination', 'services'),
    { kind: 'configmaps', where: 'system', name: 'kube-proxy' },
  ],
  concerns: ({ outside, asked }) =>
    outside?.way?.kind === 'service' &&
    (asked.from !== undefined || outside.target.kind === 'Host') &&
    outside.way.entries.some(({ of }) => of === 'nodePort'),
  find: (facts) => frontsOf(facts).flatMap((front) => limited(facts, front)),
};

/** No address outside at all, and node ports that do not answer from here. */
export const nodePortClosed: Check = {
  name: 'nodeport-closed',
  codes: ['ND507'],
  reads: [...inputs('cluster', 'nodes'), ...inputs('destination', 'services')],
  mayRead: inputs('cluster', ...inFront),
  concerns: ({ outside, asked }) => outside?.way?.kind === 'service' && asked.from !== undefined,
  live: true,
  find: (facts) => frontsOf(facts).flatMap((front) => [...closed(facts, front), ...shut(facts, front)]),
};

/** A Service that no client outside can call, and no Ingress or route leads to it. */
function closed({ outside, read }: Facts, { service }: Front): Finding[] {
  const type = service.spec.type ?? 'ClusterIP';
  if (type === 'NodePort' || type === 'LoadBalancer' || (outside?.way?.entries.length ?? 0) > 0) return [];
  const { namespace = '', name } = service.metadata;
  // What could not be read may well lead to it.
  if (inFront.some((kind) => read(kind, kind === 'ingresses' ? namespace : undefined).state === 'unknown'))
    return [];
  const port = service.spec.ports?.[0]?.port ?? 80;
  return [
    say(
      'ND507',
      `Service ${nameOf(service)} is of type ${type}: it has no address that clients outside reach, and no Ingress or route leads to it`,
      {
        confidence: 'proven',
        object: serviceAt(service, 'spec.type', type),
        evidence: [fromApi(`service ${nameOf(service)}`, `type: ${type}`)],
        fix: {
          text: 'for yourself forward a port; for others make it NodePort or LoadBalancer, or put an Ingress or a route before it',
          commands: [kubectl(namespace, 'port-forward', `service/${name}`, `${port}`)],
        },
        hop: 'address',
        touches: [objectKey('service', service.metadata)],
        blocks: { model: 'fail' },
      },
    ),
  ];
}

/** The port of the Service at the address of a node, or the node port at the address of a load balancer. */
function confusedPort({ outside, read }: Facts, { service }: Front): Finding | undefined {
  const { url } = outside ?? {};
  if (url === undefined || typeof url.port !== 'number') return undefined;
  const ports = service.spec.ports ?? [];
  const node = itemsOf(read('nodes')).find(({ metadata, status }) =>
    (status?.addresses ?? []).some(({ address }) => address === url.host || metadata.name === url.host),
  );
  const atNode =
    node === undefined ? undefined : ports.find((one) => one.port === url.port && one.nodePort !== undefined);
  const taken = ports.some(({ nodePort }) => nodePort === url.port);
  const atBalancer =
    node === undefined && !ports.some((one) => one.port === url.port)
      ? ports.find(({ nodePort }) => nodePort === url.port)
      : undefined;
  const port = node !== undefined && taken ? undefined : (atNode ?? atBalancer);
  if (port === undefined) return undefined;
  const right = atNode === undefined ? port.port : (port.nodePort ?? 0);
  const scheme = url.scheme === undefined ? '' : `${url.scheme}://`;
  const shown = `${scheme}${url.host.includes(':') ? `[${url.host}]` : url.host}:${right}${scheme === '' ? '' : url.path}`;
  const index = ports.indexOf(port);
  return say(
    'ND508',
    atNode === undefined
      ? `${url.port} is the node port of Service ${nameOf(service)}, open on nodes only; at ${url.host} it listens on ${port.port}`
      : `${url.port} is the port of Service ${nameOf(service)} inside the cluster; at node ${node?.metadata.name ?? ''} it is ${right}`,
    {
      confidence: 'proven',
      object: serviceAt(service, `spec.ports[${index}].nodePort`, String(port.nodePort ?? '')),
      evidence: [fromApi(`service ${nameOf(service)}`, `port ${port.port}, nodePort ${port.nodePort ?? ''}`)],
      fix: { text: `call ${shown}`, commands: [] },
      hop: 'address',
      touches: [objectKey('service', service.metadata)],
      blocks: { model: 'fail' },
    },
  );
}

/** nodePortAddresses of kube-proxy: node ports are open on addresses of these ranges only. */
function limited({ read, outside }: Facts, { service }: Front): Finding[] {
  const ranges = nodePortRanges(
    itemsOf(read('configmaps', 'kube-system', 'kube-proxy'))[0]?.data?.['config.conf'],
  );
  const entries = (outside?.way?.entries ?? []).filter(({ of }) => of === 'nodePort');
  if (ranges.length === 0 || entries.length === 0 || service.spec.type !== 'NodePort') return [];
  const cidrs = ranges.flatMap((text) => parseCidr(text) ?? []);
  // `primary`, and what this program cannot read, are left alone.
  if (cidrs.length !== ranges.length) return [];
  const asked = entries.filter(({ address }) => address === outside?.url?.host);
  const meant: readonly Entry[] = asked.length > 0 ? asked : entries;
  const open = (entry: Entry): boolean => {
    const address = parseAddress(entry.address);
    return address !== undefined && cidrs.some((cidr) => contains(cidr, address));
  };
  if (meant.some(open)) return [];
  const good = entries.find(open);
  const [first] = meant;
  return [
    say(
      'ND507',
      `kube-proxy opens node ports on addresses in ${ranges.join(', ')} only, and ${first?.address ?? ''}${meant.length > 1 ? ` and ${meant.length - 1} more` : ''} is not among them`,
      {
        object: {
          kind: 'ConfigMap',
          namespace: 'kube-system',
          name: 'kube-proxy',
          fieldPath: 'data.config.conf nodePortAddresses',
          value: ranges.join(', '),
        },
        evidence: [
          fromApi('configmap kube-system/kube-proxy', `nodePortAddresses: ${ranges.join(', ')}`),
          ...meant
            .slice(0, 3)
            .map(({ address, node, addressType }) =>
              fromApi(`node ${node ?? ''}`, `${addressType ?? 'address'} ${address}`),
            ),
        ],
        fix: {
          text:
            good === undefined
              ? 'widen nodePortAddresses, then restart kube-proxy'
              : `call ${good.address}:${good.port}, or widen nodePortAddresses`,
          commands: [
            kubectl('kube-system', 'edit', 'configmap', 'kube-proxy'),
            kubectl('kube-system', 'rollout', 'restart', 'daemonset', 'kube-proxy'),
          ],
        },
        hop: 'address',
        touches: [objectKey('service', service.metadata)],
        blocks: { model: 'fail' },
      },
    ),
  ];
}

/** `nodePortAddresses` of a kube-proxy configuration that was reduced to JSON. */
function nodePortRanges(config: string | undefined): string[] {
  try {
    const { nodePortAddresses } = JSON.parse(config ?? '{}') as { readonly nodePortAddresses?: unknown };
    return Array.isArray(nodePortAddresses)
      ? nodePortAddresses.filter((one): one is string => typeof one === 'string')
      : [];
  } catch {
    return [];
  }
}

/** Probes from here that no node answers: packets do not come that far. */
function shut(facts: Facts, { service, ready }: Front): Finding[] {
  const entries = (facts.outside?.way?.entries ?? []).filter(({ of }) => of === 'nodePort');
  const probes = fromHere(facts).filter(({ to }) =>
    entries.some(({ address, port }) => address === to.address && port === to.port),
  );
  if (probes.length === 0 || !probes.every((probe) => allEnded(probe, 'timeout')) || ready?.length === 0)
    return [];
  // A node without an endpoint is silent by its own will.
  const local = service.spec.externalTrafficPolicy === 'Local';
  if (local && !probes.some(({ to }) => ready?.some(({ node }) => node === to.node) === true)) return [];
  const external = entries.find(({ addressType }) => addressType === 'ExternalIP');
  const inner = probes.every(({ to }) =>
    entries.some((one) => one.address === to.address && one.addressType === 'InternalIP'),
  );
  const ports = [...new Set(probes.map(({ to }) => to.port))].join(', ');
  return [
    say(
      'ND507',
      inner && external !== undefined
        ? `node port ${ports} does not answer at internal addresses of the nodes; clients outside need ${external.address}, the ExternalIP of ${external.node ?? ''}`
        : `no node answers on node port ${ports}: packets from here do not reach it, as with a firewall or a security group that lets this port in from nowhere`,
      {
        object: serviceAt(service, 'spec.ports', ports),
        evidence: probes.slice(0, 4).map(fromConnect),
        fix: {
          text:
            inner && external !== undefined
              ? `call ${external.address}:${external.port}`
              : `let TCP ${ports} (or 30000-32767) in to the nodes`,
          commands: [],
        },
        hop: 'address',
        touches: [objectKey('service', service.metadata)],
        blocks: { model: 'fail' },
      },
    ),
  ];
}
