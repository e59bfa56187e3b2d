import type { Finding, HopName } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { Observed, ObservedConnect, ObservedHttp } from '../observed.js';
import { failureOf, resultOf } from '../probed.js';
import { joined } from '../probes/task.js';
import type { DiagnosisVerdict, Hop, Trace } from '../trace.js';
import type { Entry, Way } from './facts.js';
import { certifies } from './match.js';

type ProbeState = Hop['probe'];

/** What the machine of the person met on one way in. */
export interface SeenOutside {
  readonly connects: readonly ObservedConnect[];
  readonly http: readonly ObservedHttp[];
}

/** What was observed from here at the addresses of a way; names of load balancers count by their port, as their addresses come and go. */
function seenOutside(observed: Observed, { entries }: Pick<Way, 'entries'>): SeenOutside {
  const fits = ({ to }: Pick<ObservedConnect, 'to'>): boolean =>
    entries.some(
      (entry) =>
        entry.port === to.port && (entry.address === to.address || isName(observed, entry, to.address)),
    );
  const here = ({ from }: { readonly from: string }): boolean => from === 'here';
  return {
    connects: observed.connects.filter((one) => here(one) && fits(one)),
    http: observed.http.filter(
      (one) => here(one) && fits(one) && entries.some((entry) => asks(entry, one.url)),
    ),
  };
}

/** Whether a request was for what is to be had at an entry: the path of its rule, or what was asked for at its host. */
function asks({ http }: Entry, url: string): boolean {
  if (http === undefined) return false;
  const { hostname, pathname } = new URL(url);
  return (
    (http.host === undefined || http.host === hostname || http.host.startsWith('*')) && pathname === http.path
  );
}

function isName({ dns }: Observed, entry: Entry, address: string): boolean {
  return dns.some(
    ({ from, name, libc, answers }) =>
      from === 'here' &&
      name === entry.address &&
      (libc.addresses.includes(address) || answers.some(({ addresses }) => addresses.includes(address))),
  );
}

/**
 * How far requests came, read by what answered (RFC 9110, section 15): a 404 of a proxy is about its rules, 502 to 504 about what is
 * behind it, any other answer came from the end of the way. `none`: nothing was asked.
 */
type Answer = 'end' | 'noRule' | 'noBackend' | 'badBackend' | 'noTls' | 'noAnswer' | 'none';

function answerOf({ status, failure, tls }: ObservedHttp, now: number): Answer {
  // A client that looks at the certificate goes no further. Who signed it each client knows for itself.
  if (tls !== undefined && (!isNamed(tls) || (tls.notAfter ?? now) < now)) return 'noTls';
  if (failure !== undefined) {
    if (failure.phase === 'tls') return 'noTls';
    return failure.phase === 'http' && tls !== undefined ? 'noAnswer' : 'none';
  }
  if (status === 404) return 'noRule';
  if (status === 503) return 'noBackend';
  return status === 502 || status === 504 ? 'badBackend' : 'end';
}

function isNamed({ serverName, names }: NonNullable<ObservedHttp['tls']>): boolean {
  return serverName === undefined || names.length === 0 || names.some((name) => certifies(name, serverName));
}

/** What programs here connect to for the host of a URL: addresses that a resolver elsewhere tells are none of them. */
function isDialled({ outside, observed }: Facts, address: string): boolean {
  const host = outside?.url?.host;
  const asked = observed?.dns.find(({ from, name }) => from === 'here' && name === host);
  return asked === undefined || asked.libc.addresses.length === 0 || asked.libc.addresses.includes(address);
}

/** The stretches of the way from outside with what was seen of each from here. Those of a pod that takes it have probes of its own. */
export function withOutsideProbes(facts: Facts, traces: readonly Trace[]): readonly Trace[] {
  const { observed, outside } = facts;
  if (observed === undefined || outside?.client !== 'outside') return traces;
  const { way } = outside;
  const seen = way === undefined ? { connects: [], http: [] } : seenOutside(observed, way);
  const answers = seen.http.map((one) => answerOf(one, facts.now));
  const [first = 'none'] = answers.toSorted((a, b) => order.indexOf(b) - order.indexOf(a));
  return traces.map((trace) => ({
    ...trace,
    hops: trace.hops.map((hop) => {
      const probe = stateAt(hop, facts, seen, first, way);
      return probe === undefined ? hop : { ...hop, probe };
    }),
  }));
}

/** From what says least of a fault to what says most. */
const order: readonly Answer[] = ['none', 'end', 'noAnswer', 'noRule', 'badBackend', 'noBackend', 'noTls'];
const proxies: readonly HopName[] = ['ingress-controller', 'gateway'];

function stateAt(
  { at, model }: Hop,
  { observed, outside }: Facts,
  { connects }: SeenOutside,
  answer: Answer,
  way: Way | undefined,
): ProbeState | undefined {
  const results = connects.map(resultOf).filter((result) => result !== 'open');
  const reached = results.some((result) => result !== 'none');
  const plain = way?.kind === 'service';
  if (at === 'client') return results.length > 0 ? 'pass' : 'none';
  if (at === 'name') return nameState(observed, outside?.url?.host, way);
  if (at === 'address') {
    if (results.length === 0) return 'none';
    return results.every((result) => result === 'all') ? 'pass' : reached ? 'unknown' : 'fail';
  }
  if (!reached) return undefined;
  if (proxies.includes(at)) return answer === 'none' ? undefined : answer === 'noTls' ? 'fail' : 'pass';
  if (at === 'route') {
    if (answer === 'none' || answer === 'noTls') return undefined;
    // An application has its own 404: only where the objects say so as well it is the proxy's.
    return answer === 'noRule' ? (model === 'fail' ? 'fail' : 'unknown') : 'pass';
  }
  if (at !== 'service' && at !== 'endpoint') return undefined;
  if (plain) return 'pass';
  if (answer === 'end') return 'pass';
  if (answer === 'noBackend') return at === 'service' ? 'fail' : undefined;
  return answer === 'badBackend' ? (at === 'service' ? 'pass' : 'fail') : undefined;
}

