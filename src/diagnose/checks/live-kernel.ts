import type { Finding } from '../finding.js';
import { objectKey } from '../finding.js';
import type { Facts, Source } from '../model/facts.js';
import { nodesOf } from '../model/nodes.js';
import type { ObservedKernel } from '../observed.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { fromLog } from './live-log-lines.js';
import { connectsOf, fromProbe, nodeOfSource, observedOf, seenFrom, seenOf } from './live-seen.js';

/** From so much of the table on, bursts find it full. */
const full = 0.95;

/** The kernel of a node: its table of connections, forwarding, MTU on the way, and old entries for UDP. */
export const liveKernel: Check = {
  name: 'live-kernel',
  codes: ['ND808', 'ND809', 'ND810', 'ND811'],
  live: true,
  reads: [...inputs('source', 'pods'), ...inputs('destination', 'pods')],
  concerns: ({ observed }) => observed !== undefined,
  find: (facts) => [
    ...connectionTable(facts),
    ...forwarding(facts),
    ...pathMtu(facts),
    ...facts.sources.flatMap((source) => oldEntries(facts, source)),
  ],
};

function atNode(name: string): Pick<Finding, 'object' | 'hop' | 'touches'> {
  return { object: { kind: 'Node', name }, hop: 'node', touches: [objectKey('node', { name })] };
}

function numbers(one: ObservedKernel, ...names: readonly string[]): Finding['evidence'] {
  const shown = names.flatMap((name) =>
    one.values[name] === undefined ? [] : [`${name} = ${one.values[name]}`],
  );
  return [
    {
      source: 'probe',
      about: `kernel of ${one.node ?? 'the node'}, seen by ${one.pod}`,
      excerpt: shown.join(', '),
    },
  ];
}

function connectionTable(facts: Facts): Finding[] {
  const names = ['net.netfilter.nf_conntrack_count', 'net.netfilter.nf_conntrack_max'] as const;
  const found = new Map<string, Finding>();
  const say = (node: string, evidence: Finding['evidence'], proven: boolean): void => {
    const known = found.get(node);
    found.set(node, {
      ...atNode(node),
      code: 'ND809',
      severity: 'error',
      confidence: proven || known !== undefined ? 'proven' : 'likely',
      message: `the connection table of node ${node} is full: new connections are dropped, old ones go on`,
      evidence: [...(known?.evidence ?? []), ...evidence],
      fix: {
        text: 'raise net.netfilter.nf_conntrack_max on the node, or find what opens so many connections',
        commands: [],
      },
      blocks: { model: 'unknown' },
    });
  };
  for (const one of observedOf(facts).kernel) {
    const [count, max] = names.map((name) => Number(one.values[name] ?? NaN));
    if (one.node === undefined || count === undefined || max === undefined || !(max > 0)) continue;
    if (count >= max * full) say(one.node, numbers(one, ...names), true);
  }
  const roles = new Set(nodesOf(facts).map(({ name }) => name));
  for (const line of observedOf(facts).logs) {
    const node = facts.read('pods').state === 'there' ? nodeOfPod(facts, line.pod) : undefined;
    if (line.pattern !== 'conntrack-full' || node === undefined || !roles.has(node)) continue;
    say(node, [fromLog(line)], false);
  }
  return [...found.values()];
}

/** The node of a pod of the flow, or of an agent that is on a node of it. */
function nodeOfPod(facts: Facts, key: string): string | undefined {
  const own = [...facts.sources, ...facts.destination.endpoints].find((one) => one.key === key)?.pod;
  const reading = facts.read('pods');
  const items = reading.state === 'there' ? reading.items : [];
  return (own ?? items.find(({ metadata }) => objectKey('pod', metadata) === key))?.spec.nodeName;
}

/** A pod has a kernel setting of its own, taken over from the node when it began; only on the network of the node it is the node's. */
function forwarding(facts: Facts): Finding[] {
  const ends = [...facts.sources, ...facts.destination.endpoints];
  return observedOf(facts).kernel.flatMap((one): Finding[] => {
    const { node, pod, values } = one;
    const end = ends.find(({ key }) => key === pod);
    const ofNode = pod.startsWith('node ') || end?.pod?.spec.hostNetwork === true;
    if (values['net.ipv4.ip_forward'] !== '0' || node === undefined) return [];
    const source = facts.sources.find((each) => nodeOfSource(each) === node);
    const lost = observedOf(facts).connects.filter(
      (each) =>
        each.from === (source?.key ?? pod) &&
        seenOf(each) === 'fail' &&
        each.attempts.some(({ outcome }) => outcome === 'timeout'),
    );
    // Seen from a pod it is no more than a hint, which needs lost packets beside it.
    if (!ofNode && lost.length === 0) return [];
    return [
      {
        ...atNode(node),
        code: 'ND811',
        severity: 'error',
        confidence: ofNode ? (lost.length > 0 ? 'proven' : 'likely') : 'possible',
        message: `node ${node} does not forward packets (net.ipv4.ip_forward = 0): pods on it reach nothing but each other`,
        evidence: [...numbers(one, 'net.ipv4.ip_forward'), ...lost.slice(0, 2).map(fromProbe)],
        fix: {
          text: 'set it on the node, and keep it in /etc/sysctl.d',
          commands: ['sysctl -w net.ipv4.ip_forward=1'],
        },
        blocks: { model: 'unknown' },
      },
    ];
  });
}

