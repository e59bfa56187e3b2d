import { ExitCode, NetdebugError } from '../src/errors.js';
import type { Command } from './command.js';
import { captureCommand } from './commands/capture.js';
import { completionCommand } from './commands/completion.js';
import { connectCommand } from './commands/connect.js';
import { diagnoseCommand } from './commands/diagnose.js';
import { dnsCommand } from './commands/dns.js';
import { doctorCommand } from './commands/doctor.js';
import { execCommand } from './commands/exec.js';
import { explainCommand } from './commands/explain.js';
import { extcapCommand } from './commands/extcap.js';
import { httpCommand } from './commands/http.js';
import { interfacesCommand } from './commands/interfaces.js';
import { listCommand } from './commands/list.js';
import { logsCommand } from './commands/logs.js';
import { matrixCommand } from './commands/matrix.js';
import { mtuCommand } from './commands/mtu.js';
import { netstatCommand } from './commands/netstat.js';
import { pingCommand } from './commands/ping.js';
import { policyCommand } from './commands/policy.js';
import { pullCommand } from './commands/pull.js';
import { shellCommand } from './commands/shell.js';
import { stopCommand } from './commands/stop.js';
import { tcpdumpCommand } from './commands/tcpdump.js';
import { throughputCommand } from './commands/throughput.js';
import { traceCommand } from './commands/trace.js';
import { versionCommand } from './commands/version.js';
import { wiresharkCommand } from './commands/wireshark.js';
import { type Environment, stopReason } from './environment.js';
import { unlessReaderHangs } from './interrupt.js';
import { readSettings } from './options/config.js';
import type { Flags } from './options/flags.js';
import { kubeFlags } from './options/kube.js';
import { outputFlags } from './options/output.js';
import { nearest, program, usageError } from './options/usage.js';
import { helpAlone, noFlags, switchOf, type Words, wordOf } from './options/words.js';
import { type ColorChoice, coloursFor } from './print/colour.js';
import { errorText, exitCodeOf } from './print/error.js';
import { writeOut } from './print/out.js';

/** Every command, in the order of `--help`. */
export const commands: readonly Command[] = [
  pingCommand,
  netstatCommand,
  tcpdumpCommand,
  captureCommand,
  pullCommand,
  connectCommand,
  dnsCommand,
  httpCommand,
  interfacesCommand,
  mtuCommand,
  traceCommand,
  throughputCommand,
  diagnoseCommand,
  policyCommand,
  explainCommand,
  matrixCommand,
  logsCommand,
  shellCommand,
  execCommand,
  doctorCommand,
  listCommand,
  stopCommand,
  wiresharkCommand,
  extcapCommand,
  completionCommand,
  versionCommand,
];

/** The whole program: words in, exit code out. Never rejects; every failure is printed here and nowhere else. */
export async function run(environment: Environment): Promise<number> {
  let color: ColorChoice = 'auto';
  let verbose = false;
  try {
    if (environment.argv[0]?.startsWith('__complete') === true)
      return await (await import('./completion/complete.js')).complete(environment, commands);
    const { command, argv } = await chooseCommand(environment.argv);
    if (command === undefined) {
      const { programHelp } = await import('./print/help.js');
      await writeOut(environment.stdout, programHelp(commands, environment.columns()));
      return ExitCode.ok;
    }
    const words = await readWords(command.name, argv, command.flags);
    ({ color, verbose } = manner(words));
    if (switchOf(words, 'help')) {
      const { commandHelp } = await import('./print/help.js');
      await writeOut(environment.stdout, commandHelp(command, environment.columns()));
      return ExitCode.ok;
    }
    const settings = await readSettings(environment);
    const started = command.prepare(words, settings)(environment);
    const tell = (text: string): void => {
      if (!switchOf(words, 'quiet'))
        environment.stderr.write(`${environment.isTTY.stderr ? '\r\u001b[2K' : ''}${text}\n`);
    };
    const exitCode = await unlessReaderHangs(environment, started, ExitCode.interrupted, tell);
    if (stopReason(environment.signal)?.kind === 'output-failed') throw failureOf(environment, undefined);
    if (exitCode === ExitCode.incomplete || command.endsOnStop === true) return exitCode;
    return endedEarly(environment, undefined) ?? exitCode;
  } catch (thrown) {
    const early = endedEarly(environment, thrown);
    if (early !== undefined) {
      // Who interrupts knows that he did; only what stays behind has to be said.
      if (thrown instanceof NetdebugError && thrown.exitCode === early && thrown.hint !== undefined)
        await writeOut(
          environment.stderr,
          errorText(thrown, coloursFor('stderr', color, environment), false),
        );
      return early;
    }
    const error = failureOf(environment, thrown);
    await writeOut(environment.stderr, errorText(error, coloursFor('stderr', color, environment), verbose));
    return exitCodeOf(error);
  }
}

