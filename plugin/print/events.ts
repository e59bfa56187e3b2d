import type { Writable } from 'node:stream';
import type { OutputFormat } from '../options/output.js';
import { jsonLine } from './json.js';
import { writeOut } from './out.js';

/** Prints events as they come: a line of text, a JSON object on a line, or a YAML document. */
export interface EventPrinter {
  /** `text` is called for the text formats only. */
  readonly print: (kind: string, value: object, text: () => string) => void;
  /** Resolves when everything printed so far was taken. */
  readonly flushed: () => Promise<void>;
}

/** The printer of a format, to stdout. */
export async function eventPrinter(stdout: Writable, format: OutputFormat): Promise<EventPrinter> {
  const yaml = format === 'yaml' ? await import('./yaml.js') : undefined;
  let last: Promise<void> = Promise.resolve();
  return {
    print(kind, value, text) {
      if (yaml !== undefined) last = writeOut(stdout, yaml.yamlStreamDocument(kind, value));
      else if (format === 'json') last = writeOut(stdout, jsonLine(kind, value));
      else {
        const line = text();
        if (line !== '') last = writeOut(stdout, line);
      }
    },
    flushed: () => last,
  };
}
