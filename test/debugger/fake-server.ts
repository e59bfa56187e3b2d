import type { DebugContainerRequest } from '../../src/debugger/ensure.js';
import type { DebugOptions, DebugProgress } from '../../src/debugger/types.js';
import type { KubeApi, SendOptions } from '../../src/kube/api.js';
import type { EphemeralContainer, KubeEvent, Pod, WatchEvent } from '../../src/kube/types.js';
import { apiError, fakeApi, handClock, type HandClock } from './fakes.js';

/** The options that nothing was said about. */
export const options: DebugOptions = {
  image: 'toolbox:1',
  profile: 'auto',
  fresh: false,
  ttlSeconds: 900,
  startTimeoutMs: 60_000,
};
/** The pod, before anything is done to it. */
export const base: Pod = {
  metadata: { name: 'web-0', namespace: 'shop', uid: 'u1', resourceVersion: '7' },
  spec: { containers: [{ name: 'app' }], nodeName: 'n1' },
  status: { phase: 'Running' },
};

/** One patch as it was sent. */
export interface Patch {
  readonly dryRun: boolean;
  readonly container: EphemeralContainer;
}

/** An API server with one pod, whose admission and kubelet are in the test's hands. */
export class FakeServer {
  readonly requests: string[] = [];
  readonly patches: Patch[] = [];
  readonly progress: DebugProgress[] = [];
  readonly clock: HandClock = handClock();
  pod: Pod = base;
  events: KubeEvent[] = [];
  /** What admission says to a patch; may change the container. */
  admit: (patch: Patch) => EphemeralContainer | undefined = ({ container }) => container;
  warnings: readonly string[] = [];
  mayWatch = true;
  /** What an access review says of pods/exec; undefined: it cannot be asked. */
  mayExec: boolean | undefined = true;
  private watchers: ((event: WatchEvent<Pod>) => void)[] = [];

  readonly api: KubeApi = fakeApi({
    get: (path: string) => {
      this.requests.push(`GET ${path}`);
      return Promise.resolve(this.pod as never);
    },
    list: () => Promise.resolve({ items: this.events as never[], resourceVersion: '1' }),
    send: (_method: string, path: string, send: SendOptions = {}) => {
      if (path.endsWith('/selfsubjectaccessreviews')) return this.review();
      const dryRun = send.query?.dryRun === 'All';
      this.requests.push(`PATCH ${path}${dryRun ? '?dryRun=All' : ''}`);
      const [container] = (send.body as { spec: { ephemeralContainers: EphemeralContainer[] } }).spec
        .ephemeralContainers;
      if (container === undefined) throw new Error('empty patch');
      const patch = { dryRun, container };
      this.patches.push(patch);
      const stored = this.admit(patch);
      const pod = {
        ...this.pod,
        spec: {
          ...this.pod.spec,
          ephemeralContainers: [stored, ...(this.pod.spec.ephemeralContainers ?? [])].flatMap(
            (one) => one ?? [],
          ),
        },
      };
      if (!dryRun) this.pod = pod;
      return Promise.resolve({ object: pod as never, warnings: this.warnings });
    },
    watch: <T>(_path: string, { signal }: { signal?: AbortSignal | undefined }) =>
      this.watch(signal) as AsyncIterable<WatchEvent<T>>,
  });

  private review(): Promise<never> {
    if (this.mayExec === undefined) return Promise.reject(apiError(403, 'reviews are forbidden'));
    return Promise.resolve({ object: { status: { allowed: this.mayExec } }, warnings: [] } as never);
  }

  private async *watch(signal: AbortSignal | undefined): AsyncGenerator<WatchEvent<Pod>> {
    this.requests.push('WATCH');
    if (!this.mayWatch)
      throw apiError(
        403,
        'pods is forbidden: User "u" cannot watch resource "pods" in API group "" in the namespace "shop"',
      );
    while (signal?.aborted !== true) {
      yield await new Promise<WatchEvent<Pod>>((resolve, reject) => {
        this.watchers.push(resolve);
        signal?.addEventListener('abort', () => {
          reject(new Error('aborted'));
        });
      });
    }
  }

  /** The kubelet says something of the newest debug container. */
  async status(state: object, type: WatchEvent<Pod>['type'] = 'MODIFIED'): Promise<void> {
    const name = this.pod.spec.ephemeralContainers?.[0]?.name ?? '';
    this.pod = { ...this.pod, status: { ...this.pod.status, ephemeralContainerStatuses: [{ name, state }] } };
    for (const watcher of this.watchers.splice(0)) watcher({ type, object: this.pod });
    await this.clock.advance(0);
  }

  request(
    more: Partial<Omit<DebugContainerRequest, 'options'>> & { readonly options?: Partial<DebugOptions> } = {},
  ): DebugContainerRequest {
    let next = 0;
    return {
      namespace: 'shop',
      pod: 'web-0',
      need: 'raw',
      onProgress: (one) => this.progress.push(one),
      clock: this.clock,
      random: () => (next += 0.037) % 1,
      ...more,
      options: { ...options, ...more.options },
    };
  }
}
