import { LineCounter, parseAllDocuments } from 'yaml';
import { ExitCode, NetdebugError } from '../../errors.js';

/** An object of a file before anything is known about it but its kind. */
export interface RawObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

/**
 * Kubernetes objects of a text: YAML with one or more documents, or JSON; lists (`kind: List` and typed ones such as PodList) are
 * opened. Documents without apiVersion and kind are no objects and are left out. Throws a NetdebugError, exit 2, for a text that is neither.
 */
export function parseObjects(text: string, path: string): RawObject[] {
  return parseDocuments(text, path).flatMap((document) => unfold(document));
}

function parseDocuments(text: string, path: string): unknown[] {
  // JSON is YAML, but its own parser is fifty times as fast, and dumps are large.
  if (/^\s*[{[]/.test(text)) {
    try {
      return [JSON.parse(text) as unknown];
    } catch {
      // YAML may begin with a brace, too, and says better where it is wrong.
    }
  }
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter, prettyErrors: false });
  return [...documents].map((document) => {
    const error = document.errors[0];
    if (error !== undefined) {
      const { line } = lineCounter.linePos(error.pos[0]);
      throw unreadable(path, `line ${line}: ${error.message.split('\n')[0] ?? ''}`, error);
    }
    try {
      return document.toJS() as unknown;
    } catch (error) {
      // Aliases that unfold to more than the text could ever mean.
      throw unreadable(path, error instanceof Error ? error.message : String(error), error);
    }
  });
}

function unfold(
  value: unknown,
  inherited?: { readonly apiVersion: string; readonly kind: string },
): RawObject[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const {
    apiVersion = inherited?.apiVersion,
    kind = inherited?.kind,
    items,
  } = value as Record<string, unknown>;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return [];
  if (!kind.endsWith('List') || (items !== null && !Array.isArray(items)))
    return [{ ...value, apiVersion, kind }];
  // The items of a typed list say neither their apiVersion nor their kind.
  const typed = kind === 'List' ? undefined : { apiVersion, kind: kind.slice(0, -'List'.length) };
  return (items ?? []).flatMap((item) => unfold(item, typed));
}

function unreadable(path: string, what: string, cause: unknown): NetdebugError {
  return new NetdebugError(`${path} is neither YAML nor JSON: ${what}`, { exitCode: ExitCode.usage, cause });
}
