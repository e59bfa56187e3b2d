import { parseHeads, type HttpResponse } from './http-parse.js';
import { printable } from './text.js';

/** What `http` tells as it comes. */
export type HttpEvent =
  | { readonly kind: 'connected'; readonly address: string | undefined; readonly port: number | undefined }
  /** `TLSv1.3`; the handshake is over. */
  | { readonly kind: 'tls'; readonly protocol: string }
  /** A redirect, or the answer: its head is whole. */
  | { readonly kind: 'response'; readonly response: HttpResponse };

/** Reads what curl (`-v -D -`) or the script of bash print, as they print it. */
export interface HttpFollower {
  readonly onLine: (line: string) => void;
  readonly onErrorLine: (line: string) => void;
  /** Tells of those responses that were not told yet: heads that were cut, and all of wget's, which do not end by an empty line. */
  readonly rest: (responses: readonly HttpResponse[]) => void;
}

const mostLines = 200;

/** A follower of one request. */
export function followHttp(onEvent: (event: HttpEvent) => void): HttpFollower {
  let head: string[] = [];
  let told = 0;
  let bash = false;
  const responses = (some: readonly HttpResponse[]): void => {
    for (const response of some) {
      told += 1;
      onEvent({ kind: 'response', response });
    }
  };
  return {
    onLine(line) {
      if (/^connected [\d.,]+$/.test(line) && head.length === 0) {
        bash = true;
        onEvent({ kind: 'connected', address: undefined, port: undefined });
      }
      if (line.startsWith('HTTP/')) head = [line];
      else if (head.length > 0 && line.trim() !== '') {
        if (head.length < mostLines) head.push(line.slice(0, 2000));
      } else if (head.length > 0) {
        // What follows the first head that bash reads is the body, whatever it looks like.
        if (!bash || told === 0) responses(parseHeads(head.join('\n')));
        head = [];
      }
    },
    onErrorLine(line) {
      const at = /^\* (?:Connected|Established connection) to .*?\(\[?([0-9a-fA-F.:]+)\]?\)? port (\d+)/.exec(
        line,
      );
      if (at !== null) onEvent({ kind: 'connected', address: printable(at[1] ?? ''), port: Number(at[2]) });
      const tls = /^\* SSL connection using ([\w.]+)/.exec(line)?.[1];
      if (tls !== undefined) onEvent({ kind: 'tls', protocol: tls });
    },
    rest: (all) => responses(all.slice(told)),
  };
}
