/**
 * One pod on its node: what the kubelet's pod worker does. A sync writes the status of what runs now, then starts what
 * should run; what fails is told by an event at once, but by the status only in the next sync, ten seconds and more later.
 */
import type { Store } from '../types.js';
import type { NodeDeps } from './node-deps.js';
import { asPod, isOver, pods, type Pod } from './pod.js';
import { PodContainers } from './pod-containers.js';
import { endContainers, graceMsOf } from './pod-end.js';
import { podStatus } from './pod-status.js';
import type { Sandbox } from './container.js';

export class PodWorker {
  readonly uid: string;
  readonly containers: PodContainers;
  sandbox: Sandbox | undefined;
  readonly #deps: NodeDeps;
  readonly #store: Store;
  readonly #namespace: string;
  readonly #name: string;
  readonly #startTime: string;
  #last: Pod;
  #verdict: { readonly reason: string; readonly message: string } | undefined;
  #sandboxUp = false;
  #ending = false;
  #wanted = false;
  #stopped = false;
  #running: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  /** Called when nothing of the pod is left. */
  readonly #gone: () => void;

  constructor(deps: NodeDeps, pod: Pod, gone: () => void) {
    this.#deps = deps;
    this.#store = deps.store;
    this.uid = pod.metadata.uid;
    this.#name = pod.metadata.name;
    this.#namespace = pod.metadata.namespace;
    this.#last = pod;
    this.#startTime = deps.timestamp();
    this.#gone = gone;
    this.containers = new PodContainers(deps, this);
    const { activeDeadlineSeconds } = pod.spec;
    if (activeDeadlineSeconds !== undefined) {
      this.#deadline = setTimeout(() => this.#exceed(), activeDeadlineSeconds * 1000);
    }
  }

  /** The pod as it is in the store, or as it was last. */
  get pod(): Pod {
    return this.#last;
  }

