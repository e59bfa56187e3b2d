/** What the parts of one pod know of each other. */
import type { LiveContainer } from './live-container.js';
import type { Pod } from './pod.js';
import type { Sandbox } from './container.js';

/** The newest attempt of a container, and the one before it, whose log `previous` shows. */
export interface Attempts {
  readonly current: LiveContainer;
  readonly previous?: LiveContainer;
}

/** What the containers need to know of their pod. */
export interface PodContext {
  readonly pod: Pod;
  readonly sandbox: Sandbox | undefined;
  /** Something changed that the status should show. */
  notify(): void;
}
