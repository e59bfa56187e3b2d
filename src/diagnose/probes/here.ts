import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls';
import { parseHeads } from '../../tools/http-parse.js';
import { interrupted } from '../../tools/run.js';
import type { Outcome } from '../../tools/probe.js';
import { printable } from '../../tools/text.js';
import type { ObservedConnect, ObservedHttp, ProbeTo } from '../observed.js';

/** What every probe from the machine of the person is given. */
export interface HereOptions {
  /** For one attempt, milliseconds. */
  readonly timeoutMs: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
}

const errnos: Readonly<Record<string, Outcome>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'hostUnreachable',
  ENETUNREACH: 'networkUnreachable',
  EADDRNOTAVAIL: 'networkUnreachable',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  EACCES: 'notPermitted',
  EPERM: 'notPermitted',
  ETIMEDOUT: 'timeout',
  ENOTFOUND: 'unknownHost',
  EAI_AGAIN: 'unknownHost',
};

/** Node's words for a failure, as the outcome that other probes have. */
function outcomeOfErrno(error: unknown): Outcome {
  return errnos[codeOf(error)] ?? 'failed';
}

/** The errno, or c-ares' word, of an error; empty when it has none. */
export function codeOf(error: unknown): string {
  const { code, errors } = error as { readonly code?: string; readonly errors?: readonly unknown[] };
  // Happy eyeballs fails with one error for each address that was tried.
  return code ?? (errors?.[0] === undefined ? '' : codeOf(errors[0]));
}

/**
 * TCP connections from this machine, one after the other. Failures are outcomes; anything but TCP is `failed`, as silence on UDP says
 * nothing. Throws a NetdebugError (130) when the signal came.
 */
export async function hereConnect(
  to: ProbeTo,
  { count, ...options }: HereOptions & { readonly count: number },
): Promise<ObservedConnect> {
  const attempts: { outcome: Outcome; ms: number }[] = [];
  while (attempts.length < count) {
    const began = options.now();
    const outcome = to.protocol === 'TCP' ? await attempt(to, options) : 'failed';
    attempts.push({ outcome, ms: rounded(options.now() - began) });
  }
  return { from: 'here', to, attempts, via: 'node' };
}

async function attempt({ address, port }: ProbeTo, options: HereOptions): Promise<Outcome> {
  try {
    (await opened(connect({ host: address, port }), 'connect', options)).destroy();
    return 'connected';
  } catch (error) {
    if (options.signal?.aborted === true) throw interrupted();
    return outcomeOfErrno(error);
  }
}

/** The socket once it is connected (or has shaken hands); rejects with what went wrong, ETIMEDOUT after the time. */
function opened<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  { timeoutMs, signal }: HereOptions,
): Promise<S> {
  return new Promise((resolve, reject) => {
    const end = (act: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      act();
    };
    const fail = (error: Error): void =>
      end(() => {
        socket.destroy();
        reject(error);
      });
    const stop = (): void => fail(interrupted());
    const timer = setTimeout(
      () => fail(Object.assign(new Error('nothing came back in time'), { code: 'ETIMEDOUT' })),
      timeoutMs,
    );
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop, { once: true });
    socket.once(event, () => end(() => resolve(socket)));
    socket.once('error', fail);
    socket.once('close', () =>
      fail(Object.assign(new Error('the other side closed the connection'), { code: 'ECONNRESET' })),
    );
  });
}

/** Most of a head that is read. */
const headLimit = 64 * 1024;
const telling = /^(server|via|location|www-authenticate|alt-svc|x-envoy-.*|x-cache.*|cf-ray|x-amzn?-.*)$/;

/** The headers that tell who answered, each cut at 200 characters. */
export function tellingHeaders(
  headers: readonly { readonly name: string; readonly value: string }[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    headers.filter(({ name }) => telling.test(name)).map(({ name, value }) => [name, value.slice(0, 200)]),
  );
}

/**
 * One GET from this machine over HTTP/1.1, not following redirects; only the head of the answer is read. `url` says scheme, host (Host
 * header, SNI and the name that the certificate must have) and path, `to` where to connect to. Throws a NetdebugError (130) when the signal came.
 */
