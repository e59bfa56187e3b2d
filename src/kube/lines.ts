import { StringDecoder } from 'node:string_decoder';

/**
 * Splits chunks of UTF-8 bytes into lines (without their line feed). A line longer than `limit` characters throws: nothing
 * that a server sends may fill the memory. What follows the last line feed is not a line yet and is dropped at the end.
 */
export function lineSplitter(limit: number): (chunk: Buffer) => string[] {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let length = 0;
  return (chunk) => {
    const pieces = decoder.write(chunk).split('\n');
    const last = pieces.pop() ?? '';
    const lines = pieces.map((piece) => {
      const line = parts.join('') + piece;
      parts = [];
      length = 0;
      return line;
    });
    length += last.length;
    if (length > limit) throw new RangeError(`a line is longer than ${limit} characters`);
    if (last !== '') parts.push(last);
    return lines;
  };
}
