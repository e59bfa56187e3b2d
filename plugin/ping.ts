import { ExitCode, NetdebugError } from '../src/errors.js';
import { type Destination, resolveDestination } from '../src/target/destination.js';
import type { Reference } from '../src/target/reference.js';
import { ping, pingArgv, type PingRequest, type PingSummary } from '../src/tools/ping.js';
import type { PingEvent } from '../src/tools/ping-parse.js';
import { trackPing } from '../src/tools/ping-track.js';
import type { RunTool } from '../src/tools/run.js';
import type { PodAddress, SessionContext } from './context.js';
import { unlessStopped } from './interrupt.js';
import { coloursFor } from './print/colour.js';
import { eventPrinter } from './print/events.js';
import { pingEventLine, pingSummaryText } from './print/ping.js';
import { pingTableText, recentPackets } from './print/pinglive.js';
import { openSession } from './session.js';
import type { PodCommandRequest } from './target.js';

/** What `ping` was asked for. */
export interface PingCommandRequest extends PodCommandRequest {
  /** One or more. */
  readonly destinations: readonly Reference[];
  /** Numbers that are redrawn in place instead of a line for each reply. */
  readonly live: boolean;
  /** Undefined: until interrupted. */
  readonly count: number | undefined;
  readonly intervalSeconds: number | undefined;
  readonly waitSeconds: number | undefined;
  readonly sizeBytes: number | undefined;
  readonly family: 4 | 6 | undefined;
}

/** One of the destinations, and what is asked of ping. */
interface Flight {
  readonly reference: Reference;
  readonly destination: Destination;
  readonly tool: PingRequest;
}

/** Carries out `ping` in a pod: one destination, or several side by side. Resolves with the exit code. */
export async function pingFrom(
  context: SessionContext,
  at: PodAddress,
  request: PingCommandRequest,
): Promise<number> {
  const flights = await resolveFlights(context, at, request);
  const [first] = flights;
  if (first === undefined) throw new TypeError('a ping without a destination');
  if (request.debug.dryRun) {
    const { printDryRun } = await import('./dryrun.js');
    return printDryRun(context, at, 'none', pingArgv(first.tool));
  }
  const { run } = await openSession(context, at, 'none');
  return flights.length === 1 && !request.live
    ? pingOne(context, at, first, run)
    : pingSideBySide(context, at, flights, run, request.live);
}

async function resolveFlights(
  { api, environment, status }: SessionContext,
  at: PodAddress,
  request: PingCommandRequest,
): Promise<readonly Flight[]> {
  const { count, intervalSeconds, waitSeconds, sizeBytes, family } = request;
  return Promise.all(
    request.destinations.map(async (reference) => {
      const destination = await unlessStopped(
        environment.signal,
        resolveDestination(api, reference, { namespace: at.namespace, family }),
      );
      if (destination.choice !== undefined) status.note(destination.choice);
      const tool = { destination: destination.host, count, intervalSeconds, waitSeconds, sizeBytes, family };
      return { reference, destination, tool };
    }),
  );
}

async function pingOne(
  { environment, output }: SessionContext,
  at: PodAddress,
  { reference, destination, tool }: Flight,
  run: RunTool,
): Promise<number> {
  const { signal, stdout } = environment;
  const colours = coloursFor('stdout', output.color, environment);
  const printer = await eventPrinter(stdout, output.format);
  const summary = await ping(tool, {
    run,
    signal,
    onEvent: (event) => printer.print(event.kind, event, () => pingEventLine(event, colours)),
  });
  const value = { from: at, to: destination.shown, ...summary };
  await printer.print('PingSummary', value, () =>
    summary.refusal === undefined ? pingSummaryText(summary, colours) : '',
  );
  return endOf(summary, at, reference);
}

/** How often the lines are redrawn. */
const redrawMs = 200;