function pathMtu(facts: Facts): Finding[] {
  const { endpoints } = facts.destination;
  return facts.sources.flatMap((source): Finding[] => {
    const measured = observedOf(facts).mtu.filter(({ from }) => from === source.key);
    const holes = measured.filter(({ limit }) => limit === 'blackHole');
    // The link of a node is often wider than the network of its pods; that is no setting of the plugin's to mend.
    const onNode = source.pod === undefined || source.pod.spec.hostNetwork === true;
    const smaller = (onNode ? [] : measured).filter(
      ({ limit, localMtu = 0, pathMtu: path = Infinity }) => limit === 'announced' && path < localMtu,
    );
    const [first] = holes.length > 0 ? holes : smaller;
    const endpoint = endpoints.find(({ key }) => key === first?.endpoint);
    // A way to somewhere outside may be narrow, and says so.
    if (first === undefined || (holes.length === 0 && endpoint?.pod === undefined)) return [];
    const hole = holes.length > 0;
    const node = endpoint?.node;
    const own = source.pod?.metadata;
    const all = (hole ? holes : smaller).map((one) => one.endpoint);
    return [
      {
        ...(node === undefined
          ? {
              object: { kind: 'Pod', namespace: own?.namespace ?? '', name: own?.name ?? source.text },
              hop: 'node' as const,
              touches: [source.key],
            }
          : atNode(node)),
        code: 'ND808',
        severity: hole ? 'error' : 'info',
        confidence: hole ? 'proven' : 'likely',
        message: hole
          ? `packets of more than ${first.pathMtu ?? '?'} bytes from ${source.text} to ${endpoint?.text ?? first.endpoint} vanish without a word, and the interface sends up to ${first.localMtu ?? '?'}: what is small passes, TLS and long answers hang`
          : `the way from ${source.text} to ${endpoint?.text ?? first.endpoint} takes packets of ${first.pathMtu ?? '?'} bytes, and the interface sends up to ${first.localMtu ?? '?'}: each connection finds that out first`,
        evidence: [
          {
            source: 'probe',
            about: `${source.key} → ${first.endpoint}`,
            excerpt: `local MTU ${first.localMtu ?? '?'}, path MTU ${first.pathMtu ?? '?'}, ${first.limit}${first.hop === undefined ? '' : ` by ${first.hop}`}`,
          },
        ],
        fix: {
          text: `set the MTU of the network plugin to ${first.pathMtu ?? 'what the way takes'} or less (that of the node less 50 for VXLAN, 20 for IPIP, 60 for WireGuard, 58 for Geneve); new pods take it over`,
          commands: [],
        },
        ...(hole ? { blocks: { model: 'unknown' as const, sources: [source.key], endpoints: all } } : {}),
      },
    ];
  });
}

/** UDP through the Service is silent for one client, and answers another one on the same node and the endpoints themselves: old entries of connection tracking. */
function oldEntries(facts: Facts, source: Source): Finding[] {
  const { service, endpoints, protocol } = facts.destination;
  const object = service?.object;
  const node = nodeOfSource(source);
  if (protocol !== 'UDP' || object === undefined || node === undefined) return [];
  const silent = connectsOf(facts, source.key, 'service').filter(
    ({ to, attempts }) =>
      to.protocol === 'UDP' && attempts.length > 0 && attempts.every(({ outcome }) => outcome === 'noAnswer'),
  );
  const other = facts.sources.find(
    (one) =>
      one !== source &&
      nodeOfSource(one) === node &&
      connectsOf(facts, one.key, 'service').some(({ attempts }) =>
        attempts.some(({ outcome }) => outcome === 'answered'),
      ),
  );
  const straight =
    endpoints.length > 0 && endpoints.every(({ key }) => seenFrom(facts, source.key, key) === 'ok');
  const [first] = silent;
  if (first === undefined || other === undefined || !straight) return [];
  return [
    {
      ...atNode(node),
      code: 'ND810',
      severity: 'error',
      confidence: 'possible',
      message: `UDP of ${source.text} to ${service?.namespace ?? ''}/${service?.name ?? ''} gets no answer, while ${other.text} on the same node does and the endpoints answer ${source.text}: old entries of connection tracking send it to a pod that is gone`,
      evidence: [fromProbe(first), ...connectsOf(facts, other.key, 'service').slice(0, 1).map(fromProbe)],
      fix: {
        text: 'delete the entries on the node, and upgrade kube-proxy',
        commands: [`conntrack -D -p udp --orig-dst ${first.to.address} --dport ${first.to.port}`],
      },
      blocks: { model: 'unknown', sources: [source.key] },
    },
  ];
}
