import type { Writable } from 'node:stream';
import type { OutputFormat } from '../options/output.js';
import { jsonDocument } from './json.js';
import { writeOut } from './out.js';

/** Prints one result: as a JSON or YAML document of this kind, or as the text that `text` makes of it. */
export async function printDocument(
  stdout: Writable,
  format: OutputFormat,
  kind: string,
  value: object,
  text: () => string | Promise<string>,
): Promise<void> {
  if (format === 'json') await writeOut(stdout, jsonDocument(kind, value));
  else if (format === 'yaml') await writeOut(stdout, (await import('./yaml.js')).yamlDocument(kind, value));
  else await writeOut(stdout, await text());
}
