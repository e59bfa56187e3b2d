import type { CaptureRequest } from '../../src/capture/plan.js';
import { parseCount } from './count.js';
import { longestWaitMs, parseDuration } from './duration.js';
import type { Flags } from './flags.js';
import { flagSetting } from './setting.js';
import { parseSize } from './size.js';
import { usageError } from './usage.js';
import { switchOf, type Words, wordOf } from './words.js';

/** What to capture in each pod, as the flags say it. */
export type CaptureOptions = Omit<CaptureRequest, 'interface'> & {
  /** As given; undefined: not said. */
  readonly interfaces: readonly string[] | undefined;
  readonly maxPods: number;
};

/** More pods than this are refused, unless `--max-pods` says otherwise. */
const defaultMaxPods = 20;
const mostPods = 200;
const mostInterfaces = 8;

/** Where the packets are to go, as the flags say it. */
export type CaptureDestination =
  /** Nothing was said: Wireshark on a desktop. */
  | { readonly kind: 'unsaid' }
  | { readonly kind: 'wireshark' }
  | { readonly kind: 'stdout' }
  | { readonly kind: 'file'; readonly path: string };

const precisions = ['micro', 'nano'] as const;

/** tcpdump counts its ring in KiB, in 31 bits of bytes. */
const mostBufferBytes = 2 ** 31 - 1024;

/** Flags that say what to capture, and where it goes. */
export const captureFlags: Flags = {
  write: {
    kind: 'text',
    short: 'w',
    placeholder: 'FILE',
    describe: 'write packets to FILE; - is stdout',
    group: 'Flags',
  },
  wireshark: { kind: 'switch', describe: 'show packets in Wireshark (default on a desktop)', group: 'Flags' },
  interface: {
    kind: 'text',
    short: 'i',
    placeholder: 'NAME',
    completes: 'interfaces',
    describe: 'interface, such as eth0, or several: eth0,lo (default any: all of them as one)',
    group: 'Flags',
  },
  filter: {
    kind: 'text',
    short: 'f',
    placeholder: 'EXPRESSION',
    describe: "pcap filter, such as 'tcp port 80'; also as words after --",
    group: 'Flags',
  },
  'packet-count': {
    kind: 'text',
    short: 'c',
    placeholder: 'N',
    describe: 'end after so many packets',
    group: 'Flags',
  },
  duration: { kind: 'text', placeholder: 'DURATION', describe: 'end after this time', group: 'Flags' },
  'max-size': {
    kind: 'text',
    placeholder: 'SIZE',
    describe: 'end before the file grows larger, such as 100MB',
    group: 'Flags',
  },
  'max-pods': {
    kind: 'text',
    placeholder: 'N',
    describe: `refuse targets that stand for more pods (default ${defaultMaxPods})`,
    group: 'Flags',
  },
  snaplen: {
    kind: 'text',
    placeholder: 'BYTES',
    describe: 'keep so many bytes of a packet (default 262144: all)',
    group: 'Flags',
  },
  'buffer-size': {
    kind: 'text',
    placeholder: 'SIZE',
    describe: 'ring between the kernel and tcpdump (default 32MiB); larger takes larger bursts',
    group: 'Flags',
  },
  precision: {
    kind: 'text',
    choices: precisions,
    placeholder: 'UNIT',
    describe: 'micro or nano: resolution of the time stamps (default micro)',
    group: 'Flags',
  },
};

/** Reads what to capture. Throws a usage error. */
export function parseCapture(words: Words): CaptureOptions {
  const packetCount = flagSetting(words, 'packet-count');
  const duration = flagSetting(words, 'duration');
  const maxSize = flagSetting(words, 'max-size');
  const snaplen = flagSetting(words, 'snaplen');
  const bufferSize = flagSetting(words, 'buffer-size');
  const maxPods = flagSetting(words, 'max-pods');
  return {
    interfaces: parseInterfaces(words),
    maxPods: maxPods === undefined ? defaultMaxPods : parseCount(maxPods, 1, mostPods),
    filter: parseFilter(words),
    packetCount: packetCount === undefined ? undefined : parseCount(packetCount),
    durationMs: duration === undefined ? undefined : parseDuration(duration, 1, longestWaitMs),
    maxBytes: maxSize === undefined ? undefined : parseSize(maxSize, 1024),
    snaplen: snaplen === undefined ? undefined : parseCount(snaplen, 1, 262_144),
    bufferKiB:
      bufferSize === undefined ? undefined : Math.ceil(parseSize(bufferSize, 1024, mostBufferBytes) / 1024),
    precision: precisions.find((unit) => unit === wordOf(words, 'precision')),
  };
}

/** `eth0,lo`, each once; that they are names is checked where tcpdump is told them. */
function parseInterfaces(words: Words): readonly string[] | undefined {
  const given = wordOf(words, 'interface');
  if (given === undefined) return undefined;
  const names = [...new Set(given.split(','))];
  if (names.length > mostInterfaces)
    throw usageError(
      `--interface: at most ${mostInterfaces} interfaces are captured in a pod`,
      words.command,
    );
  if (names.length > 1 && names.includes('any'))
    throw usageError('--interface: any is all interfaces already, name it alone', words.command);
  return names;
}

function parseFilter(words: Words): string | undefined {
  const filter = wordOf(words, 'filter');
  const rest = words.rest ?? [];
  if (rest.length === 0) return filter;
  if (filter !== undefined)
    throw usageError('give the filter either with --filter or after --', words.command);
  const flag = rest.find((word) => word.startsWith('-'));
  if (flag !== undefined) {
    throw usageError(
      `after -- comes a filter, and ${flag} is none`,
      words.command,
      'flags of capture stand before --',
    );
  }
  return rest.join(' ');
}

/** Reads where the packets are to go. Throws a usage error. */
export function parseDestination(words: Words): CaptureDestination {
  const write = wordOf(words, 'write');
  const wireshark = switchOf(words, 'wireshark');
  if (write !== undefined && wireshark)
    throw usageError('--write and --wireshark exclude each other', words.command);
  if (wireshark) return { kind: 'wireshark' };
  if (write === undefined) return { kind: 'unsaid' };
  if (write === '') throw usageError('--write: the name of the file is empty', words.command);
  return write === '-' ? { kind: 'stdout' } : { kind: 'file', path: write };
}
