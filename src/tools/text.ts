import type { Readable } from 'node:stream';

/** Longest line given out whole; a longer one comes in pieces, so that a tool cannot fill our memory with one line. */
const LONGEST_LINE = 64 * 1024;

/** Control and format characters that could steer a terminal or hide text: C0 but tab, DEL, C1, bidirectional marks. */
const UNPRINTABLE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text of a tool with everything taken out that could steer a terminal. One line stays one line. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, '');
}

/** Cuts a stream of text into lines; `push` gives the lines that became whole, `end` the rest without a newline. */
export interface LineSplitter {
  push(chunk: Uint8Array): string[];
  end(): string[];
}

/** A splitter for UTF-8 that may come in any pieces; what is not UTF-8 becomes U+FFFD. `\r\n` counts as one newline. */
export function splitLines(): LineSplitter {
  const decoder = new TextDecoder();
  let rest = '';
  const take = (text: string): string[] => {
    rest += text;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    while (rest.length > LONGEST_LINE) {
      lines.push(rest.slice(0, LONGEST_LINE));
      rest = rest.slice(LONGEST_LINE);
    }
    return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  };
  return {
    push: (chunk) => take(decoder.decode(chunk, { stream: true })),
    end: () => {
      const lines = take(decoder.decode());
      if (rest !== '') lines.push(rest);
      rest = '';
      return lines;
    },
  };
}

/**
 * Calls `onLine` for every line of a stream, the last one without a newline too. A returned promise is backpressure.
 * Resolves at the end of the stream; a stream that is destroyed ends it as well: how the tool ended is told by `done`.
 */
export async function eachLine(
  stream: Readable,
  onLine: (line: string) => Promise<void> | void,
): Promise<void> {
  const splitter = splitLines();
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      for (const line of splitter.push(chunk)) await onLine(line);
    }
  } catch (error) {
    if (!stream.destroyed) throw error;
  }
  for (const line of splitter.end()) await onLine(line);
}