export async function hereHttp(to: ProbeTo, url: string, options: HereOptions): Promise<ObservedHttp> {
  const { protocol, host, hostname, pathname, search } = new URL(url);
  const name = hostname.replace(/^\[(.*)\]$/, '$1');
  const began = options.now();
  const about = { from: 'here', to, url } as const;
  const failed = (
    phase: 'dns' | 'connect' | 'tls' | 'http',
    error: unknown,
  ): Pick<ObservedHttp, 'headers' | 'failure'> => {
    if (options.signal?.aborted === true) throw interrupted();
    const unknown = phase === 'connect' && outcomeOfErrno(error) === 'unknownHost';
    return { headers: {}, failure: { phase: unknown ? 'dns' : phase, text: wordsOf(error) } };
  };
  let socket: Socket;
  try {
    socket = await opened(connect({ host: to.address, port: to.port }), 'connect', options);
  } catch (error) {
    return { ...about, ...failed('connect', error) };
  }
  let tls: ObservedHttp['tls'];
  try {
    if (protocol === 'https:') {
      try {
        const secure = connectTls({
          socket,
          // What is wrong with the certificate is a result.
          rejectUnauthorized: false,
          ALPNProtocols: ['http/1.1'],
          ...(isIP(name) === 0 ? { servername: name } : {}),
        });
        socket = await opened(secure, 'secureConnect', options);
        tls = tlsOf(secure, isIP(name) === 0 ? name : undefined);
      } catch (error) {
        return { ...about, ...failed('tls', error) };
      }
    }
    const shook = tls === undefined ? {} : { tls };
    const path = `${pathname}${search}`;
    try {
      const head = await ask(
        socket,
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: kubectl-netdebug\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
        options,
      );
      const [answer] = parseHeads(head);
      const ms = rounded(options.now() - began);
      if (answer === undefined) return { ...about, ...shook, ...failed('http', new Error(noHttp(head))), ms };
      return { ...about, ...shook, status: answer.status, headers: tellingHeaders(answer.headers), ms };
    } catch (error) {
      return { ...about, ...shook, ...failed('http', error), ms: rounded(options.now() - began) };
    }
  } finally {
    socket.destroy();
  }
}

function noHttp(head: string): string {
  const said = printable(head).trim().slice(0, 60);
  return said === '' ? 'the connection was closed without an answer' : `the answer is no HTTP: ${said}`;
}

/** Sends the request and reads until the head is whole. */
function ask(socket: Socket, request: string, { timeoutMs, signal }: HereOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const end = (act: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      act();
    };
    const stop = (): void => end(() => reject(interrupted()));
    const timer = setTimeout(() => end(() => reject(new Error('no answer came in time'))), timeoutMs);
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop, { once: true });
    socket.on('data', (chunk: Uint8Array) => {
      text += new TextDecoder('latin1').decode(chunk);
      if (/\r?\n\r?\n/.test(text) || text.length > headLimit) end(() => resolve(text.slice(0, headLimit)));
    });
    socket.once('error', (error) => end(() => reject(error)));
    socket.once('close', () => end(() => resolve(text)));
    socket.write(request);
  });
}

function tlsOf(socket: TLSSocket, serverName: string | undefined): ObservedHttp['tls'] {
  const certificate = socket.getPeerCertificate() as Partial<PeerCertificate> | undefined;
  const until = Date.parse(certificate?.valid_to ?? '');
  const [subject, issuer] = [certificate?.subject, certificate?.issuer].map(distinguished);
  const problem = socket.authorized ? undefined : socket.authorizationError;
  return {
    ...(serverName === undefined ? {} : { serverName }),
    names: (certificate?.subjectaltname ?? '')
      .split(', ')
      .filter((one) => one !== '')
      .map((one) => printable(one).slice(0, 260))
      .slice(0, 200),
    ...(Number.isNaN(until) ? {} : { notAfter: until }),
    ...(subject === undefined ? {} : { subject }),
    ...(issuer === undefined ? {} : { issuer }),
    // Node gives the code as text where its types say Error.
    ...(problem == null ? {} : { error: printable(wordsOf(problem)) }),
  };
}

function distinguished(name: object | undefined): string | undefined {
  if (name === undefined) return undefined;
  const parts = Object.entries(name).map(([key, value]) => `${key}=${String(value)}`);
  return printable(parts.join(', ')).slice(0, 300);
}

function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message || codeOf(error) : String(error);
  return printable(text).slice(0, 200);
}

/** Milliseconds to the microsecond. */
export function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
