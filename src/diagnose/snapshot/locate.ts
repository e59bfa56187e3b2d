import { readFile, stat } from 'node:fs/promises';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
} from 'yaml';
import type { Culprit } from '../finding.js';
import { objectKey } from '../finding.js';
import { workloadKinds, snapshotKinds } from './kinds.js';
import type { Snapshot } from './types.js';

/** Where an object, or a field of it, stands in a file. */
export interface Place {
  /** As it was given, or below the folder that was given. */
  readonly file: string;
  /** From 1; absent where the file is too large to look for it. */
  readonly line?: number;
}

/** In larger files lines are not looked for: a parser that knows lines takes a second for so much. */
const largestBytes = 4 * 2 ** 20;

/** Where objects that came from files stand. Files that are gone meanwhile give no line. Never rejects. */
export async function locateObjects(
  { origins }: Snapshot,
  objects: readonly Culprit[],
): Promise<readonly (Place | undefined)[]> {
  const texts = new Map<string, Promise<string | undefined>>();
  return Promise.all(
    objects.map(async (object): Promise<Place | undefined> => {
      const origin = origins?.get(objectKey(object.kind, object)) ?? origins?.get(makerKey(object, origins));
      if (origin === undefined) return undefined;
      const { file, index } = origin;
      const text = texts.get(file) ?? readSmall(file);
      texts.set(file, text);
      const line = lineOf((await text) ?? '', index, object.fieldPath ?? '');
      return { file, ...(line === undefined ? {} : { line }) };
    }),
  );
}

/** A pod that stands for the template of a workload is called WORKLOAD-1. */
function makerKey({ kind, namespace, name }: Culprit, origins: ReadonlyMap<string, unknown>): string {
  if (kind !== 'Pod' || !name.endsWith('-1')) return '';
  const place = { ...(namespace === undefined ? {} : { namespace }), name: name.slice(0, -'-1'.length) };
  const keys = workloadKinds.map((workload) => objectKey(snapshotKinds[workload].kind, place));
  return keys.find((key) => origins.has(key)) ?? '';
}

async function readSmall(file: string): Promise<string | undefined> {
  try {
    return (await stat(file)).size > largestBytes ? undefined : await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * The line of a field of the how-manieth object of a text, from 1; that of the deepest part of the path that is there, at the least that
 * of the object. Undefined where there is no such object.
 */
export function lineOf(text: string, index: number, fieldPath: string): number | undefined {
  const lines = new LineCounter();
  const documents = [...parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })];
  const found = documents.flatMap((document) =>
    unfold(document.contents, document, false).map((node) => ({ node, document })),
  )[index];
  if (found === undefined) return undefined;
  const offset = offsetOf(found.node, found.document, fieldPath);
  return offset === undefined ? undefined : lines.linePos(offset).line;
}

/** The nodes of the objects of a document, in the order in which they are read. */
function unfold(node: unknown, document: Document, inherits: boolean): Node[] {
  const map = isAlias(node) ? node.resolve(document) : node;
  if (!isMap(map)) return [];
  const kind = map.get('kind');
  if (!inherits && (typeof kind !== 'string' || typeof map.get('apiVersion') !== 'string')) return [];
  const items = map.get('items');
  if (typeof kind !== 'string' || !kind.endsWith('List') || (items != null && !isSeq(items))) return [map];
  if (!isSeq(items)) return [];
  return items.items.flatMap((item) => unfold(item, document, kind !== 'List'));
}

function offsetOf(object: Node, document: Document, fieldPath: string): number | undefined {
  let node: unknown = object;
  let offset = object.range?.[0];
  let rest = fieldPath;
  while (rest !== '') {
    const at = isAlias(node) ? node.resolve(document) : node;
    const item = /^\[(\d+)\]\.?/.exec(rest);
    if (isSeq(at) && item !== null) {
      node = at.items[Number(item[1])];
      rest = rest.slice(item[0].length);
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else if (isMap(at)) {
      // Keys may hold dots, as labels do: the longest that fits is meant.
      const pairs = at.items.filter(({ key }) => isScalar(key) && begins(rest, String(key.value)));
      const pair = pairs.toSorted((a, b) => lengthOf(b.key) - lengthOf(a.key))[0];
      if (pair === undefined) return offset;
      node = pair.value;
      offset = (pair.key as Node).range?.[0] ?? offset;
      rest = rest.slice(lengthOf(pair.key)).replace(/^\./, '');
    } else return offset;
  }
  return offset;
}

function begins(path: string, key: string): boolean {
  return path.startsWith(key) && ['', '.', '['].includes(path.charAt(key.length));
}

function lengthOf(key: unknown): number {
  return isScalar(key) ? String(key.value).length : 0;
}
