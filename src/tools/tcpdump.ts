import type { ToolEnd } from '../debugger/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import { cleanText } from '../kube/text.js';
import { isMissing, missingTool } from './run.js';
import { printable } from './text.js';

/** libpcap's MAXIMUM_SNAPLEN, tcpdump's default: whole packets. */
export const DEFAULT_SNAPLEN = 262_144;

export interface TcpdumpOptions {
  /** `eth0`, `lo`, or `any`. */
  readonly interface: string;
  /** A pcap-filter(7) expression; empty or absent: everything. */
  readonly filter?: string | undefined;
  /** Most bytes kept of a packet. */
  readonly snaplen?: number | undefined;
  /** Ends by itself after so many. */
  readonly packetCount?: number | undefined;
  /** Ring between kernel and tcpdump, KiB; libpcap's own default is 2048. */
  readonly bufferKiB?: number | undefined;
  /** Resolution of the time stamps; every reader knows `micro`, nearly all know `nano`. */
  readonly precision?: 'micro' | 'nano' | undefined;
}

/**
 * argv of a tcpdump that writes pcap to stdout, packet by packet.
 * `-U --immediate-mode`: without both a packet waits up to a second. `-Z root`: Debian's would change to user tcpdump, whom
 * an ephemeral container may not become. The filter is one word after `--`: tcpdump joins words by blanks, so quoting
 * cannot matter, and a filter that begins with a dash is no flag.
 */
export function captureArgv(options: TcpdumpOptions): string[] {
  const argv = ['tcpdump', '-U', '--immediate-mode', '-Z', 'root', '-n', '-i', options.interface];
  if (options.snaplen !== undefined) argv.push('-s', String(options.snaplen));
  if (options.packetCount !== undefined) argv.push('-c', String(options.packetCount));
  if (options.bufferKiB !== undefined) argv.push('-B', String(options.bufferKiB));
  if (options.precision === 'nano') argv.push('--time-stamp-precision=nano');
  argv.push('-w', '-');
  const filter = filterWord(options.filter);
  return filter === undefined ? argv : [...argv, '--', filter];
}

/**
 * argv of a tcpdump that prints text line by line; `args` are the person's own and come last, so that they win.
 * Throws a {@link NetdebugError} (2) for `-w`: packets belong to `capture`.
 */
export function textArgv(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  if ((end < 0 ? args : args.slice(0, end)).some(writesPackets)) {
    throw new NetdebugError('tcpdump prints text here; it does not write packets.', {
      exitCode: ExitCode.usage,
      hint: 'kubectl netdebug capture writes packets to a file, to stdout or to Wireshark.',
    });
  }
  return ['tcpdump', '-l', '--immediate-mode', '-Z', 'root', ...args];
}

/** tcpdump's flags that take a word: in `-nw FILE` the w is a flag, in `-iwlan0` it is not. */
const FLAGS_WITH_WORD = 'BcCEFGijmMQrsTVWyzZ';

function writesPackets(word: string): boolean {
  if (!/^-[^-]/.test(word)) return false;
  for (const flag of word.slice(1)) {
    if (flag === 'w') return true;
    if (FLAGS_WITH_WORD.includes(flag)) return false;
  }
  return false;
}

/** The filter as one word; undefined when there is none. Throws a {@link NetdebugError} (2) for what cannot be an argument. */
export function filterWord(filter: string | undefined): string | undefined {
  if (filter === undefined || filter.trim() === '') return undefined;
  if (filter.includes('\0')) {
    throw new NetdebugError('The filter holds a NUL character.', { exitCode: ExitCode.usage });
  }
  return filter.trim();
}

/** tcpdump's counters. Source: tcpdump.c info(). */
export interface TcpdumpCounters {
  /** Handed to tcpdump and written by it. */
  readonly captured: number;
  /** Seen by the kernel's filter, dropped ones included; some were still on their way when it was told to stop. */
  readonly receivedByFilter: number;
  /** Lost because tcpdump, or who reads from it, was too slow. */
  readonly droppedByKernel: number;
  /** Lost by the network interface; printed only when there are any. */
  readonly droppedByInterface: number;
}

export interface TcpdumpListening {
  readonly interface: string;
  /** e.g. `EN10MB`. */
  readonly linktype: string;
  readonly snaplen: number;
}

/** What one line of tcpdump's stderr says. */
export type TcpdumpLine =
  | ({ readonly kind: 'listening' } & TcpdumpListening)
  /** The answer to SIGUSR1. */
  | ({ readonly kind: 'progress' } & TcpdumpCounters)
  /** One of the lines at the end. */
  | { readonly kind: 'counter'; readonly name: keyof TcpdumpCounters; readonly value: number }
  /** Said as a rule, of no interest to anybody. */
  | { readonly kind: 'chatter' }
  /** Warnings and errors, without control characters and without the program's name. */
  | { readonly kind: 'words'; readonly text: string };

const COUNTER_NAMES: Readonly<Record<string, keyof TcpdumpCounters>> = {
  captured: 'captured',
  'received by filter': 'receivedByFilter',
  'dropped by kernel': 'droppedByKernel',
  'dropped by interface': 'droppedByInterface',
};
const COUNTER = /(\d+) packets? (captured|received by filter|dropped by kernel|dropped by interface)/;
const LISTENING =
  /^listening on (\S+), link-type (\S+)(?: \(.*\))?, (?:snapshot length|capture size) (\d+) bytes$/;
