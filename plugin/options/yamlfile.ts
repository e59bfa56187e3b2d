import { parse } from 'yaml';
import { usageError } from './usage.js';

/**
 * The content of a YAML (or JSON) file of one document. Throws a usage error that names the file and the place; warnings of
 * the parser, which it would print by itself, are left to whoever checks the content.
 */
export function parseYamlFile(text: string, file: string): unknown {
  try {
    return parse(text, { logLevel: 'error' }) as unknown;
  } catch (cause) {
    const [first = ''] = (cause as Error).message.split('\n');
    const words = first.replace(/; please use \S+\(\)/, '').replace(/:$/, '');
    throw usageError(`${file}: not YAML: ${words}`, undefined, 'mend or remove the file');
  }
}
