import { ExitCode } from '../../src/errors.js';
import type { ToolEnd } from '../../src/debugger/types.js';
import type { Command } from '../command.js';
import { stopReason } from '../environment.js';
import { containerFlag, debugFlags, parseDebug } from '../options/debug.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import { parsePodAndArguments, selectorFlags } from '../options/pod.js';
import type { Settings } from '../options/setting.js';
import { checkTcpdumpArgs } from '../options/tcpdumpargs.js';
import { uploadFlags } from '../options/upload.js';
import type { Words } from '../options/words.js';
import { writeOut } from '../print/out.js';
import { sanitizeText } from '../print/sanitize.js';
import type { PodAddress, SessionContext } from '../context.js';
import { openSession } from '../session.js';
import { inPod, type PodCommandRequest } from '../target.js';

/** What `tcpdump` was asked for. */
export interface TcpdumpCommandRequest extends PodCommandRequest {
  /** tcpdump's own words. */
  readonly args: readonly string[];
}

const formats: readonly OutputFormat[] = ['table'];

const flags: Flags = { ...selectorFlags, container: { ...containerFlag, short: 'c' }, ...uploadFlags };

/** `kubectl netdebug tcpdump POD -- ARGS`. */
export const tcpdumpCommand: Command = {
  name: 'tcpdump',
  usage: 'POD [FLAGS] [-- TCPDUMP ARGS]',
  summary: 'live text output of tcpdump in a pod',
  about:
    "Runs tcpdump in the network of a pod and prints its text as it comes. Everything after -- goes to tcpdump as it stands. To keep packets, use 'kubectl netdebug capture'.",
  examples: [
    { about: 'Everything on every interface, without names', words: 'tcpdump web-0 -- -n -i any' },
    {
      about: 'Ten packets of HTTP with their contents',
      words: 'tcpdump web-0 -- -n -i eth0 -c 10 -A tcp port 80',
    },
  ],
  flags: { ...flags, ...debugFlags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parseTcpdump(words, settings);
    return (environment) =>
      inPod(request, environment, (context, at) => tcpdumpIn(context, at, request.args));
  },
};

/** Words → request. Throws a usage error. */
export function parseTcpdump(words: Words, settings: Settings): TcpdumpCommandRequest {
  const { target } = parsePodAndArguments(words, [], 'rest');
  return {
    kube: parseKube(words),
    debug: parseDebug(words, settings),
    output: parseOutput(words, settings, formats),
    target,
    args: checkTcpdumpArgs(words.rest ?? []),
  };
}

async function tcpdumpIn(context: SessionContext, at: PodAddress, args: readonly string[]): Promise<number> {
  const { environment, status, debug } = context;
  const { signal, stdout } = environment;
  const [{ textArgv, parseTcpdumpLine, tcpdumpFailure }, { eachLine }] = await Promise.all([
    import('../../src/tools/tcpdump.js'),
    import('../../src/tools/text.js'),
  ]);
  const argv = textArgv(args);
  if (debug.dryRun) return (await import('../dryrun.js')).printDryRun(context, at, 'raw', argv);
  const { run } = await openSession(context, at, 'raw');
  const session = await run(argv);
  const stop = (): void => session.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  // Until it listens its words may be those of a failure, which are told as one.
  const words: string[] = [];
  const heard = { listening: false };
  try {
    await Promise.all([
      eachLine(session.stdout, (line) => writeOut(stdout, `${sanitizeText(line)}\n`)),
      eachLine(session.stderr, (line) => {
        const parsed = parseTcpdumpLine(line);
        heard.listening ||= parsed.kind === 'listening';
        if (parsed.kind === 'words' && words.length < 50) words.push(parsed.text);
        if (parsed.kind !== 'chatter' && (heard.listening || parsed.kind !== 'words')) status.note(line);
      }),
    ]);
    const code = endOf(await session.done, signal, (end) => tcpdumpFailure(words, end, {}));
    if (!heard.listening) for (const text of words) status.note(text);
    return code;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function endOf(end: ToolEnd, signal: AbortSignal, failure: (end: ToolEnd) => Error): number {
  if (end.kind === 'exited' && (end.exitCode === 0 || stopReason(signal) !== undefined)) return ExitCode.ok;
  throw failure(end);
}
