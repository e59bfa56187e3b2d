import leven from 'leven';
import { ExitCode, NetdebugError } from '../../src/errors.js';

/** How the program is called, in usage texts and hints. */
export const program = 'kubectl netdebug';

/** A mistake on the command line: exit code 2, and where help stands. */
export function usageError(sentence: string, command?: string, hint?: string): NetdebugError {
  const help = command === undefined || command === '' ? `${program} --help` : `${program} ${command} --help`;
  return new NetdebugError(sentence, { exitCode: ExitCode.usage, hint: hint ?? `see '${help}'` });
}

/** The known word nearest to a mistyped one, if one is near enough to be meant. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3) + 1);
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = candidate.startsWith(word) && word.length > 1 ? 0 : leven(word, candidate);
    if (distance <= limit && distance < (best?.distance ?? Infinity)) best = { word: candidate, distance };
  }
  return best?.word;
}
