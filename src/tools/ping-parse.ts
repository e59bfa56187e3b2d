/**
 * Reads what ping prints: iputils and busybox, IPv4 and IPv6, whatever language it speaks (the words are not relied on,
 * only numbers, `seq=`, `ttl=` and punctuation). Source: iputils ping_common.c, ping4_common.c, ping6_common.c; busybox ping.c.
 */
import { printable } from './text.js';

/** `PING name (address) ...`: the name was resolved. */
export interface PingStart {
  readonly kind: 'PingStart';
  readonly destination: string;
  readonly address: string;
}

export interface PingReply {
  readonly kind: 'PingReply';
  /** As ping counts: from 1 with iputils, from 0 with busybox. */
  readonly sequence: number;
  readonly from: string;
  readonly bytes: number;
  readonly ttl: number;
  /** Absent when the packet is too small to carry a time stamp. */
  readonly timeMs: number | undefined;
  /** Another reply to a packet that was already answered. */
  readonly duplicate: boolean;
  /** What ping found wrong with it: truncated, bad checksum. Empty as a rule. */
  readonly remark: string;
}

/** The next packet is sent and this one is not answered yet; it may still come. */
export interface PingUnanswered {
  readonly kind: 'PingUnanswered';
  readonly sequence: number;
}

/** An ICMP error: somebody on the way says why the packet did not arrive. */
export interface PingUnreachable {
  readonly kind: 'PingUnreachable';
  readonly sequence: number | undefined;
  readonly from: string;
  /** In ping's words, e.g. `Destination Host Unreachable`, `Time to live exceeded`. */
  readonly reason: string;
}

/** A line that ping wrote about trouble of its own, e.g. `local error: message too long, mtu=1400`. */
export interface PingTrouble {
  readonly kind: 'PingTrouble';
  readonly text: string;
}

export type PingEvent = PingStart | PingReply | PingUnanswered | PingUnreachable | PingTrouble;

/** The counts of ping's last lines. */
export interface PingCounts {
  readonly transmitted: number;
  readonly received: number;
  readonly duplicates: number;
  readonly errors: number;
}

/** Round-trip times, milliseconds. */
export interface PingTimes {
  readonly minMs: number;
  readonly avgMs: number;
  readonly maxMs: number;
  /** Mean deviation; busybox does not tell. */
  readonly mdevMs: number | undefined;
}

export type PingLine =
  PingEvent | ({ readonly kind: 'counts' } & PingCounts) | ({ readonly kind: 'times' } & PingTimes);

const START = /^PING ([^\s(]+) ?\((?:\S+ \()?([0-9a-fA-F:.]+)(?:%[^)]*)?\)+/;
const REPLY =
  /^(?:\[[\d.]+\] )?(\d+) .*? ([0-9A-Za-z_.:%-]*\w)(?: \(([^)]+)\))? ?: (?:icmp_)?seq=(\d+) ttl=(\d+)(?: \S+?[=<]([\d.,]+) ms)?(.*)$/;
const ICMP_ERROR =
  /^(?:\[[\d.]+\] )?\S+ ([0-9A-Za-z_.:%-]*\w)(?: \(([^)]+)\))?:? (?:icmp_)?seq=(\d+) (\S.*)$/;
const UNANSWERED = /^(?:\[[\d.]+\] )?[^=:]*\b(?:icmp_)?seq=(\d+)$/;
const COUNTS = /^(\d+) [^,]*, (\d+) [^,]*,.*?[\d.,]+ ?%/;
const TIMES = /= ([\d.,]+)\/([\d.,]+)\/([\d.,]+)(?:\/([\d.,]+))? ms/;

/** Reads one line of stdout; undefined for lines that say nothing (headings, empty ones, progress dots). */
export function parsePingLine(line: string): PingLine | undefined {
  // No line of ping is longer; the other side shall not keep our regular expressions busy.
  if (line.length > 1000) return undefined;
  const start = START.exec(line);
  if (start !== null) return { kind: 'PingStart', destination: start[1] ?? '', address: start[2] ?? '' };
  const reply = REPLY.exec(line);
  if (reply !== null) {
    const remark = printable((reply[7] ?? '').trim());
    return {
      kind: 'PingReply',
      sequence: Number(reply[4]),
      from: reply[3] ?? reply[2] ?? '',
      bytes: Number(reply[1]),
      ttl: Number(reply[5]),
      timeMs: decimal(reply[6]),
      duplicate: remark.includes('DUP!'),
      remark: remark.replace('(DUP!)', '').trim(),
    };
  }
  const icmp = ICMP_ERROR.exec(line);
  if (icmp !== null) {
    const from = icmp[2] ?? icmp[1] ?? '';
    return { kind: 'PingUnreachable', sequence: Number(icmp[3]), from, reason: printable(icmp[4] ?? '') };
  }
  const unanswered = UNANSWERED.exec(line);
  if (unanswered !== null) return { kind: 'PingUnanswered', sequence: Number(unanswered[1]) };
  const counts = COUNTS.exec(line);
  if (counts !== null) return { kind: 'counts', ...readCounts(line, counts) };
  const times = TIMES.exec(line);
  if (times === null) return undefined;
  return {
    kind: 'times',
    minMs: decimal(times[1]) ?? 0,
    avgMs: decimal(times[2]) ?? 0,
    maxMs: decimal(times[3]) ?? 0,
    mdevMs: decimal(times[4]),
  };
}

/** `3 packets transmitted, 2 received, +1 duplicates, +4 errors, 33% packet loss, time 445ms`; busybox: `3 duplicates`. */
function readCounts(line: string, counts: RegExpExecArray): PingCounts {
  const parts = line.split(', ').slice(2);
  const plus = parts.filter((part) => part.startsWith('+'));
  const named = (word: RegExp): number =>
    Number(/\d+/.exec(parts.find((part) => word.test(part)) ?? '')?.[0] ?? 0);
  const known = { duplicates: named(/duplicate/), errors: named(/error/) };
  // In another language the words are not known, but errors are the last that iputils puts before the loss.
  const unknown = plus.length > 0 && known.duplicates + known.errors === 0;
  const errors = unknown ? Number(/\d+/.exec(plus.at(-1) ?? '')?.[0] ?? 0) : known.errors;
  return {
    transmitted: Number(counts[1]),
    received: Number(counts[2]),
    duplicates: known.duplicates,
    errors,
  };
}

/** A number with a decimal point or comma. */
function decimal(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text.replace(',', '.'));
}
