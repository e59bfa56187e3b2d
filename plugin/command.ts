import type { Environment } from './environment.js';
import type { Completes } from './options/completes.js';
import type { Flags } from './options/flags.js';
import type { Settings } from './options/setting.js';
import type { Words } from './options/words.js';

/** A request that was understood and only has to be carried out. Resolves with the exit code. */
export type Start = (environment: Environment) => Promise<number>;

/** One command. Its file must load quickly: what it does is imported when it starts. */
export interface Command {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** The words after the name in the usage line, e.g. `POD DEST [FLAGS]`. */
  readonly usage: string;
  /** What completes the arguments of the usage line whose name does not say it. */
  readonly completes?: Readonly<Record<string, Completes>>;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Some lines for the command's own help. */
  readonly about: string;
  readonly examples: readonly { readonly about: string; readonly words: string }[];
  readonly flags: Flags;
  /** Being told to stop is its regular end: then its own exit code counts, and nothing is said. */
  readonly endsOnStop?: boolean;
  /** Words → request, without any effect. Throws a usage error. */
  readonly prepare: (words: Words, settings: Settings) => Start;
}
