import type { DiagnosisDocument } from './diagnosis-schema.js';
import type { DocumentFinding, DocumentHop } from './diagnosis-ways.js';
import { joined } from '../diagnose/probes/task.js';

type Observed = NonNullable<DiagnosisDocument['observed']>;
type Connect = Observed['connects'][number];

/** One thing that was observed, in words. */
export interface Observation {
  /** Connection, DNS, Listeners, HTTP, Path MTU, Kernel, Log, Failed. */
  readonly what: string;
  /** From where to where, or which pod. */
  readonly about: string;
  readonly told: string;
  readonly state: 'pass' | 'fail' | 'unknown';
}

/** Which probes ran and how long, or why none did, as half a sentence. */
export function probesText({ probes, observed }: DiagnosisDocument): string {
  if (!probes.ran || observed === undefined) return `none: ${probes.why ?? 'no packet was sent'}`;
  const counts = [
    ['connection', 'connections', observed.connects.length],
    ['lookup', 'lookups', observed.dns.length],
    ['list of listeners', 'lists of listeners', observed.listeners.length],
    ['HTTP', 'HTTP', observed.http.length],
    ['MTU', 'MTU', observed.mtu.length],
    ['pattern in logs', 'patterns in logs', observed.logs.length],
  ] as const;
  const words = counts
    .filter(([, , count]) => count > 0)
    .map(([one, many, count]) => `${count} ${count === 1 ? one : many}`);
  const time = probes.ms === undefined ? '' : ` in ${secondsText(probes.ms)}`;
  const failed = observed.failed.length === 0 ? '' : `; ${observed.failed.length} could not be done`;
  return `${words.join(', ') || 'none answered'}${time}${failed}`;
}

/** What packets say of the hops at which a finding stands; undefined where none was sent there. */
export function probeProof(
  { traces, observed }: DiagnosisDocument,
  finding: DocumentFinding,
): string | undefined {
  if (observed === undefined) return undefined;
  const hops = traces.flatMap((trace) =>
    trace.hops
      .filter(({ at, codes }) => at === finding.hop && codes.includes(finding.code))
      .map((hop) => ({ hop, endpoint: trace.endpoint })),
  );
  const [first] = hops;
  if (first === undefined) return undefined;
  const endpoints = new Set(hops.map(({ endpoint }) => endpoint));
  const tried = observed.connects.filter(({ to }) => to.role === 'endpoint' && endpoints.has(joined(to)));
  const [connect] = tried;
  const told = connect === undefined ? probeWords[first.hop.probe] : attemptsText(connect);
  return `model: ${modelWords(first.hop)}  probe: ${told}`;
}

const probeWords = {
  pass: 'passes',
  fail: 'fails',
  unknown: 'tells nothing',
  none: 'none sent here',
} as const;

function modelWords({ at, model }: DocumentHop): string {
  if (at === 'egress' || at === 'ingress') return { pass: 'allow', fail: 'deny', unknown: 'open' }[model];
  return { pass: 'in order', fail: 'broken', unknown: 'open' }[model];
}

/** `tcp timeout 3/3`. */
function attemptsText({ to, attempts }: Connect): string {
  const counts = new Map<string, number>();
  for (const { outcome } of attempts) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const words = [...counts].map(([outcome, count]) => `${outcomeWords(outcome)} ${count}/${attempts.length}`);
  return `${to.protocol.toLowerCase()} ${words.join(', ') || 'not tried'}`;
}

function outcomeWords(outcome: string): string {
  return outcome.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Every observation in words, in the order of the way. */
export function observations({ observed }: DiagnosisDocument): readonly Observation[] {
  if (observed === undefined) return [];
  const { connects, dns, listeners, http, mtu, kernel, logs, failed } = observed;
  return [
    ...dns.map(({ from, name, answers, libc }): Observation => {
      const found = answers.filter(({ addresses }) => addresses.length > 0);
      const [best] = found;
      const codes = [...new Set(answers.map(({ rcode, outcome }) => rcode ?? outcome))].join(', ');
      const told =
        best === undefined
          ? `no address (${codes || 'not asked'})`
          : `${best.addresses.join(', ')} from ${best.server}${timeText(best.ms)}`;
      const state = libc.addresses.length > 0 || best !== undefined ? 'pass' : 'fail';
      return { what: 'DNS', about: `${from}: ${name}`, told, state };
    }),
    ...connects.map((connect): Observation => {
      const { from, to, attempts } = connect;
      const good = attempts.filter(({ outcome }) => outcome === 'connected' || outcome === 'answered');
      const state =
        attempts.length === 0 || attempts.every(({ outcome }) => outcome === 'noAnswer')
          ? 'unknown'
          : good.length === attempts.length
            ? 'pass'
            : 'fail';
      const about = `${from} → ${joined(to)} (${to.role})`;
      return { what: 'Connection', about, told: `${attemptsText(connect)}${timeText(good[0]?.ms)}`, state };
    }),
    ...http.map(({ from, url, status }): Observation => ({
      what: 'HTTP',
      about: `${from}: ${url}`,
      told: status === undefined ? 'no answer' : `status ${status}`,
      state: status === undefined ? 'fail' : status < 400 ? 'pass' : 'unknown',
    })),
    ...listeners.map(({ pod, sockets }): Observation => ({
      what: 'Listeners',
      about: pod,
      told:
        sockets.map(({ protocol, address, port }) => `${joined({ address, port })}/${protocol}`).join(', ') ||
        'nothing listens',
      state: 'pass',
    })),
    ...mtu.map(({ from, endpoint, localMtu, pathMtu, limit }): Observation => ({
      what: 'Path MTU',
      about: `${from} → ${endpoint}`,
      told: `${pathMtu ?? 'unknown'} of ${localMtu ?? 'unknown'} bytes (${outcomeWords(limit)})`,
      state: limit === 'none' ? 'pass' : limit === 'blackHole' ? 'fail' : 'unknown',
    })),
    ...kernel.map(({ pod, values }): Observation => ({
      what: 'Kernel',
      about: pod,
      told: Object.entries(values)
        .map(([name, value]) => `${name}=${value}`)
        .join(', '),
      state: 'pass',
    })),
    ...logs.map(({ pod, container, pattern, count, sample }): Observation => ({
      what: 'Log',
      about: `${pod}, container ${container}: ${pattern}, ${count === 1 ? '1 line' : `${count} lines`}`,
      told: sample,
      state: 'unknown',
    })),
    ...failed.map(({ what, why }): Observation => ({
      what: 'Failed',
      about: what,
      told: why,
      state: 'unknown',
    })),
  ];
}

/** Milliseconds as a person reads them: `4 ms`, `1.2 s`. */
export function secondsText(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms >= 10 ? Math.round(ms) : Number(ms.toFixed(1))} ms`;
}

function timeText(ms: number | undefined): string {
  return ms === undefined ? '' : ` in ${secondsText(ms)}`;
}
