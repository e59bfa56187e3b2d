import type { JudgedFlow } from '../diagnose/expect/judge.js';
import { type JunitCase, junitXml } from './junit.js';

/** Flows of a file of expectations for a CI system: the file is a suite, every flow a case; what could not be told is skipped. */
export function expectationsJunit(file: string, judged: readonly JudgedFlow[]): string {
  const cases = judged.map(({ flow, result, codes, why }): JunitCase => ({
    name: `${flow.from} → ${flow.to} is ${flow.expect}`,
    kind: ({ ok: 'passed', failed: 'failure', open: 'skipped' } as const)[result],
    type: codes[0] ?? result,
    message: why,
  }));
  return junitXml(`diagnose --expect ${file}`, [{ name: file, cases }]);
}
