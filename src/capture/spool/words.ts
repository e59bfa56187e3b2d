import type { PassThrough, Readable } from 'node:stream';

/** Hands on tcpdump's words from one connection after the other. */
export interface WordsForwarder {
  /** Bytes that came; the next connection leaves them out. */
  readonly bytes: number;
  /** Takes all that one connection brings. Resolves at its end; never rejects. */
  from(stream: Readable): Promise<void>;
  /** No more will come. @param captured Packets of the part that was kept, where only a part was. */
  end(captured: number | undefined): void;
}

const CAPTURED = /^\d+ packets? captured$/;

/**
 * @param ofPart Only a part of the packets will be kept: tcpdump's count of what it captured is then replaced by what was kept,
 * so that the two can be compared.
 */
export function forwardWords(out: PassThrough, ofPart: boolean): WordsForwarder {
  const decoder = new TextDecoder();
  let bytes = 0;
  let rest = '';
  const put = (text: string): void => {
    if (!out.destroyed && !out.writableEnded && text !== '') out.write(text);
  };
  return {
    get bytes() {
      return bytes;
    },
    from: async (stream) => {
      try {
        for await (const chunk of stream as AsyncIterable<Uint8Array>) {
          bytes += chunk.length;
          rest += decoder.decode(chunk, { stream: true });
          const lines = rest.split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) if (!ofPart || !CAPTURED.test(line)) put(`${line}\n`);
        }
      } catch {
        // A connection that was lost or left; the reader's end tells it.
      }
    },
    end: (captured) => {
      put(rest);
      if (captured !== undefined) put(`${captured} packets captured\n`);
      out.end();
    },
  };
}