/** Several at once. Live: a table that is redrawn where stdout is a terminal; else lines with their destination, and the table at the end. */
async function pingSideBySide(
  { environment, status, output }: SessionContext,
  at: PodAddress,
  flights: readonly Flight[],
  run: RunTool,
  live: boolean,
): Promise<number> {
  const { signal, stdout, clock, isTTY, env } = environment;
  const asText = output.format === 'table';
  const redraws = live && asText && isTTY.stdout && env.TERM !== 'dumb';
  const colours = coloursFor('stdout', output.color, environment);
  const printer = await eventPrinter(stdout, output.format);
  const rows = flights.map(({ destination }) => ({
    shown: destination.shown,
    address: destination.host,
    tracker: trackPing(recentPackets),
  }));
  const table = (): string =>
    pingTableText(
      rows.map(({ tracker, ...row }) => ({ ...row, track: tracker.track })),
      colours,
    );
  const screen = redraws
    ? // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- a terminal, as was just seen
      (await import('log-update')).createLogUpdate(stdout as NodeJS.WriteStream)
    : undefined;
  const stopDrawing = screen === undefined ? undefined : clock.every(redrawMs, () => screen(table()));
  try {
    const ends = await Promise.all(
      flights.map(async ({ reference, destination, tool }, index) => {
        const { shown } = destination;
        const onEvent = (event: PingEvent): Promise<void> | void => {
          rows[index]?.tracker.add(event);
          if (redraws || (live && asText)) return;
          return printer.print(
            event.kind,
            { to: shown, ...event },
            () => `${shown}: ${pingEventLine(event, colours)}`,
          );
        };
        const summary = await ping(tool, { run, signal, onEvent });
        if (!asText) await printer.print('PingSummary', { from: at, to: shown, ...summary }, () => '');
        return { summary, reference, shown };
      }),
    );
    stopDrawing?.();
    if (screen !== undefined) {
      screen(table());
      screen.done();
    } else if (asText) await printer.print('PingTable', {}, () => `\n${table()}`);
    return worstOf(ends, at, (text) => status.note(text));
  } finally {
    stopDrawing?.();
    screen?.done();
  }
}

interface End {
  readonly summary: PingSummary;
  readonly reference: Reference;
  readonly shown: string;
}

/** What went wrong is told for each destination; the exit code is that of the first that went wrong. */
function worstOf(ends: readonly End[], at: PodAddress, tell: (text: string) => void): number {
  let worst: number = ExitCode.ok;
  for (const { summary, reference, shown } of ends) {
    let code: number;
    try {
      code = endOf(summary, at, reference);
    } catch (error) {
      if (!(error instanceof NetdebugError)) throw error;
      tell(`${shown}: ${error.message}`);
      code = error.exitCode;
    }
    if (worst === ExitCode.ok || worst === ExitCode.interrupted) worst = code === ExitCode.ok ? worst : code;
  }
  return worst;
}

const refusalHints = {
  unknownHost: 'the name was looked up inside the pod, with its own resolv.conf',
  noRoute: 'the packet never left the pod: see its routes and rules',
  notPermitted: 'use an image with iputils ping, or --profile netadmin or baseline',
  other: undefined,
} as const;

/** The exit code; a ping that could not even begin, or did not end, is a failure with a sentence. */
function endOf(summary: PingSummary, { namespace, pod }: PodAddress, destination: Reference): number {
  const { refusal, problem, exit } = summary;
  if (refusal !== undefined) {
    // A bare name is a host where a destination is meant; elsewhere it is a pod, so it may have been meant as one.
    const bare =
      destination.type === 'host' && !destination.host.includes('.') ? destination.host : undefined;
    const meant =
      refusal.reason === 'unknownHost' && bare !== undefined ? `; for a pod write pod/${bare}` : '';
    const hint = refusalHints[refusal.reason];
    throw new NetdebugError(`ping in pod ${namespace}/${pod}: ${refusal.text}`, {
      exitCode: exit,
      hint: hint === undefined ? undefined : `${hint}${meant}`,
    });
  }
  if (problem !== undefined && exit !== ExitCode.interrupted)
    throw new NetdebugError(problem, { exitCode: exit, hint: 'Run the command again.' });
  return exit;
}
