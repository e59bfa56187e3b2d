import type { Facts, Source } from './model/facts.js';
import type { Observed } from './observed.js';
import { dnsState, meshState, resultOf, seenOf } from './probed.js';
import type { DiagnosisVerdict, Trace } from './trace.js';

type Outcome = 'pass' | 'part' | 'fail' | 'unknown';

/**
 * The verdict by what packets did, where that is conclusive: everything connected, nothing did, or part of it. Undefined where nothing
 * was tried. Silence on UDP proves nothing: `UNDETERMINED`, unless the objects say that it cannot pass.
 */
export function verdictByProbes(
  facts: Facts,
  traces: readonly Trace[],
  model: DiagnosisVerdict,
): DiagnosisVerdict | undefined {
  const { observed, sources } = facts;
  if (observed === undefined) return undefined;
  const outcomes = sources.map((source) => outcomeFrom(facts, observed, source, traces));
  const told = outcomes.filter((one) => one !== undefined);
  if (told.length === 0) return undefined;
  // Sources that nothing was sent from are taken as the objects have them.
  const all = outcomes.map((one, index) => one ?? modelOutcome(traces, sources[index]));
  if (all.every((one) => one === 'pass')) return 'REACHABLE';
  if (all.every((one) => one === 'fail')) return 'UNREACHABLE';
  if (told.every((one) => one === 'unknown')) return model === 'REACHABLE' ? 'UNDETERMINED' : model;
  if (all.some((one) => one === 'part') || (all.includes('fail') && all.includes('pass'))) return 'AMBIGUOUS';
  // What is left besides those that nothing is known of.
  return all.includes('fail') || told.includes('unknown') ? 'UNDETERMINED' : 'REACHABLE';
}

function outcomeFrom(
  facts: Facts,
  observed: Observed,
  source: Source,
  traces: readonly Trace[],
): Outcome | undefined {
  const ways = facts.links.filter((link) => link.source?.key === source.key);
  const seen = (ways.length > 0 ? ways : [{ source }]).map((link) => seenOf(observed, link));
  const [first] = seen;
  const service = first?.service && resultOf(first.service);
  const ends = seen.flatMap(({ end }) => (end === undefined ? [] : [resultOf(end)]));
  const pinned = facts.destination.service?.object?.spec.sessionAffinity === 'ClientIP';
  const connection = connected(service, ends, pinned);
  if (connection === undefined) return undefined;
  const byName = facts.destination.service === undefined || facts.destination.service.host !== undefined;
  const lost = first?.dns !== undefined && (dnsState(first.dns) === 'fail' || misled(traces, source));
  if (lost) return byName || connection === 'fail' ? 'fail' : 'part';
  const hole = observed.mtu.some(({ from, limit }) => from === source.key && limit === 'blackHole');
  if (connection === 'pass' && hole) return 'part';
  return connection === 'pass' ? throughMesh(observed, source, traces) : connection;
}

/** A proxy of the mesh connects to everybody: where the objects say that it lets nobody through, only a request tells. */
function throughMesh(observed: Observed, source: Source, traces: readonly Trace[]): Outcome {
  const doubted = traces.some(
    (trace) =>
      trace.source === source.text && trace.hops.some(({ at, model }) => at === 'mesh' && model === 'fail'),
  );
  if (!doubted) return 'pass';
  const told = meshState(observed, source.key);
  return told === 'pass' || told === 'fail' ? told : 'unknown';
}

function connected(
  service: string | undefined,
  ends: readonly string[],
  pinned: boolean,
): Outcome | undefined {
  const known = ends.filter((one) => one !== 'open');
  if (service === undefined || service === 'open') {
    if (known.length === 0) return service === undefined && ends.length === 0 ? undefined : 'unknown';
    if (known.every((one) => one === 'all')) return 'pass';
    return known.every((one) => one === 'none') ? 'fail' : 'part';
  }
  // A few attempts may all have met the bad ones of several endpoints; a client that is pinned to one of them meets no other.
  const mixed = known.includes('all') && known.some((one) => one !== 'all');
  if (service === 'none') return mixed && !pinned ? 'part' : 'fail';
  return service === 'all' && known.every((one) => one === 'all') ? 'pass' : 'part';
}

/** The name leads elsewhere: an address came, and a finding says that it is the wrong one. */
function misled(traces: readonly Trace[], source: Source): boolean {
  return traces.some(
    (trace) =>
      trace.source === source.text &&
      trace.hops.some(
        ({ at, codes }) => at === 'dns' && ['ND405', 'ND409', 'ND414'].some((code) => codes.includes(code)),
      ),
  );
}

function modelOutcome(traces: readonly Trace[], source: Source | undefined): Outcome {
  const own = traces.filter((trace) => trace.source === source?.text);
  const failed = own.filter(({ hops }) => hops.some(({ model }) => model === 'fail')).length;
  if (own.length > 0 && failed === own.length) return 'fail';
  if (failed > 0) return 'part';
  return own.every(({ hops }) => hops.every(({ model }) => model === 'pass')) ? 'pass' : 'unknown';
}
