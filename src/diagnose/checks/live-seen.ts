import type { Evidence } from '../finding.js';
import type { Facts, Source } from '../model/facts.js';
import type { Observed, ObservedConnect, ObservedListeners, ProbeTo } from '../observed.js';
import { nothingObserved } from '../observed.js';
import { statusesOf } from '../model/pods.js';
import { parseAddress } from '../policy/address.js';
import type { SnapshotPod } from '../snapshot/types.js';
import { joined } from '../probes/task.js';

/** What probes told of one place. `open`: nothing can be read from it, as from silence over UDP. */
export type Seen = 'ok' | 'fail' | 'mixed' | 'open';

/** One socket that a pod listens on. */
export type Socket = ObservedListeners['sockets'][number];

const passed: ReadonlySet<string> = new Set(['connected', 'answered', 'reset']);
const failed: ReadonlySet<string> = new Set([
  'refused',
  'timeout',
  'hostUnreachable',
  'networkUnreachable',
  'notPermitted',
]);

/** What was observed; nothing where nothing was probed. */
export function observedOf({ observed }: Facts): Observed {
  return observed ?? nothingObserved;
}

/** What attempts to connect say together. A connection that was cut had been there. */
export function seenOf({ attempts }: ObservedConnect): Seen {
  const ok = attempts.some(({ outcome }) => passed.has(outcome));
  const bad = attempts.some(({ outcome }) => failed.has(outcome));
  if (ok && bad) return 'mixed';
  if (bad) return 'fail';
  return ok ? 'ok' : 'open';
}

/** Whether every attempt ended in one of these ways, and there was one. */
export function allEnded(
  { attempts }: ObservedConnect,
  ...outcomes: readonly ObservedConnect['attempts'][number]['outcome'][]
): boolean {
  return attempts.length > 0 && attempts.every(({ outcome }) => outcomes.includes(outcome));
}

/** Silence: nothing came back, or a router said that nobody is there. */
export function isSilent(connect: ObservedConnect): boolean {
  return allEnded(connect, 'timeout', 'hostUnreachable');
}

/** The connections from one place that were tried, to a role and, where it is named, to one endpoint. */
export function connectsOf(
  facts: Facts,
  from: string,
  role: ProbeTo['role'],
  endpoint?: string,
): readonly ObservedConnect[] {
  return observedOf(facts).connects.filter(
    (one) =>
      one.from === from && one.to.role === role && (endpoint === undefined || one.to.endpoint === endpoint),
  );
}

/** Every connection to an endpoint, from whichever source. */
export function connectsTo(facts: Facts, endpoint: string): readonly ObservedConnect[] {
  return observedOf(facts).connects.filter(({ to }) => to.role === 'endpoint' && to.endpoint === endpoint);
}

/** What a source saw of an endpoint; undefined where it was not tried. */
export function seenFrom(facts: Facts, from: string, endpoint: string): Seen | undefined {
  return together(connectsOf(facts, from, 'endpoint', endpoint));
}

/** What several connections say together; undefined where there are none. */
export function together(connects: readonly ObservedConnect[]): Seen | undefined {
  const [first] = connects;
  return first === undefined
    ? undefined
    : seenOf({ ...first, attempts: connects.flatMap(({ attempts }) => attempts) });
}

/** The sockets that a pod listens on, by its key; undefined where nobody looked. */
export function socketsOf(facts: Facts, pod: string): readonly Socket[] | undefined {
  return observedOf(facts).listeners.find((one) => one.pod === pod)?.sockets;
}

/** Those of a port. */
export function onPort(sockets: readonly Socket[], protocol: string, port: number): readonly Socket[] {
  return sockets.filter((one) => one.protocol === protocol && one.port === port);
}

/** Whether an address is reached from inside of its pod only. */
export function isLoopback(address: string): boolean {
  return parseAddress(address)?.value.range() === 'loopback';
}

/** `refused 3/3`, `timeout 1/3, connected 2/3`. */
function attemptsText({ attempts }: ObservedConnect): string {
  const counts = new Map<string, number>();
  for (const { outcome } of attempts) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts].map(([outcome, count]) => `${outcome} ${count}/${attempts.length}`).join(', ');
}

/** `10.1.2.7:8080/TCP`, with IPv6 in brackets. */
export function toText(to: ProbeTo): string {
  return `${joined(to)}/${to.protocol}`;
}

/** A connection as evidence: `TCP 10.1.2.7:8080 from shop/web-0`: `timeout 3/3`. */
export function fromProbe(connect: ObservedConnect): Evidence {
  return {
    source: 'probe',
    about: `${connect.to.protocol} ${joined(connect.to)} from ${connect.from.replace(/^pod /, '')}`,
    excerpt: attemptsText(connect),
  };
}

/** What a pod listens on, in a few words and as evidence. */
export function listening(pod: string, sockets: readonly Socket[]): Evidence {
  const all = [
    ...new Set(
      sockets.map(({ address, port, protocol }) => toText({ role: 'endpoint', address, port, protocol })),
    ),
  ];
  const more = all.length > 8 ? ` and ${all.length - 8} more` : '';
  return {
    source: 'probe',
    about: pod,
    excerpt: `listens on ${all.slice(0, 8).join(', ') || 'nothing'}${more}`,
  };
}

/** The node that a source is on; undefined for what is none of the cluster. */
export function nodeOfSource({ pod, end }: Source): string | undefined {
  return pod?.spec.nodeName ?? (end.kind === 'address' ? end.node?.name : undefined);
}

/** So long after its start a program may not listen yet. */
const startingMs = 30_000;

/** Whether containers of a pod have begun just now, so that what they do not do yet says nothing. */
export function isStarting({ now }: Facts, pod: SnapshotPod): boolean {
  return statusesOf(pod).some(({ started, state, ready }) => {
    const age = now - Date.parse(state?.running?.startedAt ?? '');
    return ready !== true && state?.running !== undefined && (started === false || age < startingMs);
  });
}
