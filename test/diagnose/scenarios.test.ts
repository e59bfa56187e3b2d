/** Every scenario under test/fixtures/diagnose says its question, its verdict and the codes that it has to speak, the root first. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parseDocument } from 'yaml';
import { checks } from '../../src/diagnose/checks/all.js';
import { diagnose, type Diagnosis } from '../../src/diagnose/diagnose.js';
import { parseQuestion } from '../../src/diagnose/outside/target.js';
import { nothingObserved, type Observed } from '../../src/diagnose/observed.js';
import type { Reading } from '../../src/diagnose/reading.js';
import { readFiles } from '../../src/diagnose/snapshot/files.js';
import { createSnapshot } from '../../src/diagnose/snapshot/snapshot.js';
import type { Part, Snapshot } from '../../src/diagnose/snapshot/types.js';

const folder = fileURLToPath(new URL('../fixtures/diagnose/', import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const now = Date.UTC(2025, 0, 1);

interface Scenario {
  readonly ask: string;
  readonly verdict: Diagnosis['verdict'];
  /** Exactly these, the first root cause first. */
  readonly codes: readonly string[];
  /** What probes and logs told: the lists that are not empty. Absent: nothing was probed. */
  readonly observed?: Partial<Observed>;
}

function scenarioOf(name: string): Scenario {
  const [head = ''] = readFileSync(`${folder}${name}`, 'utf8').split('---\n');
  return parseDocument(head).toJS() as Scenario;
}

function ask(snapshot: Snapshot, words: string, observed?: Partial<Observed>): Diagnosis {
  const [first = '', second] = words.split(' ');
  const asked = second === undefined ? parseQuestion(undefined, first) : parseQuestion(first, second);
  const question = { ...asked, namespace: 'shop', now };
  return diagnose(snapshot, question, observed && { ...nothingObserved, ...observed });
}

const codesOf = ({ findings }: Diagnosis): string[] => findings.map(({ code }) => code);
const unknown: Reading<never> = { state: 'unknown', why: 'forbidden: list' };

describe.each(names)('%s', (name) => {
  const { ask: words, verdict, codes, observed } = scenarioOf(name);

  test(`${words} is ${verdict}`, async () => {
    const found = ask(await readFiles([`${folder}${name}`], 'shop'), words, observed);
    expect({ verdict: found.verdict, codes: codesOf(found) }).toEqual({ verdict, codes });
    for (const finding of found.findings) {
      expect(finding.message).not.toMatch(/undefined|\[object|NaN/);
      expect(finding.evidence.length).toBeGreaterThan(0);
    }
  });

  test('what may not be read makes no finding appear, and is named', async () => {
    const { parts } = await readFiles([`${folder}${name}`], 'shop');
    // Kinds that this cluster has nothing of go together: one by one they would take most of the time.
    const empty = parts.filter(({ reading }) => reading.state === 'there' && reading.items.length === 0);
    const others = parts.filter((part) => !empty.includes(part)).map((part) => [part]);
    for (const unread of [empty, ...others]) {
      const kinds = new Set(unread.map(({ kind }) => kind));
      const fewer = createSnapshot(
        parts.map((part): Part => (kinds.has(part.kind) ? { ...part, reading: unknown } : part)),
      );
      const found = ask(fewer, words, observed);
      expect(codesOf(found).filter((code) => !codes.includes(code))).toEqual([]);
      const hidden = codes.filter((code) => !codesOf(found).includes(code));
      if (hidden.length > 0 || found.verdict !== verdict) expect(found.notChecked).not.toEqual([]);
      if (verdict !== 'REACHABLE') expect(found.verdict).not.toBe('REACHABLE');
    }
  });
});

test('every code that a check can speak has a scenario that speaks it, and one that is silent', () => {
  const spoken = new Set(names.flatMap((name) => scenarioOf(name).codes));
  const silent = new Set(names.filter((name) => name.includes('-silent')).map((name) => name.slice(0, 5)));
  const codes = checks.flatMap((check) => check.codes);
  expect(codes.filter((code) => !spoken.has(code) || !silent.has(code))).toEqual([]);
});
