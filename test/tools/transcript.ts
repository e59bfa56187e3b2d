import { readFileSync } from 'node:fs';

/** One command as a real cluster answered it. */
export interface Spoken {
  readonly group: string;
  readonly where: string;
  readonly command: readonly string[];
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const file = new URL('../fixtures/transcripts/tools-output.json', import.meta.url);

/** What tools printed in pods of a real cluster; test/fixtures/transcripts/README.md tells how it was recorded. */
export const spoken: readonly Spoken[] = (JSON.parse(readFileSync(file, 'utf8')) as { commands: Spoken[] })
  .commands;

/** The first recording of this command line. */
export function answerTo(where: string, ...command: string[]): Spoken {
  const found = spoken.find((one) => one.where === where && one.command.join(' ') === command.join(' '));
  if (found === undefined) throw new Error(`not recorded: ${where}: ${command.join(' ')}`);
  return found;
}
