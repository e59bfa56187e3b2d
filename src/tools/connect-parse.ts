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
export type ConnectVia = 'bash' | 'nc' | 'busybox nc';

const vias: readonly string[] = ['bash', 'nc', 'busybox nc'] satisfies readonly ConnectVia[];

/** What the script of connect-script.ts printed. `via` is undefined when the container has no program for it. */
export function parseConnect(
  text: string,
  protocol: 'tcp' | 'udp',
): { readonly via: ConnectVia | undefined; readonly attempts: Attempt[] } {
  const [first = '', ...rest] = text.split(/^try$/m);
  const via = /^via (.+)$/m.exec(first)?.[1];
  return {
    via: via !== undefined && vias.includes(via) ? (via as ConnectVia) : undefined,
    attempts: rest.map((block) => parseAttempt(block, protocol)),
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
