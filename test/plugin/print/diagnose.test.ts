/** The text of a diagnosis: objects and packets side by side, at every width, in one screen. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { diagnosisText, type DiagnosisLook } from '../../../plugin/print/diagnose.js';
import { coloursFor } from '../../../plugin/print/colour.js';
import { diagnose } from '../../../src/diagnose/diagnose.js';
import { parseQuestion } from '../../../src/diagnose/outside/target.js';
import { readFiles } from '../../../src/diagnose/snapshot/files.js';
import { diagnosisDocument } from '../../../src/report/diagnosis-document.js';
import type { DiagnosisDocument } from '../../../src/report/diagnosis-schema.js';
import { diagnosisSchema } from '../../../src/report/diagnosis-schema.js';
import { madeDocument, madeHostile, madeQuiet } from '../../report/made-diagnosis.js';

const environment = { env: {}, isTTY: { stdin: false, stdout: true, stderr: false } };
const look = (change: Partial<DiagnosisLook> = {}): DiagnosisLook => ({
  colours: coloursFor('stdout', 'never', environment),
  columns: 80,
  ascii: false,
  wide: false,
  ...change,
});
const text = (document: DiagnosisDocument, change?: Partial<DiagnosisLook>): string =>
  diagnosisText(document, look(change));

test('model and probe stand side by side, with times, in a line that says which probes ran', () => {
  expect(text(madeDocument(), { columns: 100 })).toBe(
    `! AMBIGUOUS  shop/web-7d9f8b6c5-x2x4q → svc shop/api:80/TCP
           NetworkPolicy shop/allow-web: rule lists the port of the Service (proven)
  path     shop/web-7d9f8b6c5-x2x4q ──✓✓ dns (3.6 ms) ──✓✓ egress ──model ✓ probe ✗ service (12 ms)
           ──✓ node worker-1 ──✗✗ ingress ND204 ND202 ──model ✓ probe ✗ endpoint ──► 10.1.2.7:8080
           shop/web-7d9f8b6c5-x2x4q ──✓✓ dns (3.6 ms) ──✓✓ egress ──model ✓ probe ✗ service (12 ms)
           ──? node worker-2 ──✓ ingress ──model ✓ probe ✗ endpoint ND090 ──► 10.1.2.8:8080
           shop/web-7d9f8b6c5-x2x4q ──✓✓ dns (3.6 ms) ──✓✓ egress ──model ✓ probe ✗ service (12 ms)
           ──✓ node worker-3 ──✓✓ ingress ──✓✓ endpoint (0.8 ms) ──► 10.1.3.9:8080
  because  NetworkPolicy shop/allow-web spec.ingress[0].ports lists 80, the port of the Service;
           policies see the pod's port, TCP 8080 (ND204, proven)
           so: ND202 Ingress of the destination isolated
  proof    model: deny  probe: tcp timeout 3/3
           NetworkPolicy shop/allow-web: isolates shop/api-1 (ingress)
           connect from shop/web-7d9f8b6c5-x2x4q: tcp timeout 3/3 to 10.1.2.7:8080
           pod shop/web-7d9f8b6c5-x2x4q, container web: dial tcp 10.96.0.20:80: i/o timeout
  fix      let this through (tried on a copy: the verdict is then allow)
           kubectl -n shop patch networkpolicy allow-web --type=json -p '[{"op":"add","path":"/spec/ingress/0/ports/-","value":{"protocol":"TCP","port":8080}}]'
  then     kubectl netdebug diagnose --verify
  also     the policies allow it, and packets are lost: look below the policies (ND090, possible,
           warning)
  proof    model: in order  probe: tcp timeout 3/3
           connect from shop/web: tcp timeout 3/3 to 10.1.2.8:8080
  fix      look at the network between the two nodes
           kubectl netdebug mtu web api-2
           kubectl netdebug trace web api-2
  not      checked: nodes (forbidden: list nodes)
  probe    3 connections, 1 lookup, 1 list of listeners in 6.2 s; 1 could not be done (marks:
           objects, packets)
`,
  );
});

test('what decided stands at the end of the first line where there is room', () => {
  const [first] = text(madeDocument(), { columns: 200 }).split('\n');
  expect(first).toMatch(/^! AMBIGUOUS {2}shop\/web.* {4,}NetworkPolicy .* \(proven\)$/);
});

describe.each([60, 80, 120, 200])('in %i columns', (columns) => {
  test.each([
    ['broken', madeDocument()],
    ['quiet', madeQuiet()],
  ] as const)('%s keeps to them, but for commands', (_, document) => {
    const lines = text(document, { columns }).split('\n');
    const long = lines.filter((line) => line.length > columns && !line.includes('kubectl '));
    // A single word that is too long is not broken: it may be a name to copy.
    expect(long.filter((line) => /\S \S/.test(line.trim()))).toEqual([]);
  });

  test('colours take no room, and carry no meaning of their own', () => {
    const colours = coloursFor('stdout', 'always', environment);
    const coloured = text(madeDocument(), { columns, colours });
    expect(coloured).toContain('\u001b[');
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(text(madeDocument(), { columns }));
  });
});

test('ASCII keeps every mark', () => {
  const plain = text(madeDocument(), { ascii: true, columns: 200 });
  expect(plain).not.toMatch(/[^\n\u0020-\u007e]/);
  expect(plain).toContain('--ok/ok dns (3.6 ms)');
  expect(plain).toContain('--X/X ingress ND204 ND202');
  expect(plain).toContain('--model ok probe X service');
});

test('wide characters take two columns', () => {
  const document = {
    ...madeQuiet(),
    probes: { ran: false, why: '网络'.repeat(4).concat(' ').repeat(8).trim() },
  };
  const lines = text(document, { columns: 60 }).split('\n').slice(-5);
  expect(lines.length).toBe(5);
  const widths = lines.map((line) => line.length + (line.match(/[\u4e00-\u9fff]/g)?.length ?? 0));
  expect(Math.max(...widths)).toBeLessThanOrEqual(60);
});

test('a hostile cluster moves no cursor and sets no colour', () => {
  expect(text(madeHostile(), { wide: true })).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
});

test('what changed is told below the verdict', () => {
  const { object, code, title, severity } = madeDocument().findings[0] ?? { object: { kind: '', name: '' } };
  const one = { code: code ?? '', title: title ?? '', severity: severity ?? 'error', object };
  const compared = {
    before: { verdict: 'UNREACHABLE' as const, at: '2025-01-01T00:00:00.000Z', because: ['ND204'] },
    gone: [one],
    fresh: [],
    same: [],
  };
  expect(
    text({ ...madeQuiet(), compared }, { columns: 120 })
      .split('\n')
      .slice(1, 3),
  ).toEqual([
    '  changed  was UNREACHABLE because ND204, now REACHABLE',
    '           gone ND204 NetworkPolicy shop/allow-web: rule lists the port of the Service',
  ]);
});

const folder = fileURLToPath(new URL('../../fixtures/diagnose/', import.meta.url));
const scenarios = readdirSync(folder).filter((name) => /^ND\d+-(?!silent).*\.yaml$/.test(name));

test('the scenarios fit on a screen of 80 by 24, but for one in twenty, and their documents are valid', async () => {
  const tall: string[] = [];
  for (const name of scenarios) {
    const [first = '', second] = (/^ask: (.*)$/m.exec(readFileSync(folder + name, 'utf8'))?.[1] ?? '').split(
      ' ',
    );
    const asked = second === undefined ? parseQuestion(undefined, first) : parseQuestion(first, second);
    const snapshot = await readFiles([folder + name], 'shop');
    const document = diagnosisDocument(diagnose(snapshot, { ...asked, namespace: 'shop', now: 0 }));
    // A terminal breaks commands, which are not broken here.
    const rows = text(document)
      .trimEnd()
      .split('\n')
      .map((line) => Math.max(1, Math.ceil(line.length / 80)));
    if (rows.reduce((sum, count) => sum + count, 0) > 24) tall.push(name);
    expect(diagnosisSchema.safeParse(JSON.parse(JSON.stringify(document))).error?.issues ?? []).toEqual([]);
  }
  expect(scenarios.length).toBeGreaterThan(50);
  expect(tall.slice(scenarios.length / 20)).toEqual([]);
}, 60_000);
