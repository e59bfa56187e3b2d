/** The containers of one pod: which run, which wait and why, and which are to be started next. */
import { ContainerStarter } from './container-starter.js';
import { WaitingError } from './image-puller.js';
import type { LiveContainer } from './live-container.js';
import type { NodeDeps } from './node-deps.js';
import { podLabel, type ContainerKind, type ContainerSpec, type Pod } from './pod.js';
import type { Attempts, PodContext } from './pod-context.js';
import { ProbeLoop } from './probes.js';
import type { Sandbox } from './container.js';
import { Backoff, goDuration } from './timing.js';

export class PodContainers {
  readonly attempts = new Map<string, Attempts>();
  readonly waiting = new Map<string, { readonly reason: string; readonly message?: string }>();
  readonly #deps: NodeDeps;
  readonly #context: PodContext;
  readonly #starter: ContainerStarter;
  readonly #probes: ProbeLoop;
  readonly #restarts: Backoff;

  constructor(deps: NodeDeps, context: PodContext) {
    this.#deps = deps;
    this.#context = context;
    this.#starter = new ContainerStarter(deps, context, this.attempts);
    this.#probes = new ProbeLoop(deps, context);
    this.#restarts = new Backoff(deps.timing.restartBackoffMs, deps.timing.maxBackoffMs);
  }

  /** The running container of this name. */
  running(name: string): LiveContainer | undefined {
    const live = this.attempts.get(name)?.current;
    return live?.running === true ? live : undefined;
  }

  createSandbox(pod: Pod): Promise<Sandbox> {
    return this.#starter.createSandbox(pod);
  }

  stopProbes(): void {
    this.#probes.stop();
  }

  /** Starts what should run by now. Resolves with false when something could not be started. */
  async startWhatShouldRun(): Promise<boolean> {
    const { pod } = this.#context;
    let failed = false;
    for (const spec of pod.spec.ephemeralContainers ?? []) {
      if (!this.attempts.has(spec.name)) {
        failed = !(await this.#start('ephemeralContainers', spec)) || failed;
      }
    }
    let initialized = true;
    for (const spec of pod.spec.initContainers ?? []) {
      const live = this.attempts.get(spec.name)?.current;
      if (live?.finishedAt !== undefined && live.exitCode === 0) {
        continue;
      }
      if (!live?.running) {
        failed = !(await this.#startAgain('initContainers', spec)) || failed;
      }
      // A sidecar does not hold the others up.
      if (spec.restartPolicy !== 'Always' || !this.attempts.get(spec.name)?.current.running) {
        initialized = false;
        break;
      }
    }
    for (const spec of initialized ? pod.spec.containers : []) {
      const live = this.attempts.get(spec.name)?.current;
      if (!live || (!live.running && this.#restartsAfter(live))) {
        failed = !(await this.#startAgain('containers', spec)) || failed;
      }
    }
    return !failed;
  }

  #restartsAfter(live: LiveContainer): boolean {
    const policy = this.#context.pod.spec.restartPolicy ?? 'Always';
    return policy === 'Always' || (policy === 'OnFailure' && live.exitCode !== 0);
  }

  /** Starts a container, or starts it again when its back-off is over. */
  async #startAgain(kind: ContainerKind, spec: ContainerSpec): Promise<boolean> {
    const live = this.attempts.get(spec.name)?.current;
    if (live?.finishedAt !== undefined) {
      const finishedMs = Date.parse(live.finishedAt);
      const now = this.#deps.now();
      const remaining = this.#restarts.remainingMs(spec.name, now, finishedMs);
      if (remaining > 0) {
        const label = podLabel(this.#context.pod);
        const message = `Back-off restarting failed container ${spec.name} in pod ${label}`;
        this.#deps.events.say(this.#context.pod, { kind, name: spec.name }, 'Warning', 'BackOff', message);
        const delay = goDuration(this.#restarts.delayMs(spec.name));
        this.waiting.set(spec.name, {
          reason: 'CrashLoopBackOff',
          message: `back-off ${delay} restarting failed container=${spec.name} pod=${label}`,
        });
        return false;
      }
      this.#restarts.next(spec.name, now);
    }
    return this.#start(kind, spec);
  }

  async #start(kind: ContainerKind, spec: ContainerSpec): Promise<boolean> {
    const { sandbox } = this.#context;
    if (!sandbox) {
      return false;
    }
    try {
      const live = await this.#starter.start(sandbox, kind, spec);
      this.waiting.delete(spec.name);
      live.once('end', () => {
        this.#probes.forget(live);
        this.#context.notify();
      });
      this.#probes.watch(kind, live);
      // It may have ended before anybody listened.
      this.#context.notify();
      return true;
    } catch (error) {
      if (!(error instanceof WaitingError)) {
        throw error;
      }
      this.waiting.set(spec.name, { reason: error.reason, message: error.message });
      if (error.reason === 'RunContainerError') {
        // The runtime has seen it come and go, so that the next sync comes at once.
        this.#context.notify();
      }
      return false;
    }
  }
}
