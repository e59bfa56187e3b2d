import { ExitCode, NetdebugError } from '../errors.js';
import { parseAttempt, type Attempt } from './connect-parse.js';
import { codeOf, collectWithin, firstWords, type ProbeOptions } from './probe.js';
import { isMissing, type RunTool } from './run.js';
import { batchArgv, inBatches, type BatchOptions, type BatchProbe } from './batch-script.js';

/** What became of a probe: an attempt, or that the container has no program for it. */
export type BatchAttempt = Attempt | 'noProgram';

/**
 * Tries all connections from one debug container, in as few execs as their number allows. Results are in the order of the probes.
 * Throws a {@link NetdebugError}: no program at all (7), not ended in time or ended early (8), interrupted (130).
 */
export async function tryBatch(
  run: RunTool,
  probes: readonly BatchProbe[],
  options: BatchOptions & ProbeOptions,
): Promise<BatchAttempt[]> {
  const results: BatchAttempt[] = [];
  for (const places of inBatches(probes)) {
    const some = places.map((at) => probes[at]).filter((probe) => probe !== undefined);
    results.push(...(await tryOnce(run, some, options)));
  }
  return results;
}

async function tryOnce(
  run: RunTool,
  probes: readonly BatchProbe[],
  options: BatchOptions & ProbeOptions,
): Promise<BatchAttempt[]> {
  const rounds = Math.ceil(probes.length / options.connectionsAtOnce);
  const said = await collectWithin(run, batchArgv(probes, options), {
    clock: options.clock,
    signal: options.signal,
    limitBytes: 65_536 + probes.length * 2_048,
    timeoutMs: rounds * (options.timeoutMs + 2_000) + 30_000,
  });
  if (said === 'timeout')
    throw new NetdebugError('the attempts did not end in time.', {
      exitCode: ExitCode.incomplete,
      hint: 'Try fewer --connections at once, or a shorter --timeout.',
    });
  const { via, attempts } = parseBatch(said.stdout, probes);
  if (via === 'none' || isMissing(said.end) || codeOf(said) === 255)
    throw new NetdebugError('the debug container has neither bash nor nc.', {
      exitCode: ExitCode.container,
      hint: 'Choose an image that has one with --image, and --fresh so that running debug containers are not reused.',
    });
  const whole = attempts.filter((one) => one !== undefined);
  if (whole.length === probes.length) return whole;
  const words = firstWords(said.stderr);
  throw new NetdebugError(
    `the shell in the debug container ended early: ${whole.length} of ${probes.length} connections were tried.`,
    { exitCode: ExitCode.incomplete, details: words === '' ? [] : [words] },
  );
}

/** What the script of batch-script.ts printed; undefined where a probe has no line. */
export function parseBatch(
  text: string,
  probes: readonly BatchProbe[],
): { readonly via: string | undefined; readonly attempts: (BatchAttempt | undefined)[] } {
  const attempts: (BatchAttempt | undefined)[] = probes.map(() => undefined);
  for (const line of text.split('\n')) {
    const [at = '', begin = '', end = '', code = '', ...words] = line.split('\t');
    const probe = /^\d{1,5}$/.test(at) ? probes[Number(at)] : undefined;
    if (probe === undefined) continue;
    const block = [...words, `start ${begin}`, `done ${end} ${code}`].join('\n');
    attempts[Number(at)] = code === '' ? 'noProgram' : parseAttempt(block, probe.protocol);
  }
  return { via: /^via (.+)$/m.exec(text)?.[1], attempts };
}
