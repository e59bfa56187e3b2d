import type { JudgedFlow } from '../../src/diagnose/expect/judge.js';
import type { Colours } from './colour.js';
import { sanitizeLine } from './sanitize.js';
import { table } from './table.js';

const marks = { ok: 'ok', failed: 'FAILED', open: 'unknown' } as const;

/** A row for each flow, what went wrong in words below, and a count. */
export function expectationsText(judged: readonly JudgedFlow[], colours: Colours): string {
  const rows = judged.map(({ flow, result, verdict }) => [
    marks[result],
    flow.from,
    flow.to,
    [flow.expect, ...(flow.codes ?? [])].join(' '),
    verdict,
  ]);
  const wrong = judged.filter(({ result }) => result !== 'ok');
  const words = wrong.map(({ flow, why }) => sanitizeLine(`${flow.from} → ${flow.to}: ${why}`));
  const count = (result: JudgedFlow['result']): number =>
    judged.filter((one) => one.result === result).length;
  const total = `${count('ok')} of ${judged.length} flows as expected, ${count('failed')} not, ${count('open')} could not be told`;
  const colour = count('failed') > 0 ? colours.bad : count('open') > 0 ? colours.warning : colours.good;
  return [
    table(['RESULT', 'FROM', 'TO', 'EXPECTED', 'VERDICT'], rows),
    ...words.map((line) => `${line}\n`),
    `${colour(total)}\n`,
  ].join('');
}

/** The fields of kind ExpectationResults. */
export function expectationsDocument(file: string, judged: readonly JudgedFlow[]): object {
  return {
    file,
    flows: judged.map(({ flow, result, verdict, codes, why }) => ({
      ...flow,
      result: result === 'open' ? 'undetermined' : result,
      verdict: verdict ?? null,
      found: codes,
      why,
    })),
  };
}
