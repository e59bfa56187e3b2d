import { ExitCode, NetdebugError } from '../errors.js';
import type { Timestamp } from '../pcap/types.js';
import type { StopReason } from './ended.js';
import type { CaptureFigures, SourceSummary } from './source-summary.js';
import type { Written } from './stream.js';

/** A target of which nothing was captured. */
export interface FailedSource {
  /** `shop/web-0:eth0`, or what was named when it came to nothing. */
  readonly name: string;
  readonly message: string;
  readonly exit: ExitCode;
}

/** What a capture was. The figures are those of all sources together. */
export interface CaptureSummary extends CaptureFigures {
  readonly kind: 'CaptureSummary';
  readonly format: 'pcap' | 'pcapng';
  /** From the first packet source that listened to the end. */
  readonly durationMs: number;
  readonly sources: readonly SourceSummary[];
  readonly failed: readonly FailedSource[];
  readonly exit: ExitCode;
}

/** All that is known when a capture is over. */
export interface CaptureOutcome {
  readonly format: 'pcap' | 'pcapng';
  readonly sources: readonly SourceSummary[];
  readonly failed: readonly FailedSource[];
  /** Facts about the whole, such as pods that were one too many. */
  readonly notes: readonly string[];
  /** undefined: every source ended by itself. */
  readonly stoppedBy: StopReason | undefined;
  readonly sinkError: unknown;
  /** What reached the sink. */
  readonly written: Written;
  readonly latePackets: number;
  readonly durationMs: number;
}

/** Judges a capture of any number of sources. Pure. */
export function summariseCapture(outcome: CaptureOutcome): CaptureSummary {
  const { sources, failed, written, sinkError, stoppedBy } = outcome;
  const several = sources.length + failed.length > 1;
  const named = (of: SourceSummary, sentence: string): string =>
    several ? `${of.name}: ${sentence}` : sentence;
  const problems = [
    ...(sinkError === undefined ? [] : [sinkSentence(sinkError)]),
    ...failed.map(({ name, message }) => `${name}: ${message}`),
    ...sources.flatMap((source) => source.problems.map((problem) => named(source, problem))),
  ];
  const notes = [
    ...outcome.notes,
    ...sources.flatMap((source) => source.notes.map((note) => named(source, note))),
  ];
  const endedBy = stoppedBy ?? sources.at(-1)?.endedBy ?? 'tool';
  const times = sources.flatMap(({ last }) => last ?? []);
  return {
    kind: 'CaptureSummary',
    format: outcome.format,
    packets: written.packets,
    bytes: written.bytes,
    first: written.first,
    last: times.reduce<Timestamp | undefined>(
      (latest, time) => (isLater(time, latest) ? time : latest),
      undefined,
    ),
    captured: sum(sources, ({ captured }) => captured),
    receivedByFilter: sum(sources, ({ receivedByFilter }) => receivedByFilter),
    droppedByKernel: sum(sources, ({ droppedByKernel }) => droppedByKernel),
    droppedByInterface: sum(sources, ({ droppedByInterface }) => droppedByInterface),
    lost: sources.reduce((total, { lost }) => total + lost, 0),
    latePackets: outcome.latePackets,
    whole: sources.every(({ whole }) => whole),
    complete: problems.length === 0 && sources.every(({ complete }) => complete),
    endedBy,
    durationMs: outcome.durationMs,
    problems,
    notes,
    sources,
    failed,
    exit:
      problems.length > 0
        ? ExitCode.incomplete
        : endedBy === 'interrupt'
          ? ExitCode.interrupted
          : ExitCode.ok,
  };
}

/** Whether `time` is after `other`; anything is after nothing. */
export function isLater(time: Timestamp, other: Timestamp | undefined): boolean {
  if (other === undefined) return true;
  return time.seconds === other.seconds ? time.nanoseconds > other.nanoseconds : time.seconds > other.seconds;
}

function sum(
  sources: readonly SourceSummary[],
  figure: (source: SourceSummary) => number | undefined,
): number | undefined {
  return sources.map(figure).reduce((total, value) => {
    return total === undefined || value === undefined ? undefined : total + value;
  }, 0);
}

function sinkSentence(error: unknown): string {
  if (error instanceof NetdebugError) return error.message;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC') return 'The disk is full; what was written before is whole.';
  return `The packets could not be written: ${error instanceof Error ? error.message : String(error)}`;
}
