/** Events of one kubelet, behind client-go's spam filter: 25 in a burst for one pod, then one in five minutes. */
import type { EventInput } from '../api/events.js';
import { fieldPath, type ContainerKind, type Pod } from './pod.js';

export type RecordEvent = (input: EventInput) => unknown;

const burst = 25;
const refillMs = 300_000;

export class PodEvents {
  readonly #record: RecordEvent;
  readonly #host: string;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  constructor(record: RecordEvent, host: string, now: () => number) {
    this.#record = record;
    this.#host = host;
    this.#now = now;
  }

  #spend(uid: string): boolean {
    const now = this.#now();
    const bucket = this.#buckets.get(uid) ?? { tokens: burst, atMs: now };
    const tokens = Math.min(burst, bucket.tokens + (now - bucket.atMs) / refillMs);
    this.#buckets.set(uid, { tokens: Math.max(0, tokens - 1), atMs: now });
    return tokens >= 1;
  }

  /** An event about a pod, or about one of its containers. */
  say(
    pod: Pod,
    about: { readonly kind: ContainerKind; readonly name: string } | undefined,
    type: 'Normal' | 'Warning',
    reason: string,
    message: string,
  ): void {
    if (!this.#spend(pod.metadata.uid)) {
      return;
    }
    this.#record({
      object: pod,
      fieldPath: about && fieldPath(about.kind, about.name),
      type,
      reason,
      message,
      component: 'kubelet',
      host: this.#host,
    });
  }

  forget(uid: string): void {
    this.#buckets.delete(uid);
  }
}
