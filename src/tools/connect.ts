import { isIP } from 'node:net';
import { ExitCode, NetdebugError } from '../errors.js';
import { followAttempts, parseConnect, type Attempt, type ConnectVia } from './connect-parse.js';
import { connectArgv } from './connect-script.js';
import { lookUp } from './getent.js';
import {
  codeOf,
  collectWithin,
  inParallel,
  type Outcome,
  type ProbeOptions,
  type TellingOptions,
} from './probe.js';
import { isMissing, type RunTool } from './run.js';
import { readTls, type TlsFacts } from './tls.js';

/** One place to connect to. */
export interface ConnectPlace {
  /** An address, or a name that the pod has to look up. */
  readonly host: string;
  readonly port: number;
  /** What it is: `service/api`, `pod shop/web-0`, a host. */
  readonly label: string;
  readonly role: 'destination' | 'service' | 'endpoint';
}

export interface ConnectRequest {
  readonly places: readonly ConnectPlace[];
  readonly protocol: 'tcp' | 'udp';
  /** Attempts at each place, one after the other. */
  readonly count: number;
  /** For each attempt; rounded up to whole seconds. */
  readonly timeoutMs: number;
  /** Shakes hands over TLS as well, once at each place that can be connected to. */
  readonly tls?: { readonly serverName: string | undefined } | undefined;
}

/** What became of one place. */
export interface ConnectedPlace extends ConnectPlace {
  /** What was connected to; absent when a name had no address. */
  readonly address?: string;
  readonly attempts: readonly Attempt[];
  /** How many attempts connected (UDP: were answered). */
  readonly succeeded: number;
  /** The outcome of most attempts that did not succeed, or of all. */
  readonly outcome: Outcome;
  readonly tls?: TlsFacts;
}

export interface ConnectResult {
  readonly kind: 'ConnectResult';
  readonly protocol: 'tcp' | 'udp';
  /** `getent` when no name could be looked up, so that nothing was connected to. */
  readonly via: ConnectVia | 'getent';
  readonly places: readonly ConnectedPlace[];
  /** Labels of the endpoints that fare worse than most of the others. */
  readonly odd: readonly string[];
  /** `no`: something was not reached; `unknown`: UDP was silent, or TLS could not be tried, and nothing else failed. */
  readonly reached: 'yes' | 'no' | 'unknown';
}

/** An attempt that has just ended. */
export interface ConnectEvent {
  readonly place: ConnectPlace;
  /** What was connected to; absent when a name had no address. */
  readonly address?: string | undefined;
  /** From 1 to `count`. */
  readonly number: number;
  readonly attempt: Attempt;
}

const LIMIT_BYTES = 1024 * 1024;
const AT_ONCE = 8;

/**
 * Connects from the debug container. Refused, silent, unreachable and unknown are results.
 * Throws a {@link NetdebugError}: 7 when the container has no program for it, 8 when the connection to it was lost, 130.
 */
export async function connect(
  run: RunTool,
  request: ConnectRequest,
  { onEvent, ...options }: TellingOptions<ConnectEvent>,
): Promise<ConnectResult> {
  const tried = await inParallel(request.places, AT_ONCE, (place) =>
    tryPlace(run, place, request, options, onEvent ?? (() => undefined)),
  );
  const places = tried.map(({ place }) => place);
  const via = tried.find((one) => one.via !== undefined)?.via ?? 'getent';
  return {
    kind: 'ConnectResult',
    protocol: request.protocol,
    via,
    places,
    odd: oddOnes(places),
    reached: reachedOf(places),
  };
}

