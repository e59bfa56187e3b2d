import type { ToolEnd } from '../debugger/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import { linktypeName } from '../pcap/linktype.js';
import type { PcapTracker } from '../pcap/tracker.js';
import type { Timestamp } from '../pcap/types.js';
import type { TcpdumpCounters } from '../tools/tcpdump.js';
import type { CapturePlan } from './plan.js';

/**
 * Why a capture ended. `limit`: packets, time or size as asked. `interrupt`: Ctrl-C. `reader`: Wireshark was closed.
 * `tool`: tcpdump ended by itself. `lost`: the connection went away. `sink`: the bytes could not be written.
 */
export type EndedBy = 'limit' | 'interrupt' | 'reader' | 'tool' | 'lost' | 'sink';

/** What a capture was, and whether it can be trusted. */
export interface CaptureSummary {
  readonly kind: 'CaptureSummary';
  readonly namespace: string;
  readonly pod: string;
  readonly interface: string;
  /** e.g. `EN10MB (Ethernet)`. */
  readonly linktype: string;
  readonly filter: string | undefined;
  /** Packets and bytes that were written; always whole records. */
  readonly packets: number;
  readonly bytes: number;
  /** Time stamps of the first and the last packet that arrived. */
  readonly first: Timestamp | undefined;
  readonly last: Timestamp | undefined;
  /** Packets that tcpdump says it captured; undefined when it could not say. */
  readonly captured: number | undefined;
  readonly receivedByFilter: number | undefined;
  readonly droppedByKernel: number | undefined;
  readonly droppedByInterface: number | undefined;
  /** Whether the stream ended where a record does. What was written does in any case. */
  readonly whole: boolean;
  /** True when everything that was captured is here, and known to be. */
  readonly complete: boolean;
  readonly endedBy: EndedBy;
  /** From tcpdump's first byte to its end. */
  readonly durationMs: number;
  /** What is missing or unknown, one sentence each; empty when complete. */
  readonly problems: readonly string[];
  /** Facts that do not make it incomplete, one sentence each. */
  readonly notes: readonly string[];
  readonly exit: ExitCode;
}

/** All that is known when a capture is over. */
export interface Outcome {
  readonly tracker: PcapTracker;
  readonly cutBytes: number;
  readonly counters: Partial<TcpdumpCounters>;
  /** tcpdump's other words. */
  readonly words: readonly string[];
  /** undefined: it did not end in time. */
  readonly end: ToolEnd | undefined;
  /** Why it was told to stop; undefined when it ended by itself. */
  readonly stoppedBy: Exclude<EndedBy, 'lost'> | undefined;
  readonly sinkError: unknown;
  /** What reached the sink. */
  readonly written: { readonly packets: number; readonly bytes: number };
  readonly durationMs: number;
}

/** Judges a capture. Pure. */
export function summariseCapture(plan: CapturePlan, outcome: Outcome): CaptureSummary {
  const { tracker, counters, written } = outcome;
  const endedBy = endedByOf(plan, outcome);
  const cutByStop = isCutByStop(outcome);
  const problems = problemsOf(outcome, endedBy, cutByStop);
  const notes = cutByStop
    ? ['1 packet that tcpdump was writing when it was told to stop is not included.']
    : [];
  const complete = problems.length === 0;
  return {
    kind: 'CaptureSummary',
    namespace: plan.namespace,
    pod: plan.pod,
    interface: plan.interface,
    linktype: linktypeName(tracker.header?.linktype ?? -1),
    filter: plan.filter,
    packets: written.packets,
    bytes: written.bytes,
    first: tracker.first,
    last: tracker.last,
    captured: counters.captured,
    receivedByFilter: counters.receivedByFilter,
    droppedByKernel: counters.droppedByKernel,
    // tcpdump prints this one only when it is not zero.
    droppedByInterface: counters.droppedByInterface ?? (hasCounters(counters) ? 0 : undefined),
    whole: outcome.cutBytes === 0 && tracker.fault === undefined,
    complete,
    endedBy,
    durationMs: outcome.durationMs,
    problems,
    notes,
    exit: complete ? (endedBy === 'interrupt' ? ExitCode.interrupted : ExitCode.ok) : ExitCode.incomplete,
  };
}

function endedByOf(plan: CapturePlan, { end, stoppedBy, tracker }: Outcome): EndedBy {
  if (stoppedBy !== undefined) return stoppedBy;
  if (end?.kind === 'lost') return 'lost';
  return plan.packetCount !== undefined && tracker.packets >= plan.packetCount ? 'limit' : 'tool';
}

/**
 * A tcpdump that waits for room in its pipe when SIGINT comes loses the packet in hand, or writes a part of it: it was counted,
 * it did not arrive, and nothing after it exists. Seen with tcpdump 4.99.3.
 */
function isCutByStop({ stoppedBy, counters, tracker }: Outcome): boolean {
  return stoppedBy !== undefined && tracker.fault === undefined && counters.captured === tracker.packets + 1;
}

function problemsOf(outcome: Outcome, endedBy: EndedBy, cutByStop: boolean): string[] {
  const { tracker, counters, end, sinkError, cutBytes, words } = outcome;
  const problems: string[] = [];
  if (sinkError !== undefined) problems.push(sinkSentence(sinkError));
  if (tracker.fault !== undefined) {
    problems.push(
      `At byte ${tracker.fault.offset}, ${tracker.fault.message}; everything before it was kept.`,
    );
  }
  if (end === undefined) problems.push('tcpdump did not end in time after it was told to stop.');
  else if (end.kind !== 'exited') problems.push(end.error.message);
  else if (end.exitCode !== 0 || (endedBy === 'tool' && tracker.fault === undefined))
    problems.push(toolSentence(end.exitCode, words));
  if (cutBytes > 0 && tracker.fault === undefined && !cutByStop) {
    problems.push(`The last packet did not arrive whole: ${cutBytes} bytes of it were left out.`);
  }
  if (!hasCounters(counters)) {
    problems.push("tcpdump's own counters did not arrive, so it is not known whether packets are missing.");
  } else if (counters.captured !== tracker.packets && !cutByStop && tracker.fault === undefined) {
    problems.push(`tcpdump captured ${counters.captured} packets, but ${tracker.packets} arrived.`);
  }
  return problems;
}

function hasCounters(counters: Partial<TcpdumpCounters>): counters is TcpdumpCounters {
  const { captured, receivedByFilter, droppedByKernel } = counters;
  return captured !== undefined && receivedByFilter !== undefined && droppedByKernel !== undefined;
}

function toolSentence(exitCode: number, words: readonly string[]): string {
  const last = words.at(-1);
  if (last !== undefined && exitCode !== 0) return `tcpdump failed: ${last}`;
  if (exitCode > 128) return `tcpdump was killed in the pod (exit code ${exitCode}).`;
  return exitCode === 0
    ? 'tcpdump was ended in the pod by somebody else.'
    : `tcpdump failed with exit code ${exitCode}.`;
}

function sinkSentence(error: unknown): string {
  if (error instanceof NetdebugError) return error.message;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC') return 'The disk is full; what was written before is whole.';
  return `The packets could not be written: ${error instanceof Error ? error.message : String(error)}`;
}
