import type { NotChecked } from './checks/run.js';
import type { Evidence, Finding } from './finding.js';
import { objectKey } from './finding.js';
import type { Facts, Link } from './model/facts.js';
import type { ObservedConnect, ObservedHttp } from './observed.js';
import { dnsState, failureOf, meshState, resultOf, seenOf } from './probed.js';
import { joined } from './probes/task.js';
import type { Hop, Trace } from './trace.js';

/** One way, with the link that it stands for; without an endpoint where a Service has none. */
interface Way {
  readonly link: Partial<Link>;
  readonly hops: readonly Hop[];
}

/**
 * Lays the two columns beside each other: what the objects blame and packets confirm is proven, with the attempts as evidence; where they
 * disagree that is a finding of its own (ND090, or ND215 where a policy is not enforced). `traces` are those of `facts.links`, with probes.
 * @param gaps What was not checked, so that it cannot be said that the objects allow it.
 */
export function agree(
  facts: Facts,
  traces: readonly Trace[],
  findings: readonly Finding[],
  gaps: readonly NotChecked[],
): readonly Finding[] {
  if (facts.observed === undefined) return findings;
  const links: readonly Partial<Link>[] =
    facts.links.length > 0 ? facts.links : facts.sources.map((source) => ({ source }));
  const ways = links.flatMap((link, index): Way[] => {
    const hops = traces[index]?.hops;
    return hops === undefined ? [] : [{ link, hops }];
  });
  const judged = findings.map((finding) => confirmed(facts, ways, finding));
  const refuted = judged.filter((finding) => isRefuted(facts, ways, finding));
  const weak = judged.map((finding): Finding =>
    refuted.includes(finding) ? { ...finding, severity: 'warning', confidence: 'possible' } : finding,
  );
  // What could not be read may well explain it.
  const blind = gaps.some(({ hides }) => (hides ?? []).length > 0);
  return [...contradictions(facts, ways, refuted), ...weak, ...(blind ? [] : lost(facts, ways, judged))];
}

function concerned(ways: readonly Way[], { blocks }: Finding): readonly Way[] {
  if (blocks === undefined) return [];
  const { sources, endpoints } = blocks;
  return ways.filter(
    ({ link: { source, endpoint } }) =>
      (sources === undefined || (source !== undefined && sources.includes(source.key))) &&
      (endpoints === undefined || (endpoint !== undefined && endpoints.includes(endpoint.key))),
  );
}

function hopOf({ hops }: Way, at: Hop['at']): Hop | undefined {
  return hops.find((hop) => hop.at === at);
}

/** Likely by the objects, and seen: proven. */
function confirmed(facts: Facts, ways: readonly Way[], finding: Finding): Finding {
  // What rests on packets itself is not confirmed by the same packets.
  if (finding.blocks?.model !== 'fail' || finding.evidence.some(({ source }) => source === 'probe'))
    return finding;
  const probed = concerned(ways, finding).filter((way) => {
    const state = hopOf(way, finding.hop)?.probe;
    return state === 'pass' || state === 'fail';
  });
  if (probed.length === 0 || probed.some((way) => hopOf(way, finding.hop)?.probe !== 'fail')) return finding;
  const evidence = probed.slice(0, 2).flatMap((way) => evidenceOf(facts, way, finding.hop));
  const known = new Set(finding.evidence.map(({ about, excerpt }) => `${about}: ${excerpt}`));
  return {
    ...finding,
    confidence: finding.confidence === 'likely' ? 'proven' : finding.confidence,
    evidence: [
      ...finding.evidence,
      ...distinct(evidence).filter(({ about, excerpt }) => !known.has(`${about}: ${excerpt}`)),
    ],
  };
}

function distinct(evidence: readonly Evidence[]): readonly Evidence[] {
  return [...new Map(evidence.map((one) => [`${one.about}: ${one.excerpt}`, one])).values()];
}

function evidenceOf({ observed }: Facts, { link }: Way, at: Hop['at']): Evidence[] {
  if (observed === undefined) return [];
  const seen = seenOf(observed, link);
  if (at === 'mesh') return requestsOf(observed.http, link.source?.key);
  const tried = at === 'service' ? seen.service : at === 'dns' ? undefined : seen.end;
  return tried === undefined ? [] : [fromConnect(tried, link.source?.text ?? '')];
}

