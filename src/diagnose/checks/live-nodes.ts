import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Endpoint, Facts, Source } from '../model/facts.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import {
  connectsOf,
  fromProbe,
  isSilent,
  nodeOfSource,
  observedOf,
  onPort,
  seenFrom,
  socketsOf,
} from './live-seen.js';

/** What carries packets between nodes, by the name of the DaemonSet of the plugin, and what has to be open for it. */
const carriers: readonly { readonly sign: RegExp; readonly open: string; readonly tunnel: boolean }[] = [
  { sign: /^kube-flannel/, open: 'UDP 8472 (VXLAN)', tunnel: true },
  {
    sign: /^(calico-node|canal)$/,
    open: 'UDP 4789 (VXLAN), IP protocol 4 (IPIP) or TCP 179 (BGP)',
    tunnel: true,
  },
  { sign: /^cilium$/, open: 'UDP 8472 (VXLAN) or UDP 6081 (Geneve), UDP 51871 with WireGuard', tunnel: true },
  { sign: /^(ovnkube-node|antrea-agent)$/, open: 'UDP 6081 (Geneve)', tunnel: true },
  { sign: /^weave-net$/, open: 'UDP 6783 and 6784', tunnel: true },
  { sign: /^(kindnet|kube-router|aws-node)$/, open: 'the addresses of pods', tunnel: false },
];

/** Packets that pass on one node and are lost between two. */
export const liveNodes: Check = {
  name: 'live-nodes',
  codes: ['ND807', 'ND813', 'ND814'],
  live: true,
  reads: [...inputs('source', 'pods'), ...inputs('destination', 'pods')],
  mayRead: inputs('system', 'daemonsets'),
  concerns: (facts) => observedOf(facts).connects.length > 0,
  find: (facts) => facts.sources.flatMap((source) => between(facts, source)),
};

function between(facts: Facts, source: Source): Finding[] {
  const home = nodeOfSource(source);
  if (home === undefined) return [];
  const tried = facts.destination.endpoints.filter(
    (one) => one.node !== undefined && seenFrom(facts, source.key, one.key) !== undefined,
  );
  const near = tried.filter(({ node, key }) => node === home && seenFrom(facts, source.key, key) === 'ok');
  const lost = tried.filter((one) => one.node !== home && isLost(facts, source, one));
  const [first] = lost;
  // Of other nodes all that was tried has to be lost: one that answers says that the way between nodes is there.
  const nodes = [...new Set(lost.flatMap(({ node }) => node ?? []))].filter((node) =>
    tried.every((one) => one.node !== node || lost.includes(one)),
  );
  if (first === undefined || nodes.length === 0) return [];
  const pings = lost.filter(({ key }) =>
    observedOf(facts).mtu.some(
      (one) =>
        one.from === source.key &&
        one.endpoint === key &&
        one.limit !== 'unreachable' &&
        one.pathMtu !== undefined,
    ),
  );
  const daemons = facts.read('daemonsets', 'kube-system');
  const daemon = itemsOf(daemons)
    .map(({ metadata }) => metadata.name)
    .find((name) => carriers.some(({ sign }) => sign.test(name)));
  const carrier = carriers.find(({ sign }) => sign.test(daemon ?? ''));
  const evidence = [
    ...lost
      .slice(0, 2)
      .flatMap(({ key }) => connectsOf(facts, source.key, 'endpoint', key).slice(0, 1).map(fromProbe)),
    ...near
      .slice(0, 1)
      .flatMap(({ key }) => connectsOf(facts, source.key, 'endpoint', key).slice(0, 1).map(fromProbe)),
    ...(daemon === undefined ? [] : [fromApi('daemonsets of kube-system', daemon)]),
  ];
  const [node = ''] = nodes;
  const base = {
    object: { kind: 'Node', name: node },
    hop: 'node',
    touches: nodes.map((name) => objectKey('node', { name })),
    evidence,
    blocks: { model: 'fail', sources: [source.key], endpoints: lost.map(({ key }) => key) },
  } as const;
  const where = nodes.slice(0, 3).join(', ');
  if (pings.length > 0) {
    // Without a tunnel there is nothing to get wrong; which plugin there is may not be known.
    if (carrier?.tunnel !== true && daemons.state !== 'unknown') return [];
    return [
      {
        ...base,
        code: 'ND813',
        severity: 'error',
        confidence: 'possible',
        message: `between ${home} and ${where} ping passes and TCP is lost: checksums that a network card fills in wrongly inside of a tunnel look like this`,
        fix: {
          text: 'switch checksum offload of the interface of the tunnel off on both nodes, to try',
          commands: ['ethtool -K IFACE tx-checksum-ip-generic off'],
        },
      },
    ];
  }
  // Without anything that answers on the own node, it might as well be the pods.
  if (near.length === 0) return [];
  const crossing: Finding = {
    ...base,
    code: 'ND807',
    severity: 'error',
    confidence: 'likely',
    message: `${source.text} on ${home} reaches pods of its own node, and none on ${where}: packets between the nodes are lost`,
    fix: {
      text: `let the nodes reach each other on ${carrier?.open ?? 'what the network plugin uses (VXLAN UDP 4789 or 8472, Geneve 6081, WireGuard 51820, IPIP)'}`,
      commands: [],
    },
  };
  if (daemon !== 'calico-node') return [crossing];
  return [
    crossing,
    {
      ...base,
      code: 'ND814',
      severity: 'warning',
      confidence: 'possible',
      message: `Calico may lack the route to pods of ${where}: where it uses BGP, a node that no BGPPeer or route reflector selects any more looks like this`,
      fix: {
        text: 'compare the labels of the node with the selectors of BGPPeer; `blackhole` routes of pod ranges on the node are the sign',
        commands: [
          'kubectl get bgppeers.crd.projectcalico.org -o yaml',
          `kubectl get node ${node} --show-labels`,
        ],
      },
      blocks: { ...base.blocks, model: 'unknown' },
    },
  ];
}

/** Silence where policies allow, and the pod is known to listen or its sockets were not looked at. */
function isLost(facts: Facts, source: Source, endpoint: Endpoint): boolean {
  const connects = connectsOf(facts, source.key, 'endpoint', endpoint.key);
  const link = facts.links.find((one) => one.source === source && one.endpoint.key === endpoint.key);
  const sockets = socketsOf(facts, endpoint.key);
  const { protocol } = facts.destination;
  return (
    connects.length > 0 &&
    connects.every(isSilent) &&
    link?.verdict?.verdict === 'allow' &&
    (sockets === undefined ||
      endpoint.port === undefined ||
      onPort(sockets, protocol, endpoint.port).length > 0)
  );
}
