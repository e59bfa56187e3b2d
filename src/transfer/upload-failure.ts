import { ExitCode, NetdebugError } from '../errors.js';
import { cleanText } from '../kube/text.js';
import { runsOn } from './elf.js';
import type { LocalProgram } from './program.js';

/** linux/capability.h */
const NET_RAW = 13n;

const otherWays =
  'Without --upload a debug container brings its own tcpdump; or name another container of the pod with --container: all of them share its network.';

/** A folder that will not do, and why, as the keeper says it. */
export interface Unfit {
  readonly folder: string;
  readonly why: string;
  readonly words: string;
}

/** Throws (5) when no packet socket can be opened in there; whatever is uploaded, that stays so. */
export function checkRaw(capabilities: string, container: string): void {
  if (!/^[0-9a-f]{1,16}$/i.test(capabilities)) return;
  if ((BigInt(`0x${capabilities}`) >> NET_RAW) & 1n) return;
  throw new NetdebugError(
    `Container ${container} may not capture packets: it runs without the capability NET_RAW, and no program that is uploaded can change that.`,
    {
      exitCode: ExitCode.notAllowed,
      hint: 'What works without it: netstat, connect and ping, from a debug container under --profile restricted. To capture, leave --upload out, or name one with --container that has NET_RAW.',
    },
  );
}

/** Throws (2) when the program is for another machine than the container runs on. */
export function checkMachine({ name, elf }: LocalProgram, there: string, container: string): void {
  if (there === '' || runsOn(elf, there) !== false) return;
  throw new NetdebugError(
    `${name} is for ${elf.machine}, and container ${container} runs on ${cleanText(there, 40)}.`,
    { exitCode: ExitCode.usage, hint: `Give --upload a static tcpdump for ${cleanText(there, 40)}.` },
  );
}

const sentences: Readonly<Record<string, string>> = {
  write: 'cannot be written',
  exec: 'does not let programs run (noexec)',
  space: 'has no space',
};

/** There is no place for it (6). */
export function noPlace(container: string, bytes: number, unfit: readonly Unfit[]): NetdebugError {
  const kinds = new Set(unfit.map(({ why }) => why));
  const why = kinds.has('space')
    ? `has no space for ${bytes} bytes`
    : kinds.has('exec')
      ? 'lets no program run in the folders that can be written (noexec)'
      : 'can be written nowhere (its root is read-only)';
  return new NetdebugError(`Container ${container} ${why}.`, {
    exitCode: ExitCode.target,
    details: unfit.map(
      ({ folder, why: one, words }) =>
        `${cleanText(folder, 200)}: ${sentences[one] ?? one}${words === '' ? '' : ` (${cleanText(words, 200)})`}`,
    ),
    hint: otherWays,
  });
}

/** There is no shell to take it in (6). */
export function noShell(container: string, cause: NetdebugError): NetdebugError {
  return new NetdebugError(
    `Container ${container} has no shell, so nothing can be uploaded into it (distroless).`,
    { exitCode: ExitCode.target, details: [cause.message], hint: otherWays, cause },
  );
}

/** It did not arrive whole (6 for a full disk, 8). */
export function notWhole(
  container: string,
  program: LocalProgram,
  got: string,
  words: string,
): NetdebugError {
  const full = /no space|quota/i.test(words);
  return new NetdebugError(
    full
      ? `Container ${container} has no space for ${program.bytes.length} bytes.`
      : `Only ${cleanText(got, 20)} of ${program.bytes.length} bytes of ${program.name} arrived in container ${container}.`,
    {
      exitCode: full ? ExitCode.target : ExitCode.incomplete,
      details: words === '' ? [] : [cleanText(words, 300)],
      hint: full ? otherWays : undefined,
    },
  );
}

/** It is there and does not run as a tcpdump: why, as far as its own and the shell's words tell. */
export function doesNotRun(
  program: LocalProgram,
  container: string,
  code: number,
  words: string,
): NetdebugError {
  const { name, elf } = program;
  const details =
    words === ''
      ? []
      : words
          .split('\n')
          .slice(0, 5)
          .map((line) => cleanText(line, 300));
  const fail = (sentence: string, exitCode: ExitCode, hint: string): NetdebugError =>
    new NetdebugError(sentence, { exitCode, details, hint });
  const needed = elf.interpreter === undefined ? undefined : cleanText(elf.interpreter, 100);
  if (needed !== undefined && (code === 127 || /shared librar|not found|relocat|No such file/i.test(words))) {
    return fail(
      `${name} is not static: it needs ${needed} and libraries that container ${container} does not have.`,
      ExitCode.usage,
      'Give --upload a static tcpdump.',
    );
  }
  if (/exec format error|cannot execute binary|syntax error/i.test(words)) {
    return fail(
      `${name} (${elf.machine}) cannot run on the machine of container ${container}: it is for another one.`,
      ExitCode.usage,
      'Give --upload a static tcpdump for the architecture of the node.',
    );
  }
  if (code === 126 || /permission denied/i.test(words)) {
    return fail(
      `Container ${container} does not let ${name} run: a noexec mount, or a rule of the node, forbids it.`,
      ExitCode.target,
      otherWays,
    );
  }
  return fail(
    `${name} does not run as a tcpdump in container ${container}: --version ended with exit code ${code}.`,
    ExitCode.usage,
    'Give --upload a static tcpdump.',
  );
}
