/** The images of one node: what is there, what is pulled, what fails, with the kubelet's events. */
import { setTimeout as sleep } from 'node:timers/promises';
import { findImage, type KnownImage } from './images.js';
import type { PodEvents } from './pod-events.js';
import type { ContainerKind, ContainerSpec, Pod } from './pod.js';
import { Backoff, type Timing } from './timing.js';

/** Why a container waits: what its status will say after the next sync. */
export class WaitingError extends Error {
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

export class ImagePuller {
  readonly #present = new Set<string>();
  readonly #lastError = new Map<string, string>();
  readonly #backoff: Backoff;
  readonly #events: PodEvents;
  readonly #now: () => number;

  constructor(events: PodEvents, timing: Timing, now: () => number) {
    this.#events = events;
    this.#now = now;
    this.#backoff = new Backoff(timing.imageBackoffMs, timing.maxBackoffMs);
  }

  /** The image of a container, pulled if need be. Throws a WaitingError, after the events of the failure. */
  async ensure(pod: Pod, kind: ContainerKind, container: ContainerSpec): Promise<KnownImage> {
    const { image: name } = container;
    const say = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
      this.#events.say(pod, { kind, name: container.name }, type, reason, message);
    const fail = (reason: string, message: string): never => {
      say('Warning', 'Failed', `Error: ${reason}`);
      throw new WaitingError(reason, message);
    };
    const found = findImage(name);
    if (found.kind === 'invalid') {
      say('Warning', 'InspectFailed', found.message);
      return fail('InvalidImageName', found.message);
    }
    const here = found.kind === 'image' && (found.image.present || this.#present.has(found.id));
    if (here && container.imagePullPolicy !== 'Always') {
      say(
        'Normal',
        'Pulled',
        `Container image "${name}" already present on machine and can be accessed by the pod`,
      );
      return found;
    }
    if (container.imagePullPolicy === 'Never') {
      const message = `Container image "${name}" is not present with pull policy of Never`;
      say('Warning', 'ErrImageNeverPull', message);
      return fail('ErrImageNeverPull', message);
    }
    const key = `${pod.metadata.uid}_${name}`;
    if (this.#backoff.remainingMs(key, this.#now()) > 0) {
      const message = `Back-off pulling image "${name}"`;
      say('Normal', 'BackOff', message);
      return fail('ImagePullBackOff', `${message}: ErrImagePull: ${this.#lastError.get(key) ?? ''}`);
    }
    say('Normal', 'Pulling', `Pulling image "${name}"`);
    if (found.kind !== 'image') {
      this.#backoff.next(key, this.#now());
      this.#lastError.set(key, found.message);
      say('Warning', 'Failed', `Failed to pull image "${name}": ${found.message}`);
      return fail('ErrImagePull', found.message);
    }
    await sleep(found.image.pullMs);
    this.#present.add(found.id);
    const took = found.image.pullMs >= 1000 ? `${found.image.pullMs / 1000}s` : `${found.image.pullMs}ms`;
    say(
      'Normal',
      'Pulled',
      `Successfully pulled image "${name}" in ${took} (${took} including waiting). ` +
        `Image size: ${found.image.sizeBytes} bytes.`,
    );
    return found;
  }
}