/** The exit code when something asked to stop and that explains how the command ended; undefined to go on as usual. */
function endedEarly({ signal }: Environment, error: unknown): number | undefined {
  const reason = stopReason(signal);
  // An incomplete result stays one, whoever asked to stop.
  if (reason === undefined || (error instanceof NetdebugError && error.exitCode === ExitCode.incomplete))
    return undefined;
  switch (reason.kind) {
    case 'interrupted':
      return ExitCode.interrupted;
    case 'output-closed':
      return ExitCode.ok;
    case 'output-failed':
      return undefined;
  }
}

/** A failure to write stdout is the failure to tell, whatever else followed from it. */
function failureOf({ signal }: Environment, error: unknown): unknown {
  const reason = stopReason(signal);
  if (reason?.kind !== 'output-failed') return error;
  return new NetdebugError(`cannot write to stdout: ${reason.error.message}`, {
    exitCode: ExitCode.incomplete,
    cause: reason.error,
  });
}

function manner(words: Words): { readonly color: ColorChoice; readonly verbose: boolean } {
  const asked = wordOf(words, 'color');
  return {
    color: asked === 'always' || asked === 'never' ? asked : 'auto',
    verbose: switchOf(words, 'verbose'),
  };
}

const leadingFlags: Flags = { ...kubeFlags, ...outputFlags([]) };

/** The parser is loaded only where there is a flag to read: `version` is asked by programs, and often. */
async function readWords(command: string, argv: readonly string[], flags: Flags): Promise<Words> {
  if (!argv.some((word) => word.startsWith('-'))) return noFlags(command, argv);
  const help = helpAlone(command, argv);
  if (help !== undefined) return help;
  const { parseWords } = await import('./options/parse.js');
  return parseWords(command, argv, flags);
}

/** The command that the words name, and the other words. Undefined: help is wanted. Flags of every command may stand before its name. */
async function chooseCommand(argv: readonly string[]): Promise<{
  readonly command?: Command;
  readonly argv: readonly string[];
}> {
  // Called under another name, from Wireshark's folder.
  if (argv[0] === '--capture' || argv[0]?.startsWith('--extcap-') === true)
    return { command: extcapCommand, argv };
  const at = firstArgument(argv);
  const name = argv[at];
  if (name === undefined) {
    // Flags alone: --help is, -n shop alone is not, a question that the list of commands answers.
    if (argv.length === 0) return { argv };
    const words = await readWords('', argv, leadingFlags);
    if (switchOf(words, 'help')) return { argv };
    throw usageError('no command given');
  }
  const others = argv.toSpliced(at, 1);
  if (name === 'help') {
    const asked = others[0];
    return asked === undefined ? { argv } : { command: findCommand(asked), argv: ['--help'] };
  }
  return { command: findCommand(name), argv: others };
}

/** Index of the first word that is neither a flag nor a flag's word; the length when there is none. */
function firstArgument(argv: readonly string[]): number {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (!word.startsWith('-') || word === '-') return at;
    if (word === '--') return argv.length;
    const flag = Object.entries(leadingFlags).find(
      ([name, { short }]) => word === `--${name}` || word === `-${short ?? name}`,
    );
    if (flag !== undefined && flag[1].kind !== 'switch') at++;
  }
  return argv.length;
}

function findCommand(name: string): Command {
  const found = commands.find((command) => command.name === name || command.aliases?.includes(name) === true);
  if (found !== undefined) return found;
  const near = nearest(
    name,
    commands.flatMap((command) => [command.name, ...(command.aliases ?? [])]),
  );
  throw usageError(
    `unknown command ${JSON.stringify(name)} for ${JSON.stringify(program)}`,
    undefined,
    near === undefined ? undefined : `did you mean ${near}?`,
  );
}
