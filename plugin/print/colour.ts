import picocolors from 'picocolors';
import type { Environment } from '../environment.js';

/** `--color`: auto colours only what goes to a terminal. */
export type ColorChoice = 'auto' | 'always' | 'never';

/** Text → coloured text, or the same text. Colour never carries a meaning that the words do not. */
export interface Colours {
  readonly bad: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly good: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly strong: (text: string) => string;
}

/** The colours for stdout or stderr. NO_COLOR (https://no-color.org) and TERM=dumb turn `auto` off. */
export function coloursFor(
  stream: 'stdout' | 'stderr',
  choice: ColorChoice,
  environment: Pick<Environment, 'env' | 'isTTY'>,
): Colours {
  const { env, isTTY } = environment;
  const auto = isTTY[stream] && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  const { red, yellow, green, dim, bold } = picocolors.createColors(
    choice === 'always' || (choice === 'auto' && auto),
  );
  return { bad: red, warning: yellow, good: green, faint: dim, strong: bold };
}
