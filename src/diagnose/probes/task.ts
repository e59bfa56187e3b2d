import type { ObservedConnect, ProbeTo } from '../observed.js';

/** Where tools are run: in a pod, or in the network of a node. `key` is what stands in `from` of what is observed. */
export type ProbePlace =
  | { readonly kind: 'pod'; readonly key: string; readonly namespace: string; readonly name: string }
  | { readonly kind: 'node'; readonly key: string; readonly name: string };

/** One thing to try. */
export type ProbeTask = { readonly at: ProbePlace } & (
  | { readonly kind: 'connect'; readonly to: ProbeTo; readonly count: number }
  | { readonly kind: 'dns'; readonly name: string }
  | { readonly kind: 'listeners' }
  | { readonly kind: 'kernel'; readonly node?: string; readonly ofNode: boolean }
  | { readonly kind: 'mtu'; readonly endpoint: string; readonly address: string }
  | { readonly kind: 'http'; readonly to: ProbeTo; readonly url: string }
);

/** Something that would have been tried, and half a sentence that says why it is not. */
export interface Unprobed {
  readonly what: string;
  readonly why: string;
  readonly code?: string;
}

/** What to try next, and what cannot be tried at all. */
export interface ProbePlan {
  readonly tasks: readonly ProbeTask[];
  readonly unprobed: readonly Unprobed[];
}

/** What makes two tasks the same. */
export function taskKey({ at, ...task }: ProbeTask): string {
  return JSON.stringify([at.key, task]);
}

/** A task in a few words: `TCP 10.96.0.7:80 from shop/web-0`. */
export function taskText(task: ProbeTask): string {
  const from = placeText(task.at);
  switch (task.kind) {
    case 'connect':
      return `${task.to.protocol} ${joined(task.to)} from ${from}`;
    case 'dns':
      return `DNS ${task.name} from ${from}`;
    case 'listeners':
      return `listening sockets of ${from}`;
    case 'kernel':
      return `kernel numbers in ${from}`;
    case 'mtu':
      return `path MTU to ${task.address} from ${from}`;
    case 'http':
      return `HTTP ${task.url} from ${from}`;
  }
}

/** `shop/web-0`, `node worker-1`. */
export function placeText(at: ProbePlace): string {
  return at.kind === 'pod' ? `${at.namespace}/${at.name}` : `node ${at.name}`;
}

/** An address and its port; IPv6 in brackets. */
export function joined({ address, port }: Pick<ProbeTo, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Whether an attempt reached somebody. */
function isReached({ outcome }: ObservedConnect['attempts'][number]): boolean {
  return outcome === 'connected' || outcome === 'answered';
}

/** How many of the attempts reached somebody. */
export function reachedOf({ attempts }: ObservedConnect): 'all' | 'some' | 'none' {
  const reached = attempts.filter(isReached).length;
  return reached === 0 ? 'none' : reached === attempts.length ? 'all' : 'some';
}
