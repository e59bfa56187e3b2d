/** The kubelet of one node: its pods, and what the API server's streams ask of them. */
import { spawn } from 'node:child_process';
import { Duplex, type Readable } from 'node:stream';
import {
  KubeletError,
  type Kubelet,
  type KubeletAttach,
  type KubeletExec,
  type KubeletLogs,
  type KubeletProcess,
} from '../types.js';
import type { LiveContainer } from './live-container.js';
import { readLog } from './logs.js';
import type { NodeDeps } from './node-deps.js';
import { asPod, isMirror, isOver, pods, type Pod } from './pod.js';
import { PodWorker } from './pod-worker.js';
import { StepError } from './process.js';
import { runtimeId } from './runtime.js';
import { execFailure } from './runtime-words.js';
import { attachProcess, execProcess } from './streams.js';

export class NodeKubelet implements Kubelet {
  readonly workers = new Map<string, PodWorker>();
  readonly #deps: NodeDeps;

  constructor(deps: NodeDeps) {
    this.#deps = deps;
  }

  /** A pod of this node is new, or has changed. */
  take(pod: Pod): void {
    if (this.#deps.kubelet.halted) {
      return;
    }
    const { uid } = pod.metadata;
    let worker = this.workers.get(uid);
    if (!worker) {
      if (isMirror(pod) || isOver(pod)) {
        return;
      }
      worker = new PodWorker(this.#deps, pod, () => this.workers.delete(uid));
      this.workers.set(uid, worker);
    }
    worker.notify();
  }

  /** A pod was removed from the API. */
  drop(uid: string): void {
    this.workers.get(uid)?.hasten();
  }

  /** Stops to look at pods and to write of them, or goes on with those there are by now. */
  halt(halted: boolean): void {
    this.#deps.kubelet.halted = halted;
    for (const pod of halted ? [] : this.#deps.store.list(pods).map(asPod)) {
      if (pod.spec.nodeName === this.#deps.node.name) {
        this.take(pod);
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.workers.values()].map((worker) => worker.stop()));
  }

  #running(podUid: string, name: string): LiveContainer | undefined {
    return this.workers.get(podUid)?.containers.running(name);
  }

  async exec(request: KubeletExec): Promise<KubeletProcess> {
    const container = this.#running(request.podUid, request.container)?.container;
    if (!container) {
      throw new KubeletError(`container not found ("${request.container}")`);
    }
    try {
      return execProcess(await this.#deps.runtime.exec(container, request.argv, request), request.tty);
    } catch (error) {
      if (error instanceof StepError) {
        throw new KubeletError(execFailure(error, request.argv, runtimeId()));
      }
      throw error;
    }
  }

  attach(request: KubeletAttach): Promise<KubeletProcess> {
    const live = this.#running(request.podUid, request.container);
    if (!live) {
      const pod = this.workers.get(request.podUid)?.pod;
      const where = pod ? `${pod.metadata.name}_${pod.metadata.namespace}` : request.podUid;
      return Promise.reject(new KubeletError(`container ${request.container} not found in pod ${where}`));
    }
    if (live.attempt.spec.tty === true && !request.tty) {
      return Promise.reject(
        new KubeletError('rpc error: code = InvalidArgument desc = tty and stderr cannot both be true'),
      );
    }
    return Promise.resolve(attachProcess(live, request));
  }

  logs(request: KubeletLogs): Promise<Readable> {
    const worker = this.workers.get(request.podUid);
    const attempts = worker?.containers.attempts.get(request.container);
    const named = `container "${request.container}" in pod "${worker?.pod.metadata.name ?? request.podUid}"`;
    // Between two attempts the last one is the previous one already.
    const again = worker?.containers.waiting.has(request.container) === true;
    const previous = again ? attempts?.current : attempts?.previous;
    const live = request.previous ? previous : attempts?.current;
    if (!live) {
      const { reason = 'ContainerCreating' } = worker?.containers.waiting.get(request.container) ?? {};
      const why =
        reason === 'ImagePullBackOff'
          ? 'trying and failing to pull image'
          : reason === 'ErrImagePull'
            ? "image can't be pulled"
            : reason;
      return Promise.reject(
        request.previous
          ? new KubeletError(`previous terminated ${named} not found`, 400)
          : new KubeletError(`${named} is waiting to start: ${why}`, 400),
      );
    }
    return Promise.resolve(readLog(live.log, request, this.#deps.now()));
  }

  dial(podUid: string, port: number): Promise<Duplex> {
    const sandbox = this.workers.get(podUid)?.sandbox;
    if (!sandbox) {
      return Promise.reject(new KubeletError(`failed to find sandbox for pod ${podUid}`));
    }
    const child = spawn('perl', this.#deps.runtime.dialArguments(sandbox, port), {
      stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
      env: {},
    });
    return new Promise((resolve, reject) => {
      let said = '';
      const status = child.stdio[3] as Readable;
      status.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      child.once('error', reject);
      // Closed once the connection stands.
      status.once('close', () => {
        if (said === '') {
          const connection = Duplex.from({ writable: child.stdin, readable: child.stdout });
          connection.once('close', () => child.kill('SIGKILL'));
          resolve(connection);
        } else {
          const where = `network namespace "/proc/${sandbox.pid}/ns/net"`;
          const refused =
            `failed to connect to localhost:${port} inside namespace "${podUid}", ` +
            `IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused ` +
            'IPv6 dial tcp6: address localhost: no suitable address found ';
          reject(new KubeletError(`failed to execute portforward in ${where}: ${refused}`));
        }
      });
    });
  }
}
