import type { ToolEnd } from '../debugger/types.js';
import { linktypeName } from '../pcap/linktype.js';
import type { Timestamp } from '../pcap/types.js';
import type { TcpdumpCounters } from '../tools/tcpdump.js';
import type { CaptureSource, Gap } from './source.js';
import type { StreamSource } from './stream.js';
import type { EndedBy, StopReason } from './ended.js';

/** What was captured, and whether it can be trusted: of one source, or of all of them together. */
export interface CaptureFigures {
  /** Packets and bytes that were written; always whole records. */
  readonly packets: number;
  readonly bytes: number;
  /** Time stamps of the first packet that was written and the last that arrived. */
  readonly first: Timestamp | undefined;
  readonly last: Timestamp | undefined;
  /** Packets that tcpdump says it captured; these four are undefined when it, or one of several, could not say. */
  readonly captured: number | undefined;
  readonly receivedByFilter: number | undefined;
  readonly droppedByKernel: number | undefined;
  readonly droppedByInterface: number | undefined;
  /** Of the dropped ones those that were wanted: not what came while it was stopping after a limit. */
  readonly lost: number;
  /** Written out of the order of time, because they came later than the window allowed. */
  readonly latePackets: number;
  /** Whether the stream, or every one, ended where a record does. What was written does in any case. */
  readonly whole: boolean;
  /** True when everything that was captured is here, and known to be. */
  readonly complete: boolean;
  readonly endedBy: EndedBy;
  /** What is missing or unknown, one sentence each; empty when nothing is. */
  readonly problems: readonly string[];
  /** Facts that do not make it incomplete, one sentence each. */
  readonly notes: readonly string[];
}

/** What one source brought. */
export interface SourceSummary extends CaptureFigures {
  /** As Wireshark shows it: `shop/web-0:eth0`. */
  readonly name: string;
  readonly namespace: string | undefined;
  readonly pod: string | undefined;
  readonly node: string | undefined;
  readonly interface: string;
  /** e.g. `EN10MB (Ethernet)`. */
  readonly linktype: string;
  readonly filter: string | undefined;
  readonly gaps: readonly Gap[];
  /** Restarts and the like, in the order they came. */
  readonly events: readonly string[];
}

/** A pod that went away under its capture. */
export interface Departure {
  /** A clause, e.g. `pod shop/web-0 was deleted`. */
  readonly why: string;
  /** Whether it was to be expected: a pod of a workload may go, one that was named is missed. */
  readonly expected: boolean;
}

/** All that is known when a source is over. */
export interface SourceOutcome {
  readonly name: string;
  readonly stream: StreamSource;
  readonly counters: Partial<TcpdumpCounters>;
  /** tcpdump's last answer while it ran. */
  readonly progress: TcpdumpCounters | undefined;
  /** tcpdump's other words. */
  readonly words: readonly string[];
  /** undefined: it did not end in time. */
  readonly end: ToolEnd | undefined;
  /** Why it was told to stop; undefined when it ended by itself. */
  readonly stoppedBy: StopReason | undefined;
  readonly departure: Departure | undefined;
  readonly gaps: readonly Gap[];
  readonly events: readonly string[];
  readonly packetCount: number | undefined;
}