const CHATTER = /^(data link type \S+|verbose output suppressed, use -v.*|\(?.*[Pp]romiscuous mode.*)$/;

/** Reads one line of tcpdump's stderr. */
export function parseTcpdumpLine(line: string): TcpdumpLine {
  const text = printable(line)
    .slice(0, 1000)
    .replace(/^tcpdump: /, '')
    .trim();
  const listening = LISTENING.exec(text);
  if (listening !== null) {
    const [, name = '', linktype = '', snaplen] = listening;
    return { kind: 'listening', interface: name, linktype, snaplen: Number(snaplen) };
  }
  const counters = [...text.matchAll(new RegExp(COUNTER, 'g'))].map(
    (match) => [COUNTER_NAMES[match[2] ?? ''] ?? 'captured', Number(match[1])] as const,
  );
  if (counters.length > 1) return { kind: 'progress', ...ZERO_COUNTERS, ...Object.fromEntries(counters) };
  const [counter] = counters;
  // With -v a running count stands before it in the same line: `Got 7Got 99 packets captured` cannot be told apart.
  if (counter !== undefined) return { kind: 'counter', name: counter[0], value: counter[1] };
  if (text === '' || CHATTER.test(text)) return { kind: 'chatter' };
  return { kind: 'words', text };
}

/** What libpcap says of a filter that it cannot compile (gencode.c, grammar.y, scanner.l). */
const FILTER_WORDS =
  /filter expression|syntax error|rejects all packets|^(illegal|unknown) |greater than maximum/im;

/** All zero. */
const ZERO_COUNTERS: TcpdumpCounters = {
  captured: 0,
  receivedByFilter: 0,
  droppedByKernel: 0,
  droppedByInterface: 0,
};

/**
 * The error of a tcpdump that ended before it captured anything, from its own words.
 * Exit code 5: no NET_RAW; 2: bad filter, interface or argument; 7: not in the image; 8: anything else.
 * tcpdump opens the interface first and compiles the filter then, so what is not about the interface is about the filter.
 */
export function tcpdumpFailure(
  words: readonly string[],
  end: ToolEnd,
  request: Pick<Partial<TcpdumpOptions>, 'interface' | 'filter'>,
): NetdebugError {
  if (end.kind === 'lost') return end.error;
  if (isMissing(end)) return missingTool('tcpdump', end);
  const all = words.join('\n');
  const details = words.slice(0, 10);
  const first =
    words.find((line) => !/^warning/i.test(line) && !CHATTER.test(line)) ??
    `exit code ${end.kind === 'exited' ? end.exitCode : '?'}`;
  if (/^Couldn't change to/im.test(all)) {
    return new NetdebugError('tcpdump may not set its user in the debug container.', {
      exitCode: ExitCode.notAllowed,
      hint: 'It needs the capabilities SETUID and SETGID besides NET_RAW: use --profile netadmin or baseline.',
      details,
    });
  }
  if (/permission to (perform this )?capture|Operation not permitted|Permission denied/i.test(all)) {
    return new NetdebugError(
      'The debug container may not capture packets: it lacks the capability NET_RAW.',
      {
        exitCode: ExitCode.notAllowed,
        hint: 'Use --profile netadmin, or baseline where Pod Security allows no more; under restricted no packet can be captured, but netstat and connect work.',
        details,
      },
    );
  }
  if (/No such device|SIOCGIFHWADDR|not up$/im.test(all)) {
    return new NetdebugError(
      `tcpdump cannot capture on ${request.interface ?? 'this interface'}: ${first}.`,
      {
        exitCode: ExitCode.usage,
        hint: 'Use -i any for all interfaces of the pod.',
      },
    );
  }
  if (
    /^(usage:|invalid (option|snaplen|packet|data link|time stamp)|un(recognized|known) (option|capture)|option )/im.test(
      all,
    )
  ) {
    return new NetdebugError(`tcpdump does not take these arguments: ${first}.`, {
      exitCode: ExitCode.usage,
    });
  }
  if (words.length === 0 && end.kind === 'exited' && end.exitCode > 128) {
    return new NetdebugError(`tcpdump was killed in the pod (exit code ${end.exitCode}).`, {
      exitCode: ExitCode.incomplete,
    });
  }
  const filter = filterWord(request.filter);
  // Where the filter is among the arguments, as it was typed, only libpcap's words tell what was wrong.
  const aboutFilter = filter === undefined ? FILTER_WORDS.test(all) : words.length > 0;
  if (aboutFilter && end.kind === 'exited' && end.exitCode === 1) {
    // A filter may be tens of kilobytes long.
    const shown = filter === undefined ? '' : ` ${JSON.stringify(cleanText(filter, 300))}`;
    return new NetdebugError(`tcpdump does not accept the filter${shown}: ${first}.`, {
      exitCode: ExitCode.usage,
      hint: 'The language is that of the manual page pcap-filter(7), e.g. "tcp port 80 and host 10.0.0.1".',
    });
  }
  return new NetdebugError(`tcpdump failed: ${first}.`, {
    exitCode: ExitCode.incomplete,
    details: details.slice(1),
  });
}
