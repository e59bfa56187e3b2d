import type { Store } from '../types.js';
import type { ImagePuller } from './image-puller.js';
import type { NodeNetwork } from './network.js';
import type { PodEvents } from './pod-events.js';
import type { Runtime } from './runtime.js';
import type { Timing } from './timing.js';

/** What everything on a node uses. */
export interface NodeDeps {
  readonly node: NodeNetwork;
  readonly store: Store;
  readonly runtime: Runtime;
  readonly images: ImagePuller;
  readonly events: PodEvents;
  readonly timing: Timing;
  /** Milliseconds since the epoch, as this cluster has them. */
  readonly now: () => number;
  /** The same, as metav1.Time. */
  readonly timestamp: () => string;
  readonly random: () => number;
  /** Where hostPath volumes are. */
  readonly hostDir: string;
  readonly dualStack: boolean;
  /** While it is halted a kubelet neither sees pods nor writes of them; what runs goes on. */
  readonly kubelet: { halted: boolean };
  /** Where a fault of our own goes. */
  readonly onBug: (error: unknown) => void;
}
