import { cellWords, isBad, signOf } from '../matrix/reading.js';
import { destinationName, sourceName, type Matrix, type MatrixCell } from '../matrix/types.js';
import { type JunitCase, junitXml } from './junit.js';

/**
 * The matrix for a CI system, as JUnit's XML: a suite for each source, a case for each destination. Something wrong is a failure,
 * what is not known is skipped with its reason, and a source that could not be probed from is an error.
 */
export function matrixJunit(matrix: Matrix): string {
  const { sources, mode } = matrix;
  const suites = sources.map((source, row) => ({ name: sourceName(source), cases: casesOf(matrix, row) }));
  return junitXml(`matrix ${mode}`, suites);
}

function casesOf(matrix: Matrix, row: number): JunitCase[] {
  const { sources, destinations, rows, failed } = matrix;
  const failure = failed.find(({ source }) => source === sources[row]);
  const cases = destinations.flatMap((to, column) => {
    const cell = rows[row]?.[column];
    return cell === undefined ? [] : [caseOf(matrix, cell, destinationName(to))];
  });
  if (failure === undefined) return cases;
  const { message } = failure.error;
  return [{ name: 'debug container', kind: 'error', type: 'failed', message }, ...cases];
}

function caseOf({ mode }: Matrix, cell: MatrixCell, name: string): JunitCase {
  const { key, tone } = signOf(cell, mode);
  const kind = isBad(cell, mode) ? 'failure' : tone === 'unsure' ? 'skipped' : 'passed';
  const seconds = cell.packet?.ms === undefined ? undefined : cell.packet.ms / 1000;
  return { name, seconds, kind, type: cell.differs ?? key, message: cellWords(cell) };
}
