import type { Cell, Matrix } from '../../src/diagnose/policy/matrix.js';
import { endText } from '../../src/diagnose/policy/end.js';
import type { OutputFormat } from '../options/output.js';
import { apiVersion } from './json.js';
import { escapeUnprintable, sanitizeLine } from './sanitize.js';

/** How many pairs were printed, and what became of them. */
export interface MatrixCount {
  pairs: number;
  /** Every port passes. */
  all: number;
  /** Some ports pass. */
  some: number;
  /** On some ports the verdict is left open. */
  open: number;
}

/** A count of nothing yet. */
export function createMatrixCount(): MatrixCount {
  return { pairs: 0, all: 0, some: 0, open: 0 };
}

/**
 * The matrix as text, piece by piece: a thousand pods make a million pairs, which no string holds well. JSON and YAML list every
 * ordered pair of two pods, `table` those that something may pass between, `wide` all. Counts the pairs on the way.
 */
export function* matrixText(matrix: Matrix, format: OutputFormat, count: MatrixCount): Generator<string> {
  switch (format) {
    case 'json':
      yield `{\n  "apiVersion": "${apiVersion}",\n  "kind": "PolicyMatrix",\n  "pairs": [`;
      for (const pair of pairsOf(matrix, count))
        yield `${count.pairs === 1 ? '' : ','}\n    ${pairJson(pair)}`;
      yield `${count.pairs === 0 ? '' : '\n  '}]\n}\n`;
      return;
    case 'yaml':
      yield `apiVersion: ${apiVersion}\nkind: PolicyMatrix\npairs:`;
      // A JSON object is a YAML mapping in flow style.
      for (const pair of pairsOf(matrix, count)) yield `\n  - ${pairJson(pair)}`;
      yield count.pairs === 0 ? ' []\n' : '\n';
      return;
    case 'dot':
      yield* dot(matrix, count);
      return;
    case 'mermaid':
      yield* mermaid(matrix, count);
      return;
    case 'table':
    case 'wide':
    case 'name':
    case 'html':
    case 'junit':
    case 'sarif':
      yield* rows(matrix, format === 'wide', count);
  }
}

/** What was found, in one line. */
export function matrixCountText({ pairs, all, some, open }: MatrixCount): string {
  const closed = pairs - all - some - open;
  return `${pairs} pairs of pods: ${all} allowed on every port, ${some} on some, ${open} left open by Kubernetes on some, ${closed} denied`;
}

interface Pair {
  readonly from: number;
  readonly to: number;
  readonly src: string;
  readonly dst: string;
  readonly cell: Cell;
}

function* pairsOf(matrix: Matrix, count: MatrixCount): Generator<Pair> {
  const names = matrix.pods.map(endText);
  for (const [from, src] of names.entries()) {
    for (const [to, dst] of names.entries()) {
      if (from === to) continue;
      const cell = matrix.cell(from, to);
      count.pairs++;
      if (cell.unknown.length > 0) count.open++;
      else if (cell.allowed[0] === 'ALL') count.all++;
      else if (cell.allowed.length > 0) count.some++;
      yield { from, to, src, dst, cell };
    }
  }
}

function pairJson({ src, dst, cell: { allowed, unknown } }: Pair): string {
  return escapeUnprintable(JSON.stringify({ src, dst, allowed, unknown }));
}

function* rows(matrix: Matrix, wide: boolean, count: MatrixCount): Generator<string> {
  const width = Math.max(4, ...matrix.pods.map((pod) => sanitizeLine(endText(pod)).length)) + 3;
  const row = (from: string, to: string, allowed: string, unknown: string): string =>
    `${sanitizeLine(from).padEnd(width)}${sanitizeLine(to).padEnd(width)}${unknown === '' ? allowed : `${allowed.padEnd(24)}   ${unknown}`}\n`;
  yield row('FROM', 'TO', 'ALLOWED', 'UNKNOWN');
  for (const { src, dst, cell } of pairsOf(matrix, count)) {
    if (!wide && cell.allowed.length + cell.unknown.length === 0) continue;
    yield row(src, dst, cell.allowed.join(', ') || '<none>', cell.unknown.join(', '));
  }
}

function* dot(matrix: Matrix, count: MatrixCount): Generator<string> {
  const quote = (text: string): string => `"${sanitizeLine(text).replace(/["\\]/g, String.raw`\$&`)}"`;
  yield 'digraph policy {\n  rankdir=LR;\n  node [shape=box];\n';
  for (const [index, [namespace, members]] of byNamespace(matrix).entries()) {
    yield `  subgraph cluster_${index} {\n    label=${quote(namespace)};\n`;
    for (const { at, name } of members) yield `    p${at} [label=${quote(name)}];\n`;
    yield '  }\n';
  }
  for (const { from, to, cell } of pairsOf(matrix, count)) {
    if (cell.allowed.length > 0) yield `  p${from} -> p${to} [label=${quote(cell.allowed.join(', '))}];\n`;
    if (cell.unknown.length > 0)
      yield `  p${from} -> p${to} [label=${quote(`${cell.unknown.join(', ')}?`)}, style=dashed];\n`;
  }
  yield '}\n';
}

function* mermaid(matrix: Matrix, count: MatrixCount): Generator<string> {
  const quote = (text: string): string => `"${sanitizeLine(text).replaceAll('"', '#quot;')}"`;
  yield 'flowchart LR\n';
  for (const [index, [namespace, members]] of byNamespace(matrix).entries()) {
    yield `  subgraph n${index}[${quote(namespace)}]\n`;
    for (const { at, name } of members) yield `    p${at}[${quote(name)}]\n`;
    yield '  end\n';
  }
  for (const { from, to, cell } of pairsOf(matrix, count)) {
    if (cell.allowed.length > 0) yield `  p${from} -->|${quote(cell.allowed.join(', '))}| p${to}\n`;
    if (cell.unknown.length > 0) yield `  p${from} -.->|${quote(`${cell.unknown.join(', ')}?`)}| p${to}\n`;
  }
}

interface Member {
  readonly at: number;
  readonly name: string;
}

function byNamespace({ pods }: Matrix): (readonly [string, readonly Member[]])[] {
  const groups = new Map<string, Member[]>();
  for (const [at, { namespace, name }] of pods.entries()) {
    const members = groups.get(namespace) ?? [];
    groups.set(namespace, members);
    members.push({ at, name });
  }
  return [...groups];
}