/** Judges one source. Pure. */
export function summariseSource(source: CaptureSource, outcome: SourceOutcome): SourceSummary {
  const { stream, counters, departure, gaps } = outcome;
  const { place } = source;
  const cutByStop = isCutByStop(outcome);
  const endedBy = endedByOf(outcome);
  const known = hasCounters(counters);
  const problems = departure?.expected === true ? faultOf(stream) : problemsOf(outcome, endedBy, cutByStop);
  const notes = [
    ...(cutByStop ? ['1 packet that tcpdump was writing when it was told to stop is not included.'] : []),
    ...(departure?.expected === true
      ? [`${departure.why}${known ? '' : '; whether its last packets are here is not known'}.`]
      : []),
    ...outcome.events,
  ];
  const { written } = stream;
  return {
    name: outcome.name,
    namespace: place.kind === 'pod' ? place.namespace : undefined,
    pod: place.kind === 'pod' ? place.pod : undefined,
    node: place.node,
    interface: source.interface,
    linktype: linktypeName(stream.header?.linktype ?? -1),
    filter: source.filter,
    packets: written.packets,
    bytes: written.bytes,
    first: written.first,
    last: stream.lastTime,
    captured: counters.captured,
    receivedByFilter: counters.receivedByFilter,
    droppedByKernel: counters.droppedByKernel,
    // tcpdump prints this one only when it is not zero.
    droppedByInterface: counters.droppedByInterface ?? (known ? 0 : undefined),
    lost: lostOf(outcome),
    latePackets: stream.latePackets,
    gaps,
    events: outcome.events,
    whole: stream.cutBytes === 0 && stream.fault === undefined,
    complete: problems.length === 0 && (departure === undefined || known),
    endedBy,
    problems,
    notes,
  };
}

function endedByOf({ end, stoppedBy, departure, stream, packetCount }: SourceOutcome): EndedBy {
  if (departure !== undefined) return 'gone';
  if (stoppedBy !== undefined) return stoppedBy;
  if (end?.kind === 'lost') return 'lost';
  return packetCount !== undefined && stream.packets >= packetCount ? 'limit' : 'tool';
}

/**
 * What was dropped of what was asked for. After a limit tcpdump goes on until it hears of it, with nobody who reads what it writes:
 * only what it had told before counts then.
 */
function lostOf({ stoppedBy, stream, counters, progress }: SourceOutcome): number {
  const overrun = stoppedBy === 'limit' && stream.packets > stream.written.packets;
  const of: Partial<TcpdumpCounters> | undefined = overrun ? progress : counters;
  return (of?.droppedByKernel ?? 0) + (of?.droppedByInterface ?? 0);
}

/**
 * A tcpdump that waits for room in its pipe when SIGINT comes loses the packet in hand, or writes a part of it: it was counted,
 * it did not arrive, and nothing after it exists. Seen with tcpdump 4.99.3.
 */
function isCutByStop({ stoppedBy, counters, stream }: SourceOutcome): boolean {
  return stoppedBy !== undefined && stream.fault === undefined && counters.captured === stream.packets + 1;
}

function faultOf({ fault }: StreamSource): string[] {
  return fault === undefined ? [] : [fault];
}

function problemsOf(outcome: SourceOutcome, endedBy: EndedBy, cutByStop: boolean): string[] {
  const { stream, counters, end, words, departure, gaps } = outcome;
  const problems = faultOf(stream);
  const sound = problems.length === 0;
  if (departure !== undefined) problems.push(`${departure.why}.`);
  if (end === undefined) problems.push('tcpdump did not end in time after it was told to stop.');
  else if (end.kind !== 'exited') problems.push(end.error.message);
  else if (end.exitCode !== 0 || (endedBy === 'tool' && sound))
    problems.push(toolSentence(end.exitCode, words));
  if (stream.cutBytes > 0 && sound && !cutByStop) {
    problems.push(`The last packet did not arrive whole: ${stream.cutBytes} bytes of it were left out.`);
  }
  for (const gap of gaps) problems.push(gapSentence(gap));
  if (!hasCounters(counters)) {
    problems.push("tcpdump's own counters did not arrive, so it is not known whether packets are missing.");
  } else if (counters.captured !== stream.packets && !cutByStop && sound && gaps.length === 0) {
    problems.push(`tcpdump captured ${counters.captured} packets, but ${stream.packets} arrived.`);
  }
  return problems;
}

/** A gap as a sentence, with what it cost where that is known. */
function gapSentence({ reason, packets, bytes }: Gap): string {
  const cost =
    packets !== undefined
      ? `: ${packets} packets are missing`
      : bytes === undefined
        ? ''
        : `: ${bytes} bytes are missing`;
  const text = reason.replace(/\.$/, '');
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${cost}.`;
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
