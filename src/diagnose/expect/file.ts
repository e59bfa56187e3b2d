import { isMap, isSeq, LineCounter, parseDocument, stringify, type Document } from 'yaml';
import { z } from 'zod';
import { ExitCode, NetdebugError } from '../../errors.js';

const flowSchema = z
  .strictObject({
    from: z.string().min(1),
    to: z.string().min(1),
    namespace: z.string().min(1).optional(),
    expect: z.enum(['reachable', 'unreachable']),
    codes: z.array(z.string().regex(/^ND\d{3}$/, 'expected a code such as ND202')).optional(),
  })
  .refine(({ expect, codes }) => expect === 'unreachable' || codes === undefined, {
    path: ['codes'],
    message: 'expected only where unreachable is expected',
  });

const fileSchema = z.strictObject({
  apiVersion: z.literal('netdebug/v1'),
  kind: z.literal('Expectations'),
  flows: z.array(flowSchema).min(1, 'expected at least one flow'),
});

/** One flow, and how it is to be. `namespace` is that of references which carry none. */
export interface ExpectedFlow {
  readonly from: string;
  readonly to: string;
  readonly namespace?: string | undefined;
  readonly expect: 'reachable' | 'unreachable';
  /** Codes that have to be among the findings. */
  readonly codes?: readonly string[] | undefined;
}

/**
 * Reads a file of expectations. Throws a NetdebugError, exit 2, that names for everything that is wrong the file, the line, the key and
 * what was expected.
 */
export function parseExpectations(text: string, file: string): readonly ExpectedFlow[] {
  const { document, lines } = parse(text, file);
  const parsed = fileSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data.flows;
  const problems = parsed.error.issues.slice(0, 20).map(({ path, message }) => {
    const key = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
    const line = lineOf(document, lines, path as (string | number)[]);
    return `${file}: line ${line}: ${key.replace(/^\./, '') || 'the file'}: ${lowerFirst(message)}`;
  });
  throw new NetdebugError(`${file} is no file of expectations`, {
    exitCode: ExitCode.usage,
    details: problems,
    hint: 'docs/commands/diagnose.md shows one; --write-expect FILE writes one',
  });
}

/**
 * A file of expectations with one more flow; the flow that has the same ends is replaced. Comments stay. Throws a NetdebugError, exit 2,
 * for a text that is no such file. The text of no file is empty.
 */
export function withExpectation(text: string, file: string, flow: ExpectedFlow): string {
  if (text.trim() === '')
    return stringify({ apiVersion: 'netdebug/v1', kind: 'Expectations', flows: [flow] }, { lineWidth: 0 });
  const known = parseExpectations(text, file);
  const { document } = parse(text, file);
  const same = known.findIndex(
    ({ from, to, namespace }) => from === flow.from && to === flow.to && namespace === flow.namespace,
  );
  if (same < 0) document.addIn(['flows'], document.createNode(flow));
  else document.setIn(['flows', same], document.createNode(flow));
  return document.toString({ lineWidth: 0 });
}

function parse(text: string, file: string): { readonly document: Document; readonly lines: LineCounter } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error === undefined) return { document, lines };
  const { line } = lines.linePos(error.pos[0]);
  throw new NetdebugError(`${file}: line ${line}: not YAML: ${error.message.split('\n')[0] ?? ''}`, {
    exitCode: ExitCode.usage,
    cause: error,
  });
}

/** The line of what a path names; of the nearest that is there where it is missing. */
function lineOf(document: Document, lines: LineCounter, path: readonly (string | number)[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const range = (node as { readonly range?: readonly number[] | null } | undefined)?.range;
    // A collection begins at its first entry, which is where it is looked for.
    if (range?.[0] !== undefined && (length < path.length || !isMap(node) || !isSeq(node)))
      return lines.linePos(range[0]).line;
  }
  return 1;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
