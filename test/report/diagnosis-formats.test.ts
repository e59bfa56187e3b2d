/** SARIF, JUnit, JSON and Mermaid of a diagnosis: valid by their schemas, and true to the document. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import Ajv from 'ajv';
import type { Log } from 'sarif';
import { convert } from 'xmlbuilder2';
import { diagnosisJunit } from '../../src/report/diagnosis-junit.js';
import { diagnosisMermaid } from '../../src/report/diagnosis-mermaid.js';
import { diagnosisSarif } from '../../src/report/diagnosis-sarif.js';
import {
  type DiagnosisDocument,
  diagnosisJsonSchema,
  diagnosisSchema,
} from '../../src/report/diagnosis-schema.js';
import { expectationsJunit } from '../../src/report/expectations-junit.js';
import { madeDocument, madeHostile, madeQuiet } from './made-diagnosis.js';

const documents: Readonly<Record<string, DiagnosisDocument>> = {
  broken: madeDocument(),
  quiet: madeQuiet(),
  hostile: madeHostile(),
};
const facts = { version: '0.1.0', places: [{ uri: 'k8s/policy.yaml', line: 12 }] };

const require = createRequire(import.meta.url);
const sarifAjv = new Ajv({ schemaId: 'auto', unknownFormats: 'ignore' });
sarifAjv.addMetaSchema(require('ajv/lib/refs/json-schema-draft-04.json') as object);
const isSarif = sarifAjv.compile(
  JSON.parse(
    readFileSync(
      require.resolve('@microsoft/jest-sarif').replace(/lib[\\/].*$/, 'lib/schemas/sarif-2.1.0-rtm.5.json'),
      'utf8',
    ),
  ) as object,
);

describe('SARIF', () => {
  test.each(Object.entries(documents))('of %s is valid by the schema of 2.1.0', (_, document) => {
    const log = JSON.parse(JSON.stringify(diagnosisSarif(document, facts))) as Log;
    isSarif(log);
    expect(isSarif.errors ?? []).toEqual([]);
  });

  test('the schema refuses what is none', () => {
    const log = diagnosisSarif(madeDocument(), facts);
    expect(isSarif({ ...log, version: '2.0.0' })).toBe(false);
    expect(isSarif({ ...log, runs: [{ results: [{ kind: 'bad' }] }] })).toBe(false);
  });

  test('has a result for each finding and each gap, with its place, its way and a lasting fingerprint', () => {
    const [run] = diagnosisSarif(madeDocument(), facts).runs;
    const results = run?.results ?? [];
    expect(results.map(({ ruleId, kind, level }) => [ruleId, kind, level])).toEqual([
      ['ND204', 'fail', 'error'],
      ['ND202', 'fail', 'error'],
      ['ND090', 'fail', 'warning'],
      ['ND001', 'open', 'none'],
    ]);
    expect(run?.tool.driver.rules?.map(({ id }) => id)).toEqual(['ND204', 'ND202', 'ND090', 'ND001']);
    expect(results.map(({ ruleIndex }) => ruleIndex)).toEqual([0, 1, 2, 3]);
    const [first, , second] = results;
    expect(first?.locations).toMatchObject([
      {
        physicalLocation: { artifactLocation: { uri: 'k8s/policy.yaml' }, region: { startLine: 12 } },
        logicalLocations: [{ fullyQualifiedName: 'NetworkPolicy shop/allow-web#spec.ingress[0].ports' }],
      },
    ]);
    expect(second?.locations?.[0]).not.toHaveProperty('physicalLocation');
    const steps = first?.codeFlows?.[0]?.threadFlows[0]?.locations.map(
      ({ location }) => location?.message?.text,
    );
    expect(steps).toHaveLength(7);
    expect(steps?.[5]).toBe('ingress: model fail, probe fail ND204 ND202');
    const again = diagnosisSarif({ ...madeDocument(), at: '2026-01-01T00:00:00.000Z' }, facts);
    expect(again.runs[0]?.results?.map((one) => one.partialFingerprints)).toEqual(
      results.map((one) => one.partialFingerprints),
    );
    expect(new Set(results.map((one) => JSON.stringify(one.partialFingerprints))).size).toBe(4);
  });

  test.each([
    ['REACHABLE', 'pass', 'none'],
    ['UNDETERMINED', 'open', 'none'],
    ['UNREACHABLE', 'fail', 'error'],
  ] as const)('of %s without a finding is %s', (verdict, kind, level) => {
    const [run] = diagnosisSarif({ ...madeQuiet(), verdict }, facts).runs;
    expect(run?.results).toMatchObject([{ ruleId: 'flow', kind, level }]);
  });
});

interface XmlCase {
  readonly '@name': string;
  readonly '@time'?: string;
  readonly failure?: { readonly '@type': string; readonly '#': string };
  readonly skipped?: object;
}

describe('JUnit', () => {
  const read = (xml: string) =>
    (
      convert(xml, { format: 'object' }) as unknown as {
        testsuites: {
          '@tests': string;
          '@failures': string;
          '@skipped': string;
          testsuite: { '@name': string; testcase: XmlCase[] };
        };
      }
    ).testsuites;

  test('the flow is a suite, hops are cases, what is open is skipped', () => {
    const suites = read(diagnosisJunit(madeDocument()));
    expect(suites).toMatchObject({ '@tests': '22', '@failures': '6', '@skipped': '2' });
    const cases = suites.testsuite.testcase;
    const ingress = cases.find((one) => one['@name'] === 'ingress shop/api-1');
    expect(ingress?.failure?.['@type']).toBe('ND204');
    expect(ingress?.failure?.['#']).toContain('kubectl -n shop patch networkpolicy');
    expect(cases.find((one) => one['@name'] === 'dns api')?.['@time']).toBe('0.003600');
    expect(cases.find((one) => one['@name'] === 'not checked: nodes')).toHaveProperty('skipped');
  });

  test('what a hostile cluster says is text', () => {
    const xml = diagnosisJunit(madeHostile());
    expect(xml).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(read(xml).testsuite.testcase).toHaveLength(22);
    expect(xml).not.toMatch(/<script|[\u001b\u202e]/);
  });

  test('expectations are cases as well', () => {
    const flow = { from: 'a', to: 'b:1', expect: 'reachable' as const };
    const judged = (['ok', 'failed', 'open'] as const).map((result) => ({
      flow,
      result,
      codes: [],
      why: 'so',
    }));
    expect(read(expectationsJunit('flows.yaml', judged))).toMatchObject({
      '@tests': '3',
      '@failures': '1',
      '@skipped': '1',
    });
  });
});

describe('JSON', () => {
  const schema = diagnosisJsonSchema();

  test('docs/schema/diagnosis.schema.json is what npm run docs writes', () => {
    const file = fileURLToPath(new URL('../../docs/schema/diagnosis.schema.json', import.meta.url));
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(schema)));
  });

  test.each(Object.entries(documents))('of %s is valid by both schemas', (_, document) => {
    expect(diagnosisSchema.safeParse(document).error?.issues ?? []).toEqual([]);
    const validate = new Ajv().compile(schema);
    validate(JSON.parse(JSON.stringify(document)));
    expect(validate.errors ?? []).toEqual([]);
  });

  test.each([
    ['no verdict', { verdict: undefined }],
    ['another version', { apiVersion: 'netdebug/v2' }],
    ['a code that is none', { findings: [{ ...madeDocument().findings[0], code: 'X1' }] }],
  ])('with %s is refused', (_, change) => {
    const validate = new Ajv().compile(schema);
    expect(validate(JSON.parse(JSON.stringify({ ...madeDocument(), ...change })))).toBe(false);
  });
});

test('Mermaid has each way, and no markup of a cluster', () => {
  const text = diagnosisMermaid(madeHostile());
  expect(text).toMatch(/^flowchart LR\n/);
  expect(text).toContain('model ✗ probe ✗');
  expect(text.replaceAll('-->', '')).not.toMatch(/<|\u001b/);
});
