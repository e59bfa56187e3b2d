import { readFileSync } from 'node:fs';
import type { KubeEvent, Pod, Status } from '../../src/kube/types.js';

/** One exchange of test/fixtures/transcripts, as far as these tests read it. */
export interface Exchange {
  readonly note?: string;
  readonly request?: {
    readonly method: string;
    readonly path: string;
    readonly body?: unknown;
    readonly query?: unknown;
  };
  readonly response?: { readonly status: number; readonly body?: unknown };
  readonly watch?: readonly { readonly tMs: number; readonly type: string; readonly object: unknown }[];
}

/** What a real cluster answered. */
export function transcript(name: string): readonly Exchange[] {
  const file = new URL(`../fixtures/transcripts/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { exchanges: Exchange[] }).exchanges;
}

/** The Status of a refused request. */
export function statusOf(exchange: Exchange): Status {
  return exchange.response?.body as Status;
}

/** One injection of a transcript: what the watch and the events showed. */
export interface Flow {
  readonly note: string;
  readonly container: string;
  readonly image: string;
  readonly injected: Pod;
  readonly pods: readonly Pod[];
  readonly events: readonly KubeEvent[];
}

/** The injections of an `inject-*` transcript that have both a watch and events. */
export function flows(name: string): readonly Flow[] {
  const exchanges = transcript(name);
  return exchanges.flatMap((exchange, index) => {
    const [watch, events] = exchanges.slice(index + 1);
    if (exchange.request?.method !== 'PATCH' || watch?.watch === undefined) return [];
    const asked = (
      exchange.request.body as { spec: { ephemeralContainers: { name: string; image: string }[] } }
    ).spec.ephemeralContainers[0];
    return [
      {
        note: exchange.note ?? '',
        container: asked?.name ?? '',
        image: asked?.image ?? '',
        injected: exchange.response?.body as Pod,
        pods: watch.watch.map(({ object }) => object as Pod),
        events: (events?.response?.body as { items: KubeEvent[] }).items,
      },
    ];
  });
}
