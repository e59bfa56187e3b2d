import { millisecondsBetween, outcomeOfWords, type Outcome } from './probe.js';
import { printable } from './text.js';

export interface HttpResponse {
  readonly status: number;
  readonly reason: string;
  /** `1.1`, `2` */
  readonly version: string;
  /** In the server's order; names in lower case. At most 100, each cut at 1000 characters. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

/** How long each part of the way took, milliseconds; what was not reached or cannot be known is absent. */
export interface HttpPhases {
  readonly dnsMs?: number;
  readonly connectMs?: number;
  readonly tlsMs?: number;
  /** From the request to the first byte of the answer. */
  readonly firstByteMs?: number;
  /** Of the body. */
  readonly bodyMs?: number;
  readonly totalMs?: number;
}

/** Where it ended, when no answer came. */
export interface HttpFailure {
  readonly phase: 'dns' | 'connect' | 'tls' | 'firstByte' | 'body' | 'unknown';
  readonly outcome: Outcome;
  readonly errno?: string;
  readonly text: string;
}

/** What one program told of one request. */
export interface HttpFacts {
  /** Redirects that were followed come first, the answer last. */
  readonly responses: readonly HttpResponse[];
  readonly phases: HttpPhases;
  readonly remoteAddress?: string;
  readonly bodyBytes?: number;
  /** Whether the container's own authorities vouch for the certificate. */
  readonly certificateVerified?: boolean;
  readonly failure?: HttpFailure;
}

/** Reads the heads of responses: `HTTP/1.1 200 OK`, headers, an empty line. What follows a head is passed over. */
export function parseHeads(text: string): HttpResponse[] {
  const responses: {
    status: number;
    reason: string;
    version: string;
    headers: { name: string; value: string }[];
  }[] = [];
  let open = false;
  for (const raw of text.split('\n')) {
    const line = printable(raw).trim();
    const start = /^HTTP\/([\d.]+) (\d{3})(?: (.*))?$/.exec(line);
    if (start !== null && responses.length < 20) {
      const [, version = '', status, reason = ''] = start;
      responses.push({ status: Number(status), reason: reason.slice(0, 100), version, headers: [] });
      open = true;
    } else if (line === '') open = false;
    const header = open && start === null ? /^([!#$%&'*+.^_`|~\w-]+):\s*(.*)$/.exec(line) : null;
    const last = responses.at(-1);
    if (header !== null && last !== undefined && last.headers.length < 100)
      last.headers.push({ name: (header[1] ?? '').toLowerCase(), value: (header[2] ?? '').slice(0, 1000) });
  }
  // 100 Continue and the like are no answers.
  return responses.filter(({ status }) => status >= 200);
}

/** Stands before what `-w` writes. The last one counts: a server may send lines like it. */
export const CURL_MARK = 'netdebug-curl ';

interface CurlFacts {
  readonly exitcode?: number;
  readonly errormsg?: string | null;
  readonly remote_ip?: string;
  readonly scheme?: string | null;
  readonly ssl_verify_result?: number;
  readonly size_download?: number;
  readonly time_namelookup?: number;
  readonly time_connect?: number;
  readonly time_appconnect?: number;
  readonly time_pretransfer?: number;
  readonly time_starttransfer?: number;
  readonly time_redirect?: number;
  readonly time_total?: number;
}

/** Reads `curl -v -D - -w CURL_MARK%{json}`; undefined when it did not say how it ended. */
export function parseCurl(stdout: string, stderr: string): HttpFacts | undefined {
  const at = stdout.lastIndexOf(CURL_MARK);
  if (at < 0) return undefined;
  let facts: CurlFacts;
  try {
    facts = JSON.parse(stdout.slice(at + CURL_MARK.length).split('\n')[0] ?? '') as CurlFacts;
  } catch {
    return undefined;
  }
  const responses = parseHeads(stdout.slice(0, at));
  const failure = curlFailure(facts, stderr, responses.length > 0);
  const tls = (facts.time_appconnect ?? 0) > 0;
  return {
    responses,
    phases: curlPhases(facts, responses.length > 0),
    ...(facts.remote_ip ? { remoteAddress: printable(facts.remote_ip) } : {}),
    ...(responses.length === 0 || facts.size_download === undefined
      ? {}
      : { bodyBytes: facts.size_download }),
    ...(tls && facts.ssl_verify_result !== undefined
      ? { certificateVerified: facts.ssl_verify_result === 0 }
      : {}),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** curl counts from the beginning of the last request; a time of 0 means that it was not reached, or that nothing was readable there. */
function curlPhases(facts: CurlFacts, answered: boolean): HttpPhases {
  const times = [
    ['dnsMs', facts.time_namelookup],
    ['connectMs', facts.time_connect],
    ['tlsMs', facts.time_appconnect],
    ['firstByteMs', answered ? facts.time_starttransfer : 0],
    ['bodyMs', answered && (facts.time_starttransfer ?? 0) > 0 ? facts.time_total : 0],
  ] as const;
  const phases: Record<string, number> = {};
  let before = 0;
  for (const [name, seconds = 0] of times) {
    if (seconds <= 0) continue;
    phases[name] = toMs(Math.max(0, seconds - before));
    before = seconds;
  }
  if (facts.time_total !== undefined) phases.totalMs = toMs(facts.time_total);
  return phases;
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e3;
}

/** curl's exit codes, CURLE_* of libcurl-errors(3). */
function curlFailure(facts: CurlFacts, stderr: string, answered: boolean): HttpFailure | undefined {
  const code = facts.exitcode ?? 0;
  if (code === 0) return undefined;
  const words = stderr.split('\n').filter((line) => line.startsWith('* '));
  // `* connect to 10.0.0.1 port 80 failed: Connection refused`; the message itself does not say why.
  const why = words
    .filter((line) => /failed|refused|reset|unreachable|no route|timed out/i.test(line))
    .join('\n');
  const text = printable(facts.errormsg ?? '').slice(0, 200) || `curl ended with ${code}`;
  const means = outcomeOfWords(why === '' ? text : `${why}\n${text}`);
  const outcome: Outcome =
    code === 28 ? 'timeout' : code === 6 ? 'unknownHost' : (means?.outcome ?? 'failed');
  const errno = code === 28 || code === 6 ? undefined : means?.errno;
  return { phase: phaseOf(code, facts, answered), outcome, ...(errno === undefined ? {} : { errno }), text };
}

function phaseOf(code: number, facts: CurlFacts, answered: boolean): HttpFailure['phase'] {
  // Too many redirects: every one of them was answered.
  if (code === 47) return 'unknown';
  if (code === 6 || (facts.time_namelookup ?? 0) === 0) return 'dns';
  if ([35, 51, 53, 54, 58, 59, 60, 64, 66, 77, 80, 82, 83, 90, 91].includes(code)) return 'tls';
  if ((facts.time_connect ?? 0) === 0) return 'connect';
  if (facts.scheme?.toLowerCase() === 'https' && (facts.time_appconnect ?? 0) === 0) return 'tls';
  return answered && (facts.time_starttransfer ?? 0) > 0 && code !== 52 ? 'body' : 'firstByte';
}

/** Reads `wget -S`, of busybox or of GNU: the heads are indented, in what it says beside. `code`: wget's exit code. */
export function parseWget(text: string, code: number, ms: number | undefined): HttpFacts {
  const responses = parseHeads(text.replace(/^wget: .*$/gm, '').replace(/^ +/gm, ''));
  const remote = /^Connecting to .*[(| ]\[?([0-9a-f.:]+?)\]?[:|]\d+/m.exec(text)?.[1];
  const common = {
    phases: ms === undefined ? {} : { totalMs: ms },
    ...(remote === undefined ? {} : { remoteAddress: remote }),
  };
  const late = code === 124 || code === 143;
  if (responses.length > 0) {
    // 8 of GNU wget: a status of 400 and above; busybox says it with 1.
    const status = responses.at(-1)?.status ?? 0;
    if (code === 0 || code === 8 || (status >= 400 && !late)) return { responses, ...common };
    const said = text.split('\n').find((one) => /^wget: (?!note)/.test(one)) ?? '';
    const outcome = late ? 'timeout' : (outcomeOfWords(said)?.outcome ?? 'failed');
    const words = late
      ? 'not all of it came in time'
      : printable(said).slice(0, 200) || `wget ended with ${code}`;
    return { responses, ...common, failure: { phase: 'body', outcome, text: words } };
  }
  const line =
    text.split('\n').find((one) => /^wget: (?!note)/.test(one)) ?? text.trim().split('\n').at(-1) ?? '';
  const means = outcomeOfWords(line);
  const outcome = means?.outcome ?? (late ? 'timeout' : 'failed');
  const phase =
    outcome === 'unknownHost' ? 'dns' : outcome === 'timeout' || outcome === 'failed' ? 'unknown' : 'connect';
  const errno = means?.errno === undefined ? {} : { errno: means.errno };
  return {
    responses: [],
    ...common,
    failure: { phase, outcome, ...errno, text: printable(line).slice(0, 200) },
  };
}

/** Reads the script that speaks HTTP by bash: `start`, `connected`, `first`, the head, `end`. */
export function parseBashHttp(text: string): HttpFacts {
  const time = (name: string): string | undefined => new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1];
  const [start, connected, first, end] = ['start', 'connected', 'first', 'end'].map(time);
  const phase = (name: string, from?: string, to?: string): object => {
    const ms = millisecondsBetween(from, to);
    return ms === undefined ? {} : { [name]: ms };
  };
  const phases = {
    ...phase('connectMs', start, connected),
    ...phase('firstByteMs', connected, first),
    ...phase('totalMs', start, end),
  };
  // What follows the first head is the body, whatever it looks like.
  const responses = parseHeads(text).slice(0, 1);
  if (responses.length > 0) return { responses, phases };
  const words = text
    .split('\n')
    .filter((line) => !/^(start|connected|first|end) /.test(line) && line.trim() !== '');
  const means = outcomeOfWords(words.join('\n'));
  const outcome = means?.outcome ?? (end === undefined || first === undefined ? 'timeout' : 'failed');
  const errno = means?.errno === undefined ? {} : { errno: means.errno };
  const said =
    words[0] ?? (connected === undefined ? 'no connection in time' : 'connected, and no answer came');
  const where = outcome === 'unknownHost' ? 'dns' : connected === undefined ? 'connect' : 'firstByte';
  return {
    responses: [],
    phases,
    failure: { phase: where, outcome, ...errno, text: printable(said).slice(0, 200) },
  };
}
