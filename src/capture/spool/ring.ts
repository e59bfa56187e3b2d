import { ExitCode, NetdebugError } from '../../errors.js';
import { cleanText } from '../../kube/text.js';
import { PCAP_HEADER_LENGTH } from '../../pcap/header.js';

/** How a spool of a given size is cut into files. */
export interface Ring {
  /** tcpdump's `-C`: a file ends with the packet that makes it longer than so many million bytes. */
  readonly fileMegabytes: number;
  /** Files kept, the one that is written included. */
  readonly files: number;
  /** Room that must be there before it starts, KiB: the ring, and what comes until the supervisor looks again. */
  readonly neededKiB: number;
}

/** Less than four files of tcpdump's smallest size is no ring. */
export const LEAST_SPOOL_BYTES = 4_000_000;
const MOST_FILES = 16;

/** Cuts a ring into up to 16 files, of which one at a time is given up. `bytes` is at least {@link LEAST_SPOOL_BYTES}. */
export function ringOf(bytes: number): Ring {
  const megabytes = Math.floor(bytes / 1e6);
  const fileMegabytes = Math.max(1, Math.ceil(megabytes / MOST_FILES));
  return {
    fileMegabytes,
    files: Math.max(2, Math.floor(megabytes / fileMegabytes)),
    neededKiB: Math.ceil((bytes * 1.1 + 1e6) / 1024),
  };
}

/** A place in the packets of a spool: a file by its number, and how many of its bytes are behind it. */
export interface SpoolPosition {
  readonly file: number;
  readonly offset: number;
}

/** What a spool says of itself. Everything was said by a pod. */
export interface SpoolStatus {
  readonly name: string;
  readonly about: string;
  /** Number of the oldest file that is kept, and the bytes of all files before it. */
  readonly oldest: number;
  readonly removedBytes: number;
  /** The file that is written, and its bytes; undefined before there is one. */
  readonly newest: { readonly file: number; readonly bytes: number } | undefined;
  /** How tcpdump ended, and when, seconds since 1970 by the node's clock; undefined while it runs. */
  readonly end: { readonly exitCode: number; readonly at: number } | undefined;
  /** The same of the tcpdump that waited for a packet. */
  readonly trigger: { readonly exitCode: number; readonly at: number } | undefined;
  readonly triggerWords: readonly string[];
  readonly now: number;
}

/** Reads what the status script prints: lines of a word and values, a `spool` line before each. Unknown lines are left out. */
export function parseStatus(text: string): readonly SpoolStatus[] {
  return text
    .split(/^(?=spool )/m)
    .filter((part) => part.startsWith('spool '))
    .map((part) => {
      const rest = (word: string): string | undefined => new RegExp(`^${word} (.*)$`, 'm').exec(part)?.[1];
      const pair = (word: string): readonly [number, number] | undefined => {
        const match = /^(\d{1,15}) (\d{1,15})$/.exec(rest(word) ?? '');
        return match === null ? undefined : [Number(match[1]), Number(match[2])];
      };
      const [oldest, removedBytes] = pair('base') ?? [0, 0];
      const newest = pair('newest');
      return {
        name: cleanText(rest('spool') ?? '', 40),
        about: rest('about') ?? '',
        oldest,
        removedBytes,
        newest: newest && { file: newest[0], bytes: newest[1] },
        end: ended(pair('tcpdump.end')),
        trigger: ended(pair('trigger.end')),
        triggerWords: [...part.matchAll(/^words (.*)$/gm)].map(([, words = '']) => cleanText(words, 300)),
        now: Number(/^now (\d{1,12})$/m.exec(part)?.[1] ?? 0),
      };
    });
}

function ended(pair: readonly [number, number] | undefined): SpoolStatus['end'] {
  return pair && { exitCode: pair[0], at: pair[1] };
}

/**
 * Bytes of packets between a position and the oldest file that is left; file headers do not count.
 * @param bytesBefore Bytes of all files before `position.file`.
 */
export function missingBytes(position: SpoolPosition, bytesBefore: number, status: SpoolStatus): number {
  const removed = status.removedBytes - bytesBefore - position.offset;
  const headers = status.oldest - position.file - (position.offset >= PCAP_HEADER_LENGTH ? 1 : 0);
  return Math.max(0, removed - headers * PCAP_HEADER_LENGTH);
}

/** The start of a spool was refused: by the exit code of the start script and what it printed. */
export function startFailure(
  end: { readonly exitCode: number },
  stdout: string,
  needed: number,
  where: string,
): NetdebugError {
  const free = /^\d{1,12}/.exec(stdout)?.[0];
  if (end.exitCode === 94 && free !== undefined) {
    return new NetdebugError(
      `The debug container in ${where} has room for ${megabytes(Number(free))}, and the spool needs ${megabytes(needed)}.`,
      { exitCode: ExitCode.container, hint: 'Give a smaller --spool.' },
    );
  }
  if (end.exitCode === 93) {
    return new NetdebugError(
      `The debug container in ${where} has no directory for a spool: /tmp cannot be written.`,
      {
        exitCode: ExitCode.container,
        hint: 'A profile from a file may mount a volume there or set TMPDIR; without --spool nothing is written in the pod.',
      },
    );
  }
  return new NetdebugError(
    `The spool in ${where} could not be started: ${cleanText(stdout, 200) || `exit code ${end.exitCode}`}.`,
    { exitCode: ExitCode.incomplete },
  );
}

function megabytes(kib: number): string {
  return `${((kib * 1024) / 1e6).toFixed(1)} MB`;
}
