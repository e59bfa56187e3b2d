import { Document, Scalar, visit } from 'yaml';
import { document } from './json.js';
import { escapeUnprintable, hasUnprintable } from './sanitize.js';

/** One document of `-o yaml`, with a line end. Control characters are escaped, so a terminal can show it. */
export function yamlDocument(kind: string, value: object): string {
  return yamlText(document(kind, value));
}

/** The next document of a stream of YAML documents. */
export function yamlStreamDocument(kind: string, value: object): string {
  return `---\n${yamlDocument(kind, value)}`;
}

/** Any value as YAML, e.g. a patch that goes to the API server as it stands. */
export function yamlText(value: unknown): string {
  const yaml = new Document(value, { aliasDuplicateObjects: false });
  visit(yaml, {
    Scalar(_, node) {
      // Escapes exist in double-quoted scalars only.
      if (typeof node.value === 'string' && hasUnprintable(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return escapeUnprintable(yaml.toString({ lineWidth: 0 }));
}
