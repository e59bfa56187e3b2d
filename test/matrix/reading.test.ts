import { describe, expect, test } from '@jest/globals';
import { coloursFor } from '../../plugin/print/colour.js';
import { pairsText } from '../../plugin/print/pairs.js';
import { pairsDocument } from '../../plugin/print/pairsdocument.js';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import { createMatrixOf, differenceOf } from '../../src/matrix/combine.js';
import { countMatrix, exitCodeOfMatrix } from '../../src/matrix/reading.js';
import { together } from '../../src/matrix/static.js';
import type { Matrix, MatrixCell, ModelCell, PacketCell } from '../../src/matrix/types.js';
import { matrixJunit } from '../../src/report/matrix-junit.js';
import { colourful, compared, madeMatrix } from './made.js';

const plain = coloursFor('stdout', 'never', {
  env: {},
  isTTY: { stdin: false, stdout: false, stderr: false },
});
const open: MatrixCell = { packet: { outcome: 'connected', ms: 0.3 } };

describe('model and packets', () => {
  test.each<[PacketCell['outcome'], ModelCell, string | undefined]>([
    ['connected', 'deny', 'ND215'],
    ['answered', 'deny', 'ND215'],
    ['connected', 'allow', undefined],
    ['connected', 'mixed', undefined],
    ['connected', 'unknown', undefined],
    ['timeout', 'allow', 'ND090'],
    ['hostUnreachable', 'allow', 'ND090'],
    ['networkUnreachable', 'allow', 'ND090'],
    ['timeout', 'deny', undefined],
    ['timeout', 'mixed', undefined],
    // A refusal came back: nothing listens, or a plugin rejects.
    ['refused', 'allow', undefined],
    ['refused', 'deny', undefined],
    ['noAnswer', 'allow', undefined],
    ['notTested', 'allow', undefined],
  ])('%s where policies say %s: %s', (outcome, model, code) => {
    expect(differenceOf({ outcome }, model)).toBe(code);
  });

  test('the endpoints of a Service together', () => {
    expect(together([])).toBe('noEndpoint');
    expect(together(['allow', 'allow'])).toBe('allow');
    expect(together(['deny'])).toBe('deny');
    expect(together(['allow', 'deny'])).toBe('mixed');
    expect(together(['allow', 'unknown'])).toBe('unknown');
  });

  test('what is given says which matrix it is', () => {
    const { sources, destinations } = madeMatrix(1, () => open);
    const plan = { sources, destinations, portless: [] };
    const probed = { rows: [[undefined]], failed: [] };
    expect(createMatrixOf(plan, probed, undefined).mode).toBe('live');
    expect(createMatrixOf(plan, undefined, [[undefined]]).mode).toBe('static');
    expect(createMatrixOf(plan, probed, [[undefined]])).toMatchObject({
      mode: 'compare',
      rows: [[undefined]],
    });
  });
});

describe('the exit code', () => {
  const codeOf = (cell: MatrixCell, mode: Matrix['mode'] = 'live'): number =>
    exitCodeOfMatrix(madeMatrix(2, () => cell, mode));

  test('0 all open, 1 something is not, 3 not known', () => {
    expect(codeOf(open)).toBe(0);
    expect(codeOf({ packet: { outcome: 'timeout' } })).toBe(1);
    expect(codeOf({ packet: { outcome: 'noAnswer' } })).toBe(3);
    expect(codeOf({ packet: { outcome: 'notTested', text: 'SCTP' } })).toBe(3);
    expect(codeOf({ model: 'allow' }, 'static')).toBe(0);
    expect(codeOf({ model: 'deny' }, 'static')).toBe(1);
    expect(codeOf({ model: 'unknown' }, 'static')).toBe(3);
  });

  test('in a comparison what policies deny may be closed; a difference, and what they do not explain, is wrong', () => {
    expect(codeOf({ packet: { outcome: 'timeout' }, model: 'deny' }, 'compare')).toBe(0);
    expect(codeOf({ packet: { outcome: 'refused' }, model: 'allow' }, 'compare')).toBe(1);
    expect(codeOf({ packet: { outcome: 'connected' }, model: 'deny', differs: 'ND215' }, 'compare')).toBe(1);
  });

  test('8 when a source failed, whatever else was found', () => {
    const error = new NetdebugError('no.', { exitCode: ExitCode.notAllowed });
    const made = madeMatrix(2, () => ({ packet: { outcome: 'timeout' } }));
    expect(exitCodeOfMatrix({ ...made, failed: [{ source: { namespace: 'shop', pod: 'a' }, error }] })).toBe(
      8,
    );
  });
});

