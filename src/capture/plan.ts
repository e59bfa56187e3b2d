import { ExitCode, NetdebugError } from '../errors.js';
import { DEFAULT_SNAPLEN, captureArgv, filterWord } from '../tools/tcpdump.js';
import type { CaptureSource, SourcePlace } from './source.js';

/** What to capture in each place; where it goes is the sink's business. */
export interface CaptureRequest {
  /** `eth0`, `lo`, or `any`: all of them, in a link type that Wireshark reads since 3.4. */
  readonly interface: string;
  /** A pcap-filter(7) expression. */
  readonly filter?: string | undefined;
  /** Most bytes kept of a packet, default 262144. */
  readonly snaplen?: number | undefined;
  /** Ends after so many packets, of all sources together. */
  readonly packetCount?: number | undefined;
  /** Ends so many milliseconds after every tcpdump began, or failed. */
  readonly durationMs?: number | undefined;
  /** Ends before the file grows larger. */
  readonly maxBytes?: number | undefined;
  /** Ring between kernel and tcpdump, KiB; default 32768. */
  readonly bufferKiB?: number | undefined;
  readonly precision?: 'micro' | 'nano' | undefined;
}

/** What would be run, and when it would end: the answer to `--dry-run`. */
export interface CapturePlan {
  readonly kind: 'CapturePlan';
  readonly interface: string;
  readonly filter: string | undefined;
  readonly snaplen: number;
  readonly packetCount: number | undefined;
  readonly durationMs: number | undefined;
  readonly maxBytes: number | undefined;
  /** What runs in the debug container, word by word; no shell reads it. */
  readonly argv: readonly string[];
}

/**
 * With --immediate-mode the ring has slots of one size, each for the largest packet that may come: 64 KiB where the interface
 * offloads segmentation, as in pods. libpcap's own 2 MiB hold 32 packets; this holds 512, so that a burst is not lost.
 */
const DEFAULT_BUFFER_KIB = 32_768;

/** File header and the header of one record: less cannot hold a packet. */
const LEAST_BYTES = 40;

/** Checks a request and builds the command. Throws a {@link NetdebugError} (2) that names the value that cannot be. */
export function planCapture(request: CaptureRequest): CapturePlan {
  const {
    packetCount,
    durationMs,
    maxBytes,
    snaplen = DEFAULT_SNAPLEN,
    bufferKiB = DEFAULT_BUFFER_KIB,
  } = request;
  within('number of packets', packetCount, 1, 2 ** 31 - 1);
  // Longer than this a timer cannot wait.
  within('duration in milliseconds', durationMs, 1, 2 ** 31 - 1);
  within('largest size in bytes', maxBytes, LEAST_BYTES, Number.MAX_SAFE_INTEGER);
  within('snaplen', snaplen, 1, DEFAULT_SNAPLEN);
  within('buffer in KiB', bufferKiB, 1, 2 ** 21 - 1);
  if (!/^[\x21-\x7e]{1,64}$/.test(request.interface)) {
    throw usage(`${JSON.stringify(request.interface)} is not the name of an interface.`);
  }
  return {
    kind: 'CapturePlan',
    interface: request.interface,
    filter: filterWord(request.filter),
    snaplen,
    packetCount,
    durationMs,
    maxBytes,
    argv: captureArgv({ ...request, snaplen, bufferKiB }),
  };
}

/** One tcpdump of a plan in one place. */
export function sourceOf(place: SourcePlace, plan: CapturePlan & { readonly shows?: string }): CaptureSource {
  const { interface: name, shows, filter, argv } = plan;
  return { place, interface: name, ...(shows === undefined ? {} : { shows }), filter, argv };
}

function within(what: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw usage(`The ${what} must be a whole number from ${least} to ${most}, not ${value}.`);
}

function usage(sentence: string): NetdebugError {
  return new NetdebugError(sentence, { exitCode: ExitCode.usage });
}