  /** Something changed: syncs as soon as the sync that runs now has ended. Never throws. */
  notify(): void {
    this.#wanted = true;
    if (this.#ending) {
      this.publish();
    }
    this.#running ??= this.#loop().finally(() => {
      this.#running = undefined;
      if (this.#wanted && !this.#stopped) {
        this.notify();
      }
    });
  }

  /** The pod has gone from the API, maybe while it was being ended with all its time. */
  hasten(): void {
    if (this.#ending) {
      const { runtime, timing } = this.#deps;
      setTimeout(() => {
        for (const { current } of this.containers.attempts.values()) {
          if (current.running && current.container) {
            runtime.kill(current.container);
          }
        }
      }, timing.minimumGraceMs);
    }
    this.notify();
  }

  /** Ends for good without telling anybody: the cluster stops. */
  async stop(): Promise<void> {
    this.#halt();
    await this.#running;
  }

  #halt(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#deadline);
    this.containers.stopProbes();
  }

  async #loop(): Promise<void> {
    while (this.#wanted && !this.#stopped) {
      this.#wanted = false;
      try {
        await this.#sync();
      } catch (error) {
        this.#deps.onBug(error);
        this.#retryLater();
      }
    }
  }

  #read(): Pod | undefined {
    const object = this.#store.get(pods, this.#namespace, this.#name);
    if (object?.metadata.uid !== this.uid) {
      return undefined;
    }
    this.#last = asPod(object);
    return this.#last;
  }

  /** Writes what is, if it differs from what was written. */
  publish(): void {
    if (this.#deps.kubelet.halted) {
      return;
    }
    const pod = this.#read();
    if (!pod) {
      return;
    }
    const { node } = this.#deps;
    const addresses =
      this.sandbox?.addresses ??
      (pod.spec.hostNetwork === true ? { ip: node.address, ip6: undefined } : undefined);
    const status = podStatus({
      pod,
      node,
      addresses: addresses ?? this.#earlierAddresses(pod),
      sandboxUp: this.#sandboxUp,
      startTime: this.#startTime,
      now: this.#deps.timestamp(),
      containers: this.containers.attempts,
      waiting: this.containers.waiting,
      ending: this.#ending,
      verdict: this.#verdict,
      dualStack: this.#deps.dualStack,
    });
    this.#store.update(pods, this.#namespace, this.#name, (object) => {
      object.status = { ...status };
    });
    this.#read();
  }

  #earlierAddresses(pod: Pod): { ip: string; ip6: undefined } | undefined {
    return pod.status.podIP === undefined ? undefined : { ip: pod.status.podIP, ip6: undefined };
  }

  async #sync(): Promise<void> {
    const pod = this.#read();
    if (!pod) {
      await this.#vanish();
      return;
    }
    if (pod.metadata.deletionTimestamp !== undefined) {
      await this.#delete(pod);
      return;
    }
    if (this.#ending) {
      return;
    }
    this.publish();
    if (isOver(this.#last)) {
      await this.#finish();
      return;
    }
    clearTimeout(this.#retry);
    if (!this.sandbox) {
      this.sandbox = await this.containers.createSandbox(pod);
      this.#sandboxUp = true;
      this.publish();
    }
    if (!(await this.containers.startWhatShouldRun())) {
      this.#retryLater();
    }
  }

  #retryLater(): void {
    clearTimeout(this.#retry);
    const base = this.#deps.timing.syncBackoffMs;
    this.#retry = setTimeout(() => this.notify(), base * (1 + this.#deps.random() / 2));
  }

  /** The pod has ended by itself: what is left of it (ephemeral containers) ends too. */
  async #finish(): Promise<void> {
    this.#ending = true;
    await this.#endAll(graceMsOf(this.#last, this.#deps.timing));
    this.#dropSandbox();
    this.publish();
  }

  #exceed(): void {
    if (this.#ending || isOver(this.#last)) {
      return;
    }
    this.#verdict = {
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    };
    this.#deps.events.say(this.#last, undefined, 'Normal', 'DeadlineExceeded', this.#verdict.message);
    this.#ending = true;
    this.publish();
    void this.#finish().catch(this.#deps.onBug);
  }

  /** Deleted with a grace period: the containers end, then the object goes. */
  async #delete(pod: Pod): Promise<void> {
    const first = !this.#ending;
    this.#ending = true;
    clearTimeout(this.#deadline);
    if (first) {
      this.publish();
    }
    const seconds = pod.metadata.deletionGracePeriodSeconds ?? 0;
    await this.#endAll(Math.max(seconds * 1000, seconds === 0 ? this.#deps.timing.minimumGraceMs : 0));
    this.#dropSandbox();
    this.publish();
    // Another pod may have the name by now.
    if (this.#read()) {
      this.#store.update(pods, this.#namespace, this.#name, ({ metadata }) => {
        metadata.deletionTimestamp = this.#deps.timestamp();
        metadata.deletionGracePeriodSeconds = 0;
      });
      this.#store.remove(pods, this.#namespace, this.#name);
    }
    this.#leave();
  }

  /** Removed from the API at once: the containers get two seconds all the same. */
  async #vanish(): Promise<void> {
    this.#ending = true;
    clearTimeout(this.#deadline);
    await this.#endAll(this.#deps.timing.minimumGraceMs);
    this.#dropSandbox();
    this.#leave();
  }

  async #endAll(graceMs: number): Promise<void> {
    clearTimeout(this.#retry);
    this.containers.stopProbes();
    await endContainers(this.#deps, this.#last, this.containers.attempts.values(), graceMs);
  }

  #dropSandbox(): void {
    this.#sandboxUp = false;
    if (this.sandbox) {
      this.#deps.runtime.endSandbox(this.sandbox);
    }
  }

  #leave(): void {
    this.#halt();
    if (this.sandbox) {
      this.#deps.runtime.removeSandbox(this.sandbox);
    }
    this.#deps.events.forget(this.uid);
    this.#gone();
  }
}