async function tryPlace(
  run: RunTool,
  place: ConnectPlace,
  request: ConnectRequest,
  options: ProbeOptions,
  tell: (event: ConnectEvent) => void,
): Promise<{ readonly place: ConnectedPlace; readonly via: ConnectVia | undefined }> {
  const { protocol, count, timeoutMs } = request;
  let address = place.host;
  if (isIP(place.host) === 0) {
    const found = await lookUp(run, place.host, options);
    if (found.kind === 'addresses') address = found.addresses[0] ?? place.host;
    // Without getent the program that connects looks the name up itself.
    else if (found.kind !== 'noTool') {
      const outcome: Outcome = found.kind === 'unknown' ? 'unknownHost' : 'timeout';
      const text =
        found.kind === 'unknown' ? `${place.host} has no address` : 'the look-up of the name timed out';
      const attempt: Attempt = { outcome, text };
      tell({ place, number: 1, attempt });
      return { place: { ...place, attempts: [attempt], succeeded: 0, outcome }, via: undefined };
    }
  }
  const argv = connectArgv({ host: address, port: place.port, protocol, timeoutMs, count });
  const said = await collectWithin(run, argv, {
    ...options,
    limitBytes: LIMIT_BYTES,
    timeoutMs: count * (timeoutMs + 2_000) + 10_000,
    onLine: followAttempts(protocol, (attempt, number) => tell({ place, address, number, attempt })),
  });
  if (said === 'timeout')
    throw new NetdebugError(`the attempts at ${place.label} did not end in time.`, {
      exitCode: ExitCode.incomplete,
      hint: 'Try fewer attempts or a shorter --timeout.',
    });
  if (isMissing(said.end) || codeOf(said) === 255) throw noWay(protocol);
  const { via, attempts } = parseConnect(said.stdout, protocol);
  if (via === undefined) throw noWay(protocol);
  if (attempts.length === 0)
    throw new NetdebugError('nothing was tried: the shell in the debug container ended early.', {
      exitCode: ExitCode.incomplete,
      details: said.stderr === '' ? [] : [said.stderr.slice(0, 200)],
    });
  const succeeded = attempts.filter(isSuccess).length;
  const done = { ...place, address, attempts, succeeded, outcome: outcomeOf(attempts) };
  const tls =
    request.tls !== undefined && protocol === 'tcp' && succeeded > 0
      ? { tls: await readTls(run, { address, port: place.port, timeoutMs, ...request.tls }, options) }
      : {};
  return { place: { ...done, ...tls }, via };
}

function noWay(protocol: 'tcp' | 'udp'): NetdebugError {
  const needs =
    protocol === 'tcp'
      ? 'neither bash nor nc'
      : 'neither bash nor the traceroute of busybox, which UDP is tried with';
  return new NetdebugError(`the debug container has ${needs}.`, {
    exitCode: ExitCode.container,
    hint: 'Choose an image that has it with --image, and --fresh so that the running debug container is not reused.',
  });
}

function isSuccess({ outcome }: Attempt): boolean {
  return outcome === 'connected' || outcome === 'answered';
}

/** The commonest failure, or that there was none. */
function outcomeOf(attempts: readonly Attempt[]): Outcome {
  const failures = attempts.filter((one) => !isSuccess(one)).map(({ outcome }) => outcome);
  const counted = new Map<Outcome, number>();
  for (const one of failures) counted.set(one, (counted.get(one) ?? 0) + 1);
  const [most] = [...counted].sort((a, b) => b[1] - a[1]);
  return most?.[0] ?? attempts[0]?.outcome ?? 'failed';
}

/** Endpoints that are not as most are: that fail where more succeed. */
function oddOnes(places: readonly ConnectedPlace[]): string[] {
  const endpoints = places.filter(({ role }) => role === 'endpoint');
  const bad = endpoints.filter(({ succeeded, attempts }) => succeeded < attempts.length);
  return bad.length * 2 < endpoints.length ? bad.map(({ label }) => label) : [];
}

function reachedOf(places: readonly ConnectedPlace[]): ConnectResult['reached'] {
  const whole = ({ attempts, succeeded, tls }: ConnectedPlace): boolean =>
    succeeded === attempts.length && tls?.problem === undefined;
  if (places.every(whole)) return 'yes';
  const open = (place: ConnectedPlace): boolean =>
    whole(place) ||
    place.outcome === 'noAnswer' ||
    (place.succeeded === place.attempts.length && place.tls?.via === undefined);
  return places.every(open) ? 'unknown' : 'no';
}