/** A name that leads nowhere, or only to where nobody of this way is and nobody answers. */
function nameState(
  observed: Observed | undefined,
  host: string | undefined,
  way: Way | undefined,
): ProbeState {
  const asked = observed?.dns.find(({ from, name }) => from === 'here' && name === host);
  if (observed === undefined || asked === undefined) return 'none';
  const { addresses } = asked.libc;
  if (addresses.length === 0) return 'fail';
  const known = new Set(way?.entries.map(({ address }) => address));
  const lost = (address: string): boolean =>
    !known.has(address) &&
    observed.connects.some(
      (one) => one.from === 'here' && one.to.address === address && resultOf(one) === 'none',
    );
  return addresses.every(lost) ? 'fail' : 'pass';
}

/** The verdict by what this machine met, where that is conclusive; undefined where it is not, or nothing was tried. */
export function verdictFromHere(
  facts: Facts,
  traces: readonly Trace[],
  model: DiagnosisVerdict,
): DiagnosisVerdict | undefined {
  const { observed, outside } = facts;
  if (observed === undefined || outside?.client !== 'outside') return undefined;
  const ways = outside.ways.map((way) => seenOutside(observed, way));
  // What the name leads to is dialled, whether any object knows it or not.
  const named = observed.connects.filter(
    ({ from, to }) => from === 'here' && outside.url !== undefined && isDialled(facts, to.address),
  );
  const tried = outside.url === undefined ? ways.flatMap(({ connects }) => connects) : named;
  const results = [...new Set(tried)].map(resultOf).filter((result) => result !== 'open');
  if (results.length === 0) return undefined;
  const answers = [...new Set(ways.flatMap(({ http }) => http))]
    .filter(({ to }) => outside.url === undefined || isDialled(facts, to.address))
    .map((one) => answerOf(one, facts.now))
    .filter((one) => one !== 'none');
  const good = answers.filter((one) => one === 'end').length;
  const lost = traces.some(({ hops }) => hops.some(({ at, probe }) => at === 'name' && probe === 'fail'));
  if (lost || results.every((result) => result === 'none')) return 'UNREACHABLE';
  if (answers.length > 0 && good === 0)
    // A 404 may be the application's answer: the objects decide whether it was the proxy's.
    return answers.every((one) => one === 'noRule')
      ? model === 'REACHABLE'
        ? 'REACHABLE'
        : model
      : 'UNREACHABLE';
  const whole = results.every((result) => result === 'all') && good === answers.length;
  if (!whole) return 'AMBIGUOUS';
  // What answers at the address may be somebody else, where the objects say that this cannot.
  return answers.length > 0 || model === 'REACHABLE' ? 'REACHABLE' : model;
}

/** ND090: the objects have no objection, and this machine does not get through. */
export function unexplainedFromHere(
  facts: Facts,
  traces: readonly Trace[],
  findings: readonly Finding[],
): Finding[] {
  const { observed, outside } = facts;
  const way = outside?.way;
  if (observed === undefined || way === undefined || outside?.client !== 'outside') return [];
  const closes = findings.some(
    ({ code, severity, blocks }) => code.startsWith('ND5') || (severity === 'error' && blocks !== undefined),
  );
  // What could not be read may well stand against it.
  const open = traces.some(({ hops }) => hops.some(({ model }) => model !== 'pass'));
  if (closes || open) return [];
  const lost = seenOutside(observed, way).connects.filter((one) => resultOf(one) === 'none');
  const [first] = lost;
  if (first === undefined) return [];
  const failure = failureOf(first);
  const refused = failure === 'refused' || failure === 'reset';
  const by = way.entries[0]?.by ?? '';
  const [, kind = 'address', namespace, name = first.to.address] =
    /^(\S+) (?:([^/]+)\/)?(.+)$/.exec(by) ?? [];
  return [
    {
      code: 'ND090',
      severity: 'error',
      confidence: 'likely',
      object: {
        kind: `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`,
        ...(namespace === undefined ? {} : { namespace }),
        name,
      },
      message: refused
        ? `nothing in the objects stands against the way in by ${joined(first.to)}, and it refuses: what answers there does not know this port`
        : `nothing in the objects stands against the way in by ${joined(first.to)}, and it is silent from this machine: a firewall or security group before the nodes, or this machine is not where clients are`,
      evidence: lost.slice(0, 4).map((one) => ({
        source: 'probe' as const,
        about: `${one.to.protocol} ${joined(one.to)} from this machine`,
        excerpt: `${failureOf(one)} ${one.attempts.length}/${one.attempts.length}`,
      })),
      fix: {
        text: refused
          ? 'see what holds the address, and on which ports it was told to listen'
          : 'see the firewall and the load balancer before the nodes, and try from where the clients are',
        commands: [],
      },
      hop: 'address',
      touches: by === '' ? [] : [by],
    },
  ];
}
