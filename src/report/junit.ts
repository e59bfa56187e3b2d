import { create } from 'xmlbuilder2';
import { plainLine } from './plain.js';

/** One thing that was tried. */
export interface JunitCase {
  readonly name: string;
  /** The suite's name where it is absent. */
  readonly className?: string;
  readonly seconds?: number | undefined;
  readonly kind: 'passed' | 'failure' | 'error' | 'skipped';
  /** A short word for what went wrong, e.g. a code. */
  readonly type: string;
  readonly message: string;
  /** Further lines, under the message. */
  readonly details?: readonly string[];
}

/** Cases that belong together. */
export interface JunitSuite {
  readonly name: string;
  readonly cases: readonly JunitCase[];
}

/** Suites as JUnit's XML, as CI systems read it: what is not known is skipped with its reason. */
export function junitXml(name: string, suites: readonly JunitSuite[]): string {
  const all = suites.flatMap(({ cases }) => cases);
  const root = create({ version: '1.0', encoding: 'UTF-8' }).ele('testsuites', {
    name: plainLine(name),
    ...countsOf(all),
  });
  for (const { name: suiteName, cases } of suites) {
    const suite = root.ele('testsuite', { name: plainLine(suiteName), ...countsOf(cases) });
    for (const { className = suiteName, seconds, kind, type, message, details = [], ...one } of cases) {
      const element = suite.ele('testcase', {
        classname: plainLine(className),
        name: plainLine(one.name),
        ...(seconds === undefined ? {} : { time: seconds.toFixed(6) }),
      });
      const text = details.map(plainLine).join('\n');
      if (kind === 'passed') {
        if (text !== '') element.ele('system-out').txt(text);
        continue;
      }
      const typed = kind === 'skipped' ? {} : { type };
      const told = element.ele(kind, { message: plainLine(message), ...typed });
      if (text !== '') told.txt(text);
    }
  }
  return `${root.end({ prettyPrint: true })}\n`;
}

function countsOf(cases: readonly JunitCase[]): Record<'tests' | 'failures' | 'errors' | 'skipped', number> {
  const count = (kind: JunitCase['kind']): number => cases.filter((one) => one.kind === kind).length;
  return {
    tests: cases.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  };
}
