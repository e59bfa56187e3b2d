import { setMaxListeners } from 'node:events';
import type { ExitCode } from '../src/errors.js';
import { formatReference, parseReference, type Reference } from '../src/target/reference.js';
import type { ProbeOptions } from '../src/tools/probe.js';
import type { RunTool } from '../src/tools/run.js';
import { parseDuration } from './options/duration.js';
import { kubeFlags, parseKube } from './options/kube.js';
import { containerFlag, debugFlags, parseDebug } from './options/debug.js';
import type { Flags } from './options/flags.js';
import { outputFlags, type OutputFormat, parseOutput } from './options/output.js';
import { parsePodAndArguments, selectorFlags } from './options/pod.js';
import { flagSetting, type Settings } from './options/setting.js';
import type { Words } from './options/words.js';
import { printDocument } from './print/document.js';
import type { Show } from './print/growing.js';
import { writeOut } from './print/out.js';
import type { PodAddress, SessionContext } from './context.js';
import { unlessStopped } from './interrupt.js';
import { openSession } from './session.js';
import type { PodCommandRequest } from './target.js';

/** What the commands that probe once from one pod have in common. */
const probeFormats: readonly OutputFormat[] = ['table', 'json', 'yaml'];

/** The flags of a probe: its own first, then those that all share. */
export function probeFlags(own: Flags): Flags {
  return {
    ...own,
    ...selectorFlags,
    container: containerFlag,
    ...debugFlags,
    ...outputFlags(probeFormats),
    ...kubeFlags,
  };
}

/** `--timeout`, as every probe has it. */
export const timeoutFlag = (describe: string): Flags[string] => ({
  kind: 'text',
  placeholder: 'DURATION',
  describe,
  group: 'Flags',
});

/** Milliseconds of `--timeout`: from 100 ms to 10 minutes. Throws a usage error. */
export function parseTimeout(words: Words, defaultMs: number): number {
  const setting = flagSetting(words, 'timeout');
  return setting === undefined ? defaultMs : parseDuration(setting, 100, 600_000);
}

/** The words that all probes share, and the other arguments. Throws a usage error. */
export function parseProbe(
  words: Words,
  settings: Settings,
  names: readonly string[],
): { readonly request: PodCommandRequest; readonly others: readonly string[] } {
  const { target, others } = parsePodAndArguments(words, names);
  return {
    request: {
      kube: parseKube(words),
      debug: parseDebug(words, settings),
      output: parseOutput(words, settings, probeFormats),
      target,
    },
    others,
  };
}

/** The argument of a probe that says where to. Throws a usage error. */
export function parseDestination(text: string | undefined): Reference {
  return parseReference(text ?? '', 'destination');
}

/** One probe of one pod: what is run, and how its result is printed and judged. */
export interface ProbeTask<R extends { readonly kind: string }> {
  /** argv that `--dry-run` shows. */
  readonly argv: () => readonly string[];
  /** What is waited for, on the status line. */
  readonly doing: string;
  /** `show` prints what is known already, as text, while the rest is waited for. */
  readonly probe: (run: RunTool, options: ProbeOptions, show: Show) => Promise<R>;
  /** The text behind what was shown before. */
  readonly print: (result: R) => string | Promise<string>;
  readonly exit: (result: R) => ExitCode;
  /** Goes before the fields of the result in JSON. */
  readonly about?: object;
}

/** Opens a session, probes, prints the result as a document or as text, and resolves with the exit code. */
export async function probeIn<R extends { readonly kind: string }>(
  context: SessionContext,
  at: PodAddress,
  task: ProbeTask<R>,
): Promise<number> {
  const { environment, output, debug } = context;
  if (debug.dryRun) {
    const { printDryRun } = await import('./dryrun.js');
    return printDryRun(context, at, 'none', task.argv());
  }
  const { run } = await openSession(context, at, 'none');
  // A probe runs several tools at once, each of which listens for the end.
  setMaxListeners(100, environment.signal);
  const shown = shower(context, task.doing);
  const options = { clock: environment.clock, signal: environment.signal };
  const result = await task.probe(run, options, shown.show).finally(() => shown.end());
  const value = { from: at, ...task.about, ...result };
  await printDocument(environment.stdout, output.format, result.kind, value, () => task.print(result));
  return task.exit(result);
}

/** Writes to stdout in order, above what the status line says is going on. `end` resolves when all is written and the line is gone. */
function shower(
  { environment, status, output }: SessionContext,
  doing: string,
): { readonly show: Show; readonly end: () => Promise<void> } {
  const asText = output.format !== 'json' && output.format !== 'yaml';
  let over = false;
  let written = Promise.resolve();
  const say = (): void => {
    if (environment.isTTY.stderr && !over) status.show('probe', doing);
  };
  say();
  const write = async (text: string | Promise<string>): Promise<void> => {
    const words = await text;
    status.clear();
    await writeOut(environment.stdout, words);
    say();
  };
  return {
    show: (text) => {
      // Text that cannot be had is missed by nobody but the reader: the result is still printed.
      if (asText) written = written.then(() => write(text)).catch(() => undefined);
    },
    end: async () => {
      over = true;
      await written;
      status.clear();
    },
  };
}

/** A probe whose destination is an address. */
export interface AddressTask<R extends { readonly kind: string }> extends Pick<
  ProbeTask<R>,
  'print' | 'exit'
> {
  /** argv that `--dry-run` shows; a name is not looked up then. */
  readonly argv: (host: string) => readonly string[];
  /** What is waited for; the destination follows. */
  readonly doing: string;
  readonly probe: (address: string, run: RunTool, options: ProbeOptions, show: Show) => Promise<R>;
}

/**
 * Like {@link probeIn}, for the address behind a reference, which is found first; a name is looked up in the pod. What was chosen is told on
 * stderr. Rejects with a NetdebugError, 1 when a name has no address.
 */
export async function probeAddress<R extends { readonly kind: string }>(
  context: SessionContext,
  at: PodAddress,
  destination: Reference,
  { argv, doing, probe, ...task }: AddressTask<R>,
): Promise<number> {
  const { api, status, environment } = context;
  const { resolveDestination } = await import('../src/target/destination.js');
  const { host, family, choice } = await unlessStopped(
    environment.signal,
    resolveDestination(api, destination, { namespace: at.namespace }),
  );
  if (choice !== undefined) status.note(choice);
  const to = formatReference(destination);
  return probeIn(context, at, {
    ...task,
    argv: () => argv(host),
    doing: `${doing} ${to}`,
    about: { to },
    probe: async (run, options, show) => {
      const address = family === undefined ? await addressOf(at, host, run, options) : host;
      return probe(address, run, options, show);
    },
  });
}

async function addressOf(at: PodAddress, host: string, run: RunTool, options: ProbeOptions): Promise<string> {
  const [{ lookUp }, { ExitCode, NetdebugError }] = await Promise.all([
    import('../src/tools/getent.js'),
    import('../src/errors.js'),
  ]);
  const found = await lookUp(run, host, options);
  const [address] = found.kind === 'addresses' ? found.addresses : [];
  if (address !== undefined) return address;
  throw new NetdebugError(`${host} has no address, as seen in the pod.`, {
    exitCode: ExitCode.found,
    hint: `kubectl netdebug dns ${at.pod} ${host} shows how it is looked up.`,
  });
}
