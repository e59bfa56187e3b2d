import type { HopName } from './finding.js';
import type { Facts, Link } from './model/facts.js';
import type { Observed, ObservedConnect, ObservedDns } from './observed.js';
import type { Hop, Trace } from './trace.js';

type ProbeState = Hop['probe'];
type Attempt = ObservedConnect['attempts'][number];

/** The stretches behind the Service, in the order in which a packet meets them. */
const inner: readonly HopName[] = ['egress', 'node', 'ingress', 'mesh', 'endpoint'];

/** What probes told about one way: to the Service, to the endpoint itself, and of the name. */
export interface Seen {
  readonly service?: ObservedConnect;
  readonly end?: ObservedConnect;
  readonly dns?: ObservedDns;
}

/**
 * What requests from a source say of the proxies of a mesh on the way. That a connection is made says nothing: a proxy takes every one,
 * and cuts off whom it does not want when the first bytes come.
 */
export function meshState({ http }: Observed, source: string | undefined): ProbeState {
  const own = http.filter(({ from }) => from === source);
  if (own.some(({ status }) => status !== undefined && status !== 403 && status < 500)) return 'pass';
  // A proxy that speaks HTTP tells with a status of its own: 403 (RBAC), 503 (no way to the other side).
  const refused = own.some(
    ({ status, failure }) => status === 403 || status === 503 || failure?.phase === 'http',
  );
  return refused ? 'fail' : own.length > 0 ? 'unknown' : 'none';
}

/** What was observed of the way from a source to an endpoint. */
export function seenOf({ connects, dns }: Observed, { source, endpoint }: Partial<Link>): Seen {
  if (source === undefined) return {};
  const own = connects.filter(({ from }) => from === source.key);
  const service = own.find(({ to }) => to.role === 'service');
  const end = own.find(
    ({ to }) => to.endpoint !== undefined && to.endpoint === endpoint?.key && to.role !== 'loopback',
  );
  const name = dns.find(({ from }) => from === source.key);
  return {
    ...(service === undefined ? {} : { service }),
    ...(end === undefined ? {} : { end }),
    ...(name === undefined ? {} : { dns: name }),
  };
}

/** How attempts went together; `open` where silence says nothing (UDP), or nothing could be tried. */
export function resultOf({ attempts }: ObservedConnect): 'all' | 'some' | 'none' | 'open' {
  const reached = attempts.filter(({ outcome }) => outcome === 'connected' || outcome === 'answered').length;
  if (reached > 0) return reached === attempts.length ? 'all' : 'some';
  return attempts.every(({ outcome }) => outcome === 'noAnswer' || outcome === 'failed') ? 'open' : 'none';
}

/** The commonest outcome of attempts that did not reach anybody. */
export function failureOf({ attempts }: ObservedConnect): Attempt['outcome'] {
  const counts = new Map<Attempt['outcome'], number>();
  for (const { outcome } of attempts)
    if (outcome !== 'connected' && outcome !== 'answered')
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'failed';
}

/** The ways with what probes told of each stretch. `traces` are those of `facts.links`, in their order. */
export function withProbes(facts: Facts, traces: readonly Trace[]): readonly Trace[] {
  const { observed, links, sources } = facts;
  if (observed === undefined) return traces;
  return traces.map((trace, index) => {
    const link: Partial<Link> =
      links[index] ?? (sources[index] === undefined ? {} : { source: sources[index] });
    const seen = seenOf(observed, link);
    const others = observed.connects.filter(
      ({ from, to }) => from === link.source?.key && to.role === 'endpoint',
    );
    return {
      ...trace,
      hops: trace.hops.map((hop) => ({
        ...hop,
        probe:
          hop.at === 'mesh' ? meshState(observed, link.source?.key) : stateOf(hop, trace.hops, seen, others),
      })),
    };
  });
}

function stateOf(
  { at }: Hop,
  hops: readonly Hop[],
  seen: Seen,
  others: readonly ObservedConnect[],
): ProbeState {
  if (at === 'source') {
    const tried = [seen.service, seen.end].filter((one) => one !== undefined);
    if (tried.some((one) => failureOf(one) === 'networkUnreachable' && resultOf(one) === 'none'))
      return 'fail';
    return tried.length > 0 || seen.dns !== undefined ? 'pass' : 'none';
  }
  if (at === 'dns') return seen.dns === undefined ? 'none' : dnsState(seen.dns);
  if (at === 'service') return seen.service === undefined ? 'none' : serviceState(seen.service, others);
  return inner.includes(at) && seen.end !== undefined ? endState(at, hops, seen.end) : 'none';
}

/** Whether a name got an address; `unknown` where no program could ask. */
export function dnsState({ libc, answers }: ObservedDns): ProbeState {
  if (libc.addresses.length > 0) return 'pass';
  return answers.length === 0 || answers.every(({ outcome }) => outcome === 'failed') ? 'unknown' : 'fail';
}

/** A Service that does not answer is at fault where its endpoints do, or where it has none. */
function serviceState(service: ObservedConnect, ends: readonly ObservedConnect[]): ProbeState {
  const result = resultOf(service);
  if (result === 'all') return 'pass';
  if (result !== 'none') return 'unknown';
  const reached = ends.filter((one) => resultOf(one) === 'all' || resultOf(one) === 'some');
  return ends.length > 0 && reached.length === 0 ? 'unknown' : 'fail';
}

/**
 * What one connection to the endpoint says of one stretch. Silence does not tell where the packet was lost: it is laid to the stretch that
 * the objects blame, else to the endpoint. A refusal comes from the pod, unless a policy denies: some plugins answer for those.
 */
function endState(at: HopName, hops: readonly Hop[], end: ObservedConnect): ProbeState {
  const result = resultOf(end);
  if (result === 'all') return 'pass';
  if (result === 'open') return 'unknown';
  const policies = at === 'egress' || at === 'ingress';
  if (result === 'some') return policies ? 'pass' : 'unknown';
  const model = (one: HopName): Hop['model'] | undefined => hops.find((hop) => hop.at === one)?.model;
  const blamed = inner.find((one) => model(one) === 'fail');
  const fault = (where: HopName): ProbeState => (where === at ? 'fail' : 'unknown');
  const failure = failureOf(end);
  if (failure === 'refused' || failure === 'reset') {
    if (blamed !== undefined && blamed !== 'endpoint') return fault(blamed);
    if (at === 'endpoint') return 'fail';
    // A policy that could not be read might have refused it.
    return policies && model(at) === 'unknown' ? 'unknown' : 'pass';
  }
  if (failure === 'timeout') return fault(blamed ?? 'endpoint');
  if (failure === 'hostUnreachable')
    return fault(blamed ?? (model('node') === undefined ? 'endpoint' : 'node'));
  return failure === 'notPermitted' ? fault('egress') : 'unknown';
}
