import { ExitCode } from '../../src/errors.js';
import type { Command } from '../command.js';
import type { Environment } from '../environment.js';
import { writeOut } from '../print/out.js';
import { fileCache } from './cache.js';
import { type Answer, answer, directive } from './candidates.js';
import { clusterSources } from './cluster.js';
import { readLine } from './place.js';

/**
 * What shells call, as they call programs made with cobra (`__completeNoDesc`: without what the candidates are).
 * `__complete WORD... WORD_UNDER_CURSOR`: a line for each candidate, with what it is after a tab, and a last line `:N` of cobra's directives.
 * Always 0, and nothing on stderr: whatever went wrong, a person is typing there.
 */
export async function complete(environment: Environment, commands: readonly Command[]): Promise<number> {
  const [call, ...typed] = environment.argv;
  const { candidates, directive: bits } = await candidatesFor(typed, environment, commands).catch(
    (): Answer => ({ candidates: [], directive: directive.noFiles }),
  );
  const lines = candidates.map(({ word, about }) =>
    about === undefined || call === '__completeNoDesc' ? word : `${word}\t${about}`,
  );
  await writeOut(environment.stdout, [...lines, `:${bits}`, ''].join('\n'));
  return ExitCode.ok;
}

async function candidatesFor(
  typed: readonly string[],
  environment: Environment,
  commands: readonly Command[],
): Promise<Answer> {
  const line = readLine(commands, typed);
  const cache = fileCache(environment, () => environment.clock.now());
  return answer(line, commands, clusterSources(line.words, environment, cache));
}
