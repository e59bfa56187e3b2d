import type { Writable } from 'node:stream';
import type { OutputFormat } from '../options/output.js';
import { jsonLine } from './json.js';
import { writeOut } from './out.js';

/** Prints events as they come: a line of text, a JSON object on a line, or a YAML document. */
export interface EventPrinter {
  /** `text` is called for the text formats only. Resolves when the reader has taken it: not waiting for that fills memory. */
  readonly print: (kind: string, value: object, text: () => string) => Promise<void>;
}

/** The printer of a format, to stdout. */
export async function eventPrinter(stdout: Writable, format: OutputFormat): Promise<EventPrinter> {
  const yaml = format === 'yaml' ? await import('./yaml.js') : undefined;
  return {
    async print(kind, value, text) {
      if (yaml !== undefined) await writeOut(stdout, yaml.yamlStreamDocument(kind, value));
      else if (format === 'json') await writeOut(stdout, jsonLine(kind, value));
      else {
        const line = text();
        if (line !== '') await writeOut(stdout, line);
      }
    },
  };
}