/** Requests as evidence: `HTTP http://api:80/ from shop/web-0`: `503`, or what went wrong. */
function requestsOf(http: readonly ObservedHttp[], source: string | undefined): Evidence[] {
  return http
    .filter(({ from }) => from === source)
    .slice(0, 2)
    .map(({ url, status, failure }) => ({
      source: 'probe',
      about: `HTTP ${url} from ${source?.replace(/^\w+ /, '') ?? ''}`,
      excerpt: status === undefined ? (failure?.text ?? 'no answer') : `status ${status}`,
    }));
}

/** Connections as evidence: `TCP 10.1.2.7:8080 from shop/web-0`: `timeout 3/3`. */
function fromConnect(connect: ObservedConnect, from: string): Evidence {
  const { to, attempts } = connect;
  const reached = attempts.filter(({ outcome }) => outcome === 'connected' || outcome === 'answered').length;
  const excerpt =
    reached === attempts.length
      ? `${attempts[0]?.outcome ?? 'connected'} ${reached}/${attempts.length}`
      : `${failureOf(connect)} ${attempts.length - reached}/${attempts.length}`;
  return { source: 'probe', about: `${to.protocol} ${joined(to)} from ${from}`, excerpt };
}

/** Said to close the way by the objects alone, on which everything passes. */
function isRefuted({ observed }: Facts, ways: readonly Way[], finding: Finding): boolean {
  if (finding.blocks?.model !== 'fail' || finding.evidence.some(({ source }) => source === 'probe'))
    return false;
  // Connections from inside say nothing of the way before the Service.
  if (before.includes(finding.hop)) return false;
  const own = concerned(ways, finding);
  const told = own.flatMap(({ link }) => {
    const seen = observed === undefined ? {} : seenOf(observed, link);
    if (finding.hop === 'mesh')
      return observed === undefined ? [] : [meshState(observed, link.source?.key) === 'pass'];
    if (finding.hop === 'dns') return seen.dns === undefined ? [] : [dnsState(seen.dns) === 'pass'];
    // Behind a Service that sends nothing to it, an endpoint may answer all the same.
    const policy = finding.hop === 'egress' || finding.hop === 'ingress';
    const tried = policy
      ? seen.end
      : (seen.service ?? (link.flow?.viaService === true ? undefined : seen.end));
    return tried === undefined ? [] : [resultOf(tried) === 'all'];
  });
  return told.length > 0 && told.every((passes) => passes);
}

const before: readonly Finding['hop'][] = [
  'client',
  'name',
  'address',
  'ingress-controller',
  'gateway',
  'route',
];
const policyCodes = /^ND2(0[1-7]|09|1[01]|13|17)$/;

