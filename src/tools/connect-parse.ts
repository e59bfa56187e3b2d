import { parseNslookup } from './dns-parse.js';
import { millisecondsBetween, outcomeOfWords, type Outcome } from './probe.js';
import { printable } from './text.js';

/** One connection that was tried. */
export interface Attempt {
  readonly outcome: Outcome;
  /** The kernel's name of what went wrong, e.g. `ECONNREFUSED`. */
  readonly errno?: string;
  /** Until connected, refused or given up; absent where the container has no clock that is fine enough. */
  readonly ms?: number;
  /** The program's own words; absent when it connected. */
  readonly text?: string;
}

/** How it was tried: which program of the container. */
export type ConnectVia = (typeof vias)[number];

/** The last two are for UDP where there is no bash: nslookup of port 53; busybox's traceroute, which hears refusals, and no answers. */
const vias = ['bash', 'nc', 'busybox nc', 'nslookup', 'traceroute'] as const;

/** What the script of connect-script.ts printed. `via` is undefined when the container has no program for it. */
export function parseConnect(
  text: string,
  protocol: 'tcp' | 'udp',
): { readonly via: ConnectVia | undefined; readonly attempts: Attempt[] } {
  const [first = '', ...rest] = text.split(/^try$/m);
  const via = /^via (.+)$/m.exec(first)?.[1];
  return {
    via: vias.find((one) => one === via),
    attempts: rest.map((block) => parseAttempt(block, protocol)),
  };
}

/** Reads the same line by line: each attempt is told when its last line is there. */
export function followAttempts(
  protocol: 'tcp' | 'udp',
  onAttempt: (attempt: Attempt, number: number) => void,
): (line: string) => void {
  let block: string[] | undefined;
  let number = 0;
  return (line) => {
    if (line === 'try') block = [];
    else block?.push(line.slice(0, 1000));
    // A program that says much is not ours; the whole text is read at the end anyway.
    if (block === undefined || block.length > 100 || !/^done \S+ \d+$/.test(line)) return;
    number += 1;
    onAttempt(parseAttempt(block.join('\n'), protocol), number);
    block = undefined;
  };
}

/** One attempt from its lines: `start TIME`, `end TIME CODE` of the program itself, `done TIME CODE` around it, and its words. */
export function parseAttempt(block: string, protocol: 'tcp' | 'udp'): Attempt {
  const start = /^start (\S+)$/m.exec(block)?.[1];
  const end = /^end (\S+) (\d+)$/m.exec(block);
  const done = /^done (\S+) (\d+)$/m.exec(block);
  const words = block.split('\n').filter((line) => !/^(start|end|done) /.test(line) && line.trim() !== '');
  const ms = millisecondsBetween(start, end?.[1] ?? done?.[1]);
  const code = Number(end?.[2] ?? done?.[2] ?? 255);
  const timing = ms === undefined ? {} : { ms };
  if (protocol === 'udp' && words.some((line) => line.startsWith('traceroute to ')))
    return { ...parseDatagram(words), ...timing };
  if (protocol === 'udp' && words.some((line) => /^(?:Server:|;; connection|nslookup:)/.test(line)))
    return { ...parseQuestion(words), ...timing };
  if (code === 0) return { outcome: protocol === 'tcp' ? 'connected' : 'answered', ...timing };
  // bash says it twice: `connect: Connection refused`, then the name of the file.
  const said = printable(words[0] ?? '').slice(0, 200);
  const means = outcomeOfWords(words.join('\n'));
  if (means !== undefined) {
    const errno = means.errno === undefined ? {} : { errno: means.errno };
    return { outcome: means.outcome, ...errno, ...timing, text: said };
  }
  // timeout(1) ends with 124, busybox's with 143; `read -t` with more than 128.
  if (protocol === 'udp' && end !== null && code > 128) return { outcome: 'noAnswer', ...timing };
  if (protocol === 'tcp' && (code === 124 || code >= 128)) return { outcome: 'timeout', ...timing };
  return { outcome: 'failed', ...timing, text: said === '' ? `exit code ${code}` : said };
}

/** What busybox's traceroute heard of its only datagram: `64  10.0.0.9  0.1 ms` is a port unreachable, `!H` and the like say more. */
function parseDatagram(words: readonly string[]): Attempt {
  const line = words.find((one) => /^ *64 /.test(one));
  if (line === undefined) {
    const { outcome, errno } = outcomeOfWords(words.join('\n')) ?? { outcome: 'failed', errno: undefined };
    const text = printable(words.at(-1) ?? '').slice(0, 200);
    return { outcome, ...(errno === undefined ? {} : { errno }), text };
  }
  if (!line.includes(' ms')) return { outcome: 'noAnswer' };
  const [remark = ''] = /![A-Z]?/.exec(line) ?? [];
  const text = printable(line).trim().slice(0, 200);
  if (remark === '!N') return { outcome: 'networkUnreachable', errno: 'ENETUNREACH', text };
  return remark === ''
    ? { outcome: 'refused', errno: 'ECONNREFUSED', text }
    : { outcome: 'hostUnreachable', errno: 'EHOSTUNREACH', text };
}

/** What nslookup got from a server: any answer is one. */
function parseQuestion(words: readonly string[]): Attempt {
  const said = words.join('\n');
  if (parseNslookup(said).rcode !== undefined && !/timed out|no servers/.test(said))
    return { outcome: 'answered' };
  return /refused/i.test(said) ? { outcome: 'refused', errno: 'ECONNREFUSED' } : { outcome: 'noAnswer' };
}
