import { readFileSync } from 'node:fs';

/** One exchange of a recorded transcript (test/fixtures/transcripts/README.md), the parts read here. */
export interface Exchange {
  readonly note: string;
  readonly request: { readonly method: string; readonly path: string; readonly user?: string };
  readonly response?: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  readonly watch?: readonly { readonly type: string; readonly object: unknown }[];
  readonly websocket?: {
    readonly protocol: string;
    readonly frames: readonly {
      readonly from: string;
      readonly opcode?: string;
      readonly channel?: number;
      readonly text?: string;
      readonly length?: number;
    }[];
  };
}

export function exchanges(name: string): readonly Exchange[] {
  const file = new URL(`../fixtures/transcripts/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { exchanges: Exchange[] }).exchanges;
}
