import { ExitCode, NetdebugError } from '../errors.js';
import { followHttp, type HttpEvent } from './http-follow.js';
import { CURL_MARK, parseBashHttp, parseCurl, parseWget, type HttpFacts } from './http-parse.js';
import {
  collectWithin,
  heldFunction,
  nowFunction,
  parseTimed,
  ran,
  timedArgv,
  type TellingOptions,
} from './probe.js';
import type { Collected, RunTool } from './run.js';

export interface HttpRequest {
  /** http or https. */
  readonly url: string;
  readonly method: string;
  /** `Name: value` */
  readonly headers: readonly string[];
  /** The Host header instead of that of the URL. */
  readonly host: string | undefined;
  /** `HOST:PORT:ADDRESS`: where to connect to for this host. */
  readonly resolve: readonly string[];
  /** Undefined: what curl and the server agree on. */
  readonly version: '1.1' | '2' | '2-prior-knowledge' | undefined;
  readonly follow: boolean;
  readonly timeoutMs: number;
}

export interface HttpResult extends HttpFacts {
  readonly kind: 'HttpResult';
  readonly url: string;
  readonly method: string;
  readonly via: 'curl' | 'wget' | 'bash';
}

const LIMIT_BYTES = 1024 * 1024;

/** argv of curl: heads on stdout, the body nowhere, the times behind the mark. */
export function curlArgv(request: HttpRequest): string[] {
  const { url, method, headers, host, resolve, version, follow, timeoutMs } = request;
  const argv = [
    'curl',
    '-q',
    '-sS',
    '-v',
    '-k',
    '-g',
    '-o',
    '/dev/null',
    '-D',
    '-',
    '-w',
    `\n${CURL_MARK}%{json}\n`,
  ];
  argv.push('--max-time', String(timeoutMs / 1000), '--noproxy', '*', '--proto', '=http,https');
  if (method === 'HEAD') argv.push('-I');
  else if (method !== 'GET') argv.push('-X', method);
  if (host !== undefined) argv.push('-H', `Host: ${host}`);
  for (const header of headers) argv.push('-H', header);
  for (const one of resolve) argv.push('--resolve', one);
  if (version !== undefined) argv.push(`--http${version}`);
  if (follow) argv.push('-L', '--max-redirs', '10');
  return [...argv, '--', url];
}

/**
 * Asks a URL from the debug container. No connection, no answer and every status are results.
 * Throws a {@link NetdebugError}: 7 when the container has no program that can do what is asked, 8 when the connection was lost, 130.
 */
export async function http(
  run: RunTool,
  request: HttpRequest,
  telling: TellingOptions<HttpEvent>,
): Promise<HttpResult> {
  const { onEvent = () => undefined, ...options } = telling;
  const follow = followHttp(onEvent);
  const result = await askIn(run, request, { ...options, ...follow });
  follow.rest(result.responses);
  return result;
}

async function askIn(
  run: RunTool,
  request: HttpRequest,
  options: Omit<Parameters<typeof collectWithin>[2], 'limitBytes' | 'timeoutMs'>,
): Promise<HttpResult> {
  const limits = { ...options, limitBytes: LIMIT_BYTES, timeoutMs: request.timeoutMs + 15_000 };
  const about = { kind: 'HttpResult', url: request.url, method: request.method } as const;
  const ask = async (argv: readonly string[], name: HttpResult['via']): Promise<Collected | undefined> => {
    const said = await collectWithin(run, argv, { ...limits, name });
    if (said === 'timeout')
      throw new NetdebugError(`${name} did not end in time.`, { exitCode: ExitCode.incomplete });
    return ran(said) ? said : undefined;
  };
  const curl = await ask(curlArgv(request), 'curl');
  if (curl !== undefined) {
    const facts = parseCurl(curl.stdout, curl.stderr);
    if (facts !== undefined) return { ...about, via: 'curl', ...facts };
    throw new NetdebugError('curl does not take these arguments.', {
      exitCode: ExitCode.incomplete,
      details: curl.stderr
        .split('\n')
        .filter((line) => line.startsWith('curl: '))
        .slice(0, 3),
      hint: 'curl 7.70 or newer is needed.',
    });
  }
  const needs = curlOnly(request);
  if (needs !== undefined) throw noWay(`${needs} needs curl, which the debug container does not have.`);
  const wget = await ask(timedArgv(wgetArgv(request)), 'wget');
  if (wget !== undefined) {
    const { text, ms, code } = parseTimed(wget.stdout);
    // timeout(1) is there, and wget is not.
    if (code !== 126 && code !== 127) return { ...about, via: 'wget', ...parseWget(text, code, ms) };
  }
  const bash = request.url.startsWith('https:') ? undefined : await ask(bashArgv(request), 'bash');
  if (bash !== undefined) return { ...about, via: 'bash', ...parseBashHttp(bash.stdout) };
  throw noWay('the debug container has no curl, no wget, and no bash that could speak HTTP.');
}

function noWay(sentence: string): NetdebugError {
  return new NetdebugError(sentence, {
    exitCode: ExitCode.container,
    hint: 'Choose an image that has curl with --image, and --fresh so that the running debug container is not reused.',
  });
}

/** What only curl can do. */
function curlOnly({ resolve, version, method, follow }: HttpRequest): string | undefined {
  if (resolve.length > 0) return '--resolve';
  if (version !== undefined && version !== '1.1') return 'HTTP/2';
  if (method !== 'GET') return `the method ${method}`;
  return follow ? '--follow' : undefined;
}

function wgetArgv({ url, headers, host, timeoutMs }: HttpRequest): string[] {
  const seconds = String(Math.max(1, Math.ceil(timeoutMs / 1000)));
  const all = [...(host === undefined ? [] : [`Host: ${host}`]), ...headers];
  // No -T: timeout(1) keeps the time, and a busybox-static with -T dies by a signal.
  const argv = ['timeout', seconds, 'wget', '-S', '-O', '/dev/null'];
  return [...argv, ...all.flatMap((header) => ['--header', header]), url];
}

/** Sends the request as it is and reads at most 64 KiB. `-` in place of a NUL: bash warns of NULs and drops them. */
const bashScript = `${nowFunction}${heldFunction}command -v bash >/dev/null && command -v timeout >/dev/null || exit 127
held timeout "$4" bash -c 'echo "start $EPOCHREALTIME"
exec 3<>"/dev/tcp/$1/$2" || exit 3
echo "connected $EPOCHREALTIME"
printf %s "$3" >&3
IFS= read -r -u 3 line; r=$?
[ $r = 0 ] || exit 4
echo "first $EPOCHREALTIME"
printf "%s\\n" "$line"
head -c 65536 <&3 | tr -d "\\000"
echo; echo "end $EPOCHREALTIME"' bash "$@" 2>&1`;

function bashArgv({ url, headers, host, timeoutMs }: HttpRequest): string[] {
  const { hostname, port, host: own, pathname, search } = new URL(url);
  const lines = [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host ?? own}`,
    'Connection: close',
    ...headers,
    '',
    '',
  ];
  const seconds = String(Math.max(1, Math.ceil(timeoutMs / 1000)));
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  return [
    'sh',
    '-c',
    bashScript,
    'netdebug',
    address,
    port === '' ? '80' : port,
    lines.join('\r\n'),
    seconds,
  ];
}