describe('as text', () => {
  test('names above the columns where they fit, else numbers, else what is not open', () => {
    const small = madeMatrix(3, (row) => (row === 1 ? { packet: { outcome: 'refused', tries: 2 } } : open));
    expect(pairsText(small, 100, false, plain))
      .toBe(`FROM       backend-0:8080  backend-1:8080  backend-2:8080
backend-0  .               +               +
backend-1  R               .               R
backend-2  +               +               .

+ open   R refused   . the pod itself

6 pairs: 4 open, 2 refused
`);
    expect(pairsText(small, 40, false, plain)).toContain(`FROM       1   2   3
backend-0  .   +   +
backend-1  R   .   R
backend-2  +   +   .

  1  backend-0:8080
`);
    expect(pairsText(small, 20, false, plain)).toBe(`FROM        TO               OUTCOME
backend-1   backend-0:8080   refused, twice
backend-1   backend-2:8080   refused, twice

6 pairs: 4 open, 2 refused
`);
  });

  test('a list is cut, and says so; wide is not', () => {
    const closed = madeMatrix(20, () => ({ packet: { outcome: 'timeout' } }));
    expect(pairsText(closed, 20, false, plain)).toContain('and 180 more; -o wide lists all');
    expect(pairsText(closed, 20, true, plain).split('\n').length).toBeGreaterThan(380);
  });

  test('a comparison marks what differs, and small letters what is closed as it should be', () => {
    const text = pairsText(madeMatrix(30, compared, 'compare'), 200, false, plain);
    expect(text).toContain('+!');
    expect(text).toContain('t timed out, as the policies want');
    expect(text).toContain('! policies and packets differ');
    expect(text).toMatch(/\d+ pairs: the policies deny, the packet passes \(ND215\)/);
    expect(text).toMatch(/\d+ pairs: the policies allow, the packet is lost \(ND090\)/);
  });

  test('a second attempt that connects has a sign of its own', () => {
    const text = pairsText(
      madeMatrix(2, () => ({ packet: { outcome: 'connected', tries: 2 } })),
      100,
      false,
      plain,
    );
    expect(text).toContain('* open at the second attempt only');
    expect(text).toContain('2 pairs: 2 open at the second attempt only');
  });
});

describe('for machines', () => {
  test('JSON: every pair once, counts that add up, findings', () => {
    const matrix = madeMatrix(30, compared, 'compare');
    const document = pairsDocument(matrix) as {
      readonly counts: Record<string, number>;
      readonly pairs: readonly object[];
      readonly findings: readonly { readonly code: string; readonly pairs: number }[];
    };
    const { pairs, ...others } = document.counts;
    expect(pairs).toBe(30 * 29);
    expect(document.pairs).toHaveLength(30 * 29);
    expect(Object.values(others).reduce((sum, count) => sum + count, 0)).toBe(pairs);
    expect(document.findings.map(({ code }) => code)).toEqual(['ND215', 'ND090']);
    expect(document.findings[0]?.pairs).toBe(countMatrix(matrix).ND215);
  });

  test('JUnit: failures, what is not known, and what could not be tested from', () => {
    const made = madeMatrix(12, colourful);
    const [source] = made.sources;
    if (source === undefined) throw new Error('no source');
    const error = new NetdebugError('it <died> & "left"\u0000\u001b[31m', { exitCode: ExitCode.container });
    const xml = matrixJunit({ ...made, failed: [{ source, error }] });
    expect(xml).toContain('<testsuites name="matrix live" tests="133"');
    expect(xml).toMatch(/<error message="it &lt;died&gt; &amp; &quot;left&quot; *\[31m" type="failed"\/>/);
    expect(xml).toContain('<failure message="timed out, twice" type="timeout"/>');
    expect(xml).toContain('<skipped message="no answer (UDP: proves nothing), twice"/>');
    expect(xml.match(/<testsuite /g)).toHaveLength(12);
  });
});
