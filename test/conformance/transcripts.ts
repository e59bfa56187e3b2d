/** The recordings of test/fixtures/transcripts, as far as streams are concerned. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** A frame or a remark, see the folder's README.md. */
export interface RecordedFrame {
  readonly tMs: number;
  readonly from: 'server' | 'client' | 'observer';
  readonly opcode?: string;
  readonly channel?: number;
  readonly text?: string;
  readonly base64?: string;
  readonly code?: number;
  readonly note?: string;
  /** The true size of a payload that was cut. */
  readonly length?: number;
}

/** A request and everything that came of it. */
export interface Exchange {
  readonly note: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly query?: Readonly<Record<string, string | readonly string[]>>;
    readonly user?: string;
    readonly headers?: Readonly<Record<string, string>>;
  };
  readonly response?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
    readonly endedBy?: string;
  };
  readonly websocket?: {
    readonly protocol: string | null;
    readonly frames: readonly RecordedFrame[];
    readonly close: { readonly code: number | null; readonly by: string };
  };
}

/** One case of `exec-client-gone.json`. */
export interface GoneCase {
  readonly name: string;
  readonly command: readonly string[];
  readonly protocol: string;
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly clientDid: string;
  readonly outcome: 'STILL RUNNING' | 'ended';
  readonly dataBytesAfterClose: number;
  readonly processes: readonly {
    readonly args: string;
    readonly stillRunningAfterMs?: number;
    readonly goneAfterMs?: number;
  }[];
}

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'transcripts');

/** A recording by its name. */
export function transcript(name: string): {
  readonly exchanges: readonly Exchange[];
  readonly cases: readonly GoneCase[];
} {
  const text = readFileSync(path.join(folder, `${name}.json`), 'utf8');
  return JSON.parse(text) as { exchanges: readonly Exchange[]; cases: readonly GoneCase[] };
}

/** The payload of a frame as it was sent. */
export function payloadOf(frame: RecordedFrame): Buffer {
  return frame.base64 === undefined ? Buffer.from(frame.text ?? '') : Buffer.from(frame.base64, 'base64');
}

/** The query string of a request; long arguments, which the recordings abbreviate, at their full length. */
export function queryOf({ request }: Exchange): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) {
    for (const word of typeof value === 'string' ? [value] : value) {
      const long = /^yyyy\.\.\. \((\d+) times y\)$/.exec(word);
      query.append(name, long ? 'y'.repeat(Number(long[1])) : word);
    }
  }
  return query.toString();
}

/** Text with what differs from one cluster to the next replaced: container ids, names of network namespaces. */
export function withoutIdentity(text: string): string {
  return text.replace(/[0-9a-f]{64}/g, '<id>').replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>');
}
