import { create } from 'xmlbuilder2';
import { cellWords, isBad, signOf } from '../matrix/reading.js';
import { destinationName, sourceName, type Matrix, type MatrixCell } from '../matrix/types.js';

interface Case {
  readonly name: string;
  readonly seconds: number | undefined;
  readonly kind: 'passed' | 'failure' | 'error' | 'skipped';
  readonly type: string;
  readonly message: string;
}

/**
 * The matrix for a CI system, as JUnit's XML: a suite for each source, a case for each destination. Something wrong is a failure,
 * what is not known is skipped with its reason, and a source that could not be probed from is an error.
 */
export function matrixJunit(matrix: Matrix): string {
  const { sources, mode } = matrix;
  const suites = sources.map((source, row) => ({ name: sourceName(source), cases: casesOf(matrix, row) }));
  const all = suites.flatMap(({ cases }) => cases);
  const root = create({ version: '1.0', encoding: 'UTF-8' }).ele('testsuites', {
    name: `matrix ${mode}`,
    ...countsOf(all),
  });
  for (const { name, cases } of suites) {
    const suite = root.ele('testsuite', { name: plain(name), ...countsOf(cases) });
    for (const one of cases) {
      const element = suite.ele('testcase', {
        classname: plain(name),
        name: plain(one.name),
        ...(one.seconds === undefined ? {} : { time: one.seconds.toFixed(6) }),
      });
      if (one.kind === 'passed') continue;
      const type = one.kind === 'skipped' ? {} : { type: one.type };
      element.ele(one.kind, { message: plain(one.message), ...type });
    }
  }
  return `${root.end({ prettyPrint: true })}\n`;
}

function casesOf(matrix: Matrix, row: number): Case[] {
  const { sources, destinations, rows, failed } = matrix;
  const failure = failed.find(({ source }) => source === sources[row]);
  const cases = destinations.flatMap((to, column) => {
    const cell = rows[row]?.[column];
    return cell === undefined ? [] : [caseOf(matrix, cell, destinationName(to))];
  });
  if (failure === undefined) return cases;
  const { message } = failure.error;
  return [{ name: 'debug container', seconds: undefined, kind: 'error', type: 'failed', message }, ...cases];
}

function caseOf({ mode }: Matrix, cell: MatrixCell, name: string): Case {
  const { key, tone } = signOf(cell, mode);
  const kind = isBad(cell, mode) ? 'failure' : tone === 'unsure' ? 'skipped' : 'passed';
  const seconds = cell.packet?.ms === undefined ? undefined : cell.packet.ms / 1000;
  return { name, seconds, kind, type: cell.differs ?? key, message: cellWords(cell) };
}

function countsOf(cases: readonly Case[]): Record<'tests' | 'failures' | 'errors' | 'skipped', number> {
  const count = (kind: Case['kind']): number => cases.filter((one) => one.kind === kind).length;
  return {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  };
}

/** Without the characters that XML 1.0 has no way to write, and without control characters. */
function plain(text: string): string {
  return text.replace(/[^\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '');
}
