import { ExitCode, NetdebugError } from '../errors.js';
import { inParallel, type ProbeOptions } from '../tools/probe.js';
import type { RunTool } from '../tools/run.js';
import { tryBatch, type BatchAttempt } from '../tools/batch.js';
import type { BatchOptions, BatchProbe } from '../tools/batch-script.js';
import { isItself, sourceName } from './types.js';
import type { FailedSource, MatrixDestination, MatrixPlan, MatrixSource, PacketCell } from './types.js';

export interface LiveOptions extends BatchOptions, ProbeOptions {
  /** Pods at once in which a debug container is started and connections are tried. */
  readonly sourcesAtOnce: number;
  /** Starts tools in the debug container of a pod, which it gets first. */
  readonly open: (source: MatrixSource) => Promise<RunTool>;
  readonly onProgress: (done: number, of: number) => void;
}

/** What packets did, by source and destination; undefined where a pod is its own destination. */
export interface Probed {
  readonly rows: readonly (readonly (PacketCell | undefined)[])[];
  readonly failed: readonly FailedSource[];
}

/**
 * Connects from every source to every destination, once more where it did not work. A source that fails is named and does not stop
 * the others. Throws a {@link NetdebugError}: that of the first source when all fail, or interrupted (130).
 */
export async function probeMatrix(plan: MatrixPlan, options: LiveOptions): Promise<Probed> {
  const { sources, destinations } = plan;
  const failed: FailedSource[] = [];
  let done = 0;
  const rows = await inParallel(sources, options.sourcesAtOnce, async (source) => {
    try {
      return await probeFrom(source, destinations, options);
    } catch (error) {
      const stopped = options.signal?.aborted === true;
      if (stopped || !(error instanceof NetdebugError) || error.exitCode === ExitCode.interrupted)
        throw error;
      failed.push({ source, error });
      const text = `${sourceName(source)} failed: ${error.message}`;
      return destinations.map((to) => (isItself(source, to) ? undefined : notTested(text)));
    } finally {
      options.onProgress(++done, sources.length);
    }
  });
  const [first] = failed;
  if (first !== undefined && failed.length === sources.length) throw first.error;
  return { rows, failed };
}

async function probeFrom(
  source: MatrixSource,
  destinations: readonly MatrixDestination[],
  options: LiveOptions,
): Promise<(PacketCell | undefined)[]> {
  const cells = destinations.map((to) => (isItself(source, to) ? undefined : untestable(to)));
  const asked = destinations.flatMap((to, at) => {
    const { host, port, protocol } = to;
    if (isItself(source, to) || cells[at] !== undefined || host === undefined || protocol === 'sctp')
      return [];
    return [{ at, probe: { host, port, protocol } satisfies BatchProbe }];
  });
  if (asked.length === 0) return cells;
  const run = await options.open(source);
  const first = await tryBatch(
    run,
    asked.map(({ probe }) => probe),
    options,
  );
  const again = asked.filter((_, index) => isWorthRetrying(first[index]));
  const second = await tryBatch(
    run,
    again.map(({ probe }) => probe),
    options,
  );
  for (const [index, { at }] of asked.entries()) cells[at] = packetOf(first[index]);
  for (const [index, { at }] of again.entries()) cells[at] = merged(cells[at], packetOf(second[index]));
  return cells;
}

/** Whether another attempt may tell more: everything but success, and what no program of the container can do. */
function isWorthRetrying(attempt: BatchAttempt | undefined): boolean {
  return attempt !== undefined && attempt !== 'noProgram' && !isOpen(packetOf(attempt));
}

/** The second attempt counts: it is the newer one. That the first did not connect is kept in `tries`. */
export function merged(first: PacketCell | undefined, second: PacketCell): PacketCell {
  if (second.outcome === 'notTested' && first !== undefined) return first;
  return { ...second, tries: 2 };
}

/** Whether something was there and answered. */
export function isOpen({ outcome }: PacketCell): boolean {
  return outcome === 'connected' || outcome === 'answered';
}

function packetOf(attempt: BatchAttempt | undefined): PacketCell {
  if (attempt === undefined) return notTested('there is no result');
  if (attempt === 'noProgram') return notTested('UDP needs bash in the debug image');
  return attempt;
}

function untestable({ host, protocol }: MatrixDestination): PacketCell | undefined {
  if (host === undefined) return notTested('the pod has no address yet');
  // An ExternalName is whatever somebody wrote; a program would take a leading hyphen for a flag.
  if (!/^[\w:][\w.:-]*$/.test(host)) return notTested('that is no name to connect to');
  return protocol === 'sctp' ? notTested('SCTP is not spoken') : undefined;
}

function notTested(text: string): PacketCell {
  return { outcome: 'notTested', text };
}
