import type { QueuedSource } from './merge-source.js';

/** Sources that have a head, the one whose head is first in time at the root; of equal times the source that was added first. */
export class SourceHeap {
  readonly #items: QueuedSource[] = [];

  get root(): QueuedSource | undefined {
    return this.#items[0];
  }

  add(source: QueuedSource): void {
    const items = this.#items;
    let at = items.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = items[above];
      if (parent === undefined || !earlier(source, parent)) break;
      items[at] = parent;
      at = above;
    }
    items[at] = source;
  }

  /** The head of the root has changed. */
  restore(): void {
    const root = this.#items[0];
    if (root !== undefined) this.#sink(root);
  }

  /** The root has no head any more. */
  remove(): void {
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) this.#sink(last);
  }

  #sink(source: QueuedSource): void {
    const items = this.#items;
    const count = items.length;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      let below = items[child];
      if (below === undefined) break;
      const right = child + 1 < count ? items[child + 1] : undefined;
      if (right !== undefined && earlier(right, below)) {
        below = right;
        child++;
      }
      if (!earlier(below, source)) break;
      items[at] = below;
      at = child;
    }
    items[at] = source;
  }
}

function earlier(a: QueuedSource, b: QueuedSource): boolean {
  if (a.seconds !== b.seconds) return a.seconds < b.seconds;
  if (a.nanoseconds !== b.nanoseconds) return a.nanoseconds < b.nanoseconds;
  return a.order < b.order;
}