/** The objects deny, and the packet passes. */
function contradictions(facts: Facts, ways: readonly Way[], refuted: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return refuted.flatMap((finding): Finding[] => {
    const ofPolicy = policyCodes.test(finding.code);
    const key = `${ofPolicy} ${finding.hop} ${finding.touches.join()}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const evidence = concerned(ways, finding)
      .slice(0, 2)
      .flatMap((way) => evidenceOf(facts, way, ofPolicy ? finding.hop : 'service'));
    const common = {
      severity: 'warning',
      hop: finding.hop,
      touches: finding.touches,
      object: finding.object,
      evidence: [...finding.evidence.slice(0, 1), ...evidence],
    } as const;
    return [
      ofPolicy
        ? {
            ...common,
            code: 'ND215',
            confidence: 'proven',
            message: `policies deny this (${finding.code}), and packets pass: the network plugin does not enforce them, or not here`,
            fix: {
              text: 'find out whether the network plugin enforces NetworkPolicy; what is isolated on paper is open',
              commands: [],
            },
          }
        : {
            ...common,
            code: 'ND090',
            confidence: 'proven',
            message: `by the objects this cannot work (${finding.code}: ${finding.message}), and packets pass: what was read may be older than what is, or something else carries them`,
            fix: {
              text: 'ask again; where it stays so, look for what answers at that address',
              commands: [],
            },
          },
    ];
  });
}

/** The objects allow, and the packet is lost: nothing else explains it. */
function lost(facts: Facts, ways: readonly Way[], findings: readonly Finding[]): Finding[] {
  const { observed } = facts;
  if (observed === undefined) return [];
  const explained = (way: Way): boolean =>
    way.hops.some(({ model }) => model === 'fail') ||
    findings.some(
      (finding) =>
        finding.severity === 'error' &&
        (finding.blocks === undefined || concerned([way], finding).length > 0),
    );
  // What could not be read may well stand against it; of what is outside the objects say nothing anyway.
  const allowed = ({ hops }: Way): boolean =>
    hops.every(
      ({ at, model }) =>
        model === 'pass' ||
        at === 'dns' ||
        (facts.destination.outside && (at === 'service' || at === 'endpoint')),
    );
  const open = ways.filter((way) => {
    const { service, end } = seenOf(observed, way.link);
    return (
      allowed(way) &&
      !explained(way) &&
      [end, service].some((one) => one !== undefined && resultOf(one) === 'none')
    );
  });
  const [first, ...more] = open;
  if (first === undefined) return [];
  const { service, end } = seenOf(observed, first.link);
  const tried = end !== undefined && resultOf(end) === 'none' ? end : service;
  if (tried === undefined) return [];
  const { source, endpoint } = first.link;
  if (endpoint === undefined) return [];
  const failure = failureOf(tried);
  const refused = failure === 'refused' || failure === 'reset';
  const unknown = facts.destination.outside && failure === 'unknownHost';
  const nodes = [source?.pod?.spec.nodeName, endpoint.node].filter((one) => one !== undefined);
  const between = new Set(nodes).size === 2 ? ` between nodes ${nodes.join(' and ')}` : '';
  const at = unknown
    ? 'dns'
    : tried === service
      ? 'service'
      : (first.hops.find(({ probe }) => probe === 'fail')?.at ?? 'endpoint');
  const { namespace, name } = endpoint.pod?.metadata ?? { namespace: undefined, name: endpoint.text };
  const object = {
    kind: endpoint.pod === undefined ? 'Address' : 'Pod',
    ...(namespace === undefined ? {} : { namespace }),
    name,
  };
  return [
    {
      code: 'ND090',
      severity: 'error',
      confidence: 'likely',
      object,
      message: unknown
        ? `${tried.to.address} has no address for ${source?.text ?? ''}: the name is unknown, or its servers do not answer`
        : lossText(facts, tried, source?.text ?? '', { refused, between, more: more.length }),
      evidence: distinct(
        open.slice(0, 3).flatMap(({ link }) => {
          const seen = seenOf(observed, link);
          return [seen.service, seen.end].flatMap((one) =>
            one === undefined ? [] : [fromConnect(one, link.source?.text ?? '')],
          );
        }),
      ),
      fix: {
        text: unknown
          ? 'correct the name, or see that the DNS of the cluster forwards its zone; `kubectl netdebug dns` asks each server'
          : facts.destination.outside
            ? 'see what listens there, and which firewall or NAT gateway stands between'
            : refused
              ? `see what listens ${endpoint.pod === undefined ? 'there' : 'in the pod'}, and whether a policy of the network plugin or a firewall refuses`
              : `see where packets end: firewalls and security groups${between}, routes and tunnels of the network plugin`,
        commands: [],
      },
      hop: at,
      touches: [
        ...(endpoint.pod === undefined ? [endpoint.key] : [objectKey('pod', endpoint.pod.metadata)]),
        ...(source === undefined ? [] : [source.key]),
      ],
    },
  ];
}

function lossText(
  { destination }: Facts,
  { to }: ObservedConnect,
  from: string,
  { refused, between, more }: { readonly refused: boolean; readonly between: string; readonly more: number },
): string {
  const also = more > 0 ? `, as on ${more} more ways` : '';
  const way = `${from} → ${joined(to)}`;
  if (destination.outside)
    return `nothing in the cluster stands against ${way}, and ${refused ? 'it is refused' : 'packets are lost'}${also}: look outside of it`;
  return refused
    ? `nothing in the objects stands against ${way}, and it is refused${also}: something that they do not show answers with a refusal`
    : `nothing in the objects stands against ${way}, and packets are lost${also}: look below the policies${between} (ND8xx)`;
}
