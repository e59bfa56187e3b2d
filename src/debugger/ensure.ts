import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { podPath } from '../kube/paths.js';
import type { EphemeralContainer, Pod } from '../kube/types.js';
import { podObstacle } from './advice.js';
import { checkProfile } from './custom.js';
import { differences, injection, isClash, sendInjection, type Injected, type Injection } from './inject.js';
import { interruptedStart } from './interrupted.js';
import { climb, explainInjection } from './ladder.js';
import { withObstacle } from './obstacle.js';
import { planDebugContainer } from './plan.js';
import { withLocalImage } from './local-image.js';
import { limitsOf } from './profile.js';
import { checkMayExec } from './rights.js';
import { containerName, debugContainerSpec, imageOf, profileOf, type DebugContainerSpec } from './spec.js';
import type { Clock, DebugContainer, DebugOptions, Need, OnProgress } from './types.js';
import { waitUntilRunning } from './wait.js';

export interface DebugContainerRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly need: Need;
  readonly options: DebugOptions;
  readonly onProgress: OnProgress;
  readonly clock: Clock;
  /** Uniform in [0, 1), as Math.random. */
  readonly random: () => number;
  readonly signal?: AbortSignal | undefined;
}

/** What `--dry-run` shows. */
export type Preview =
  | { readonly kind: 'reuse'; readonly container: string }
  | { readonly kind: 'inject'; readonly injection: Injection };

type Api = Pick<KubeApi, 'get' | 'list' | 'send' | 'watch'>;

const attempts = 5;

/**
 * A running debug container in this pod: one that runs already and serves (one GET), else a new one.
 * Rejects with a NetdebugError: not allowed (5), the pod is not there or in no state for it (6), it does not start (7).
 */
export async function ensureDebugContainer(api: Api, asked: DebugContainerRequest): Promise<DebugContainer> {
  const { onProgress, clock } = asked;
  checkProfile(asked.options.profile, asked.need);
  const began = clock.now();
  for (let attempt = 1; ; attempt++) {
    const { pod, request } = await readPod(api, asked);
    const plan = planDebugContainer(pod, request.options, request.need);
    if (plan.kind === 'refuse') throw plan.error;
    if (plan.kind === 'reuse') {
      onProgress({ kind: 'reusing', container: plan.spec.name });
      return debugContainer(request, plan.spec, true, []);
    }
    if (plan.kind === 'join') {
      await startWait(api, request, pod, plan.spec);
      onProgress({ kind: 'running', container: plan.spec.name, elapsedMs: clock.now() - began });
      return debugContainer(request, plan.spec, true, []);
    }
    try {
      const { spec, pod: changed, warnings } = await inject(api, request, pod);
      await startWait(api, request, changed, spec);
      onProgress({ kind: 'running', container: spec.name, elapsedMs: clock.now() - began });
      return debugContainer(request, spec, false, warnings);
    } catch (error) {
      // Somebody else changed the pod between our reading and writing; what they did may even serve us.
      if (!isClash(error) || attempt === attempts) throw error;
    }
  }
}

/** What would be sent, without sending it; admission is asked by dry run where the profile is auto. */
export async function previewDebugContainer(api: Api, asked: DebugContainerRequest): Promise<Preview> {
  checkProfile(asked.options.profile, asked.need);
  const { pod, request } = await readPod(api, asked);
  const plan = planDebugContainer(pod, request.options, request.need);
  if (plan.kind === 'refuse') throw plan.error;
  if (plan.kind !== 'inject') return { kind: 'reuse', container: plan.spec.name };
  const spec = await chooseSpec(api, request, pod);
  return { kind: 'inject', injection: injection(request.namespace, pod.metadata.name, spec) };
}

/** The pod as it is now, and the request with an image of its node where that is asked for. */
async function readPod(
  api: Api,
  request: DebugContainerRequest,
): Promise<{ readonly pod: Pod; readonly request: DebugContainerRequest }> {
  const { namespace, signal } = request;
  const pod = await api.get<Pod>(podPath(namespace, request.pod), { signal }).catch((error: unknown) => {
    throw explainInjection(namespace, error);
  });
  const options = await withLocalImage(api, request.options, pod.spec.nodeName, { signal });
  return { pod, request: { ...request, options } };
}

async function chooseSpec(api: Api, request: DebugContainerRequest, pod: Pod): Promise<DebugContainerSpec> {
  const { namespace, options, need, onProgress, random, signal } = request;
  const name = containerName(random);
  const rights = checkMayExec(api, request);
  // Both are asked at once; what admission says comes first.
  rights.catch(() => undefined);
  const spec =
    options.profile === 'auto'
      ? await climb(api, { namespace, pod, name, options, need, onProgress, signal })
      : debugContainerSpec(name, pod, options.profile, options);
  await rights;
  return spec;
}

async function inject(
  api: Api,
  request: DebugContainerRequest,
  pod: Pod,
): Promise<Injected & { readonly spec: EphemeralContainer }> {
  const { namespace, options, onProgress, signal } = request;
  const asked = await chooseSpec(api, request, pod);
  const obstacle = podObstacle(pod);
  if (obstacle !== undefined) onProgress({ kind: 'warning', text: obstacle.what });
  onProgress({
    kind: 'injecting',
    container: asked.name,
    profile: profileOf(asked),
    image: asked.image,
    imageNote: options.imageNote,
  });
  const injected = await sendInjection(api, injection(namespace, pod.metadata.name, asked), {
    dryRun: false,
    signal,
  }).catch((error: unknown) => {
    // The request was on its way: nobody knows whether it was carried out.
    if (signal?.aborted) throw interruptedStart({ namespace, pod: pod.metadata.name, container: asked.name });
    throw explainInjection(
      namespace,
      error,
      typeof options.profile === 'string' && options.profile !== 'auto' ? options.profile : undefined,
    );
  });
  for (const text of injected.warnings) onProgress({ kind: 'warning', text });
  const { spec } = injected;
  if (spec === undefined) {
    throw new NetdebugError(
      `The API server took the debug container for pod ${namespace}/${pod.metadata.name}, but did not store it: an admission webhook took it out.`,
      {
        exitCode: ExitCode.notAllowed,
        hint: 'Ask the administrators of the cluster which webhook changes pods/ephemeralcontainers.',
      },
    );
  }
  const changed = differences(asked, spec);
  if (changed.length > 0) {
    onProgress({ kind: 'warning', text: `the cluster changed the debug container: ${changed.join(', ')}` });
  }
  return { ...injected, spec };
}

async function startWait(
  api: Api,
  request: DebugContainerRequest,
  pod: Pod,
  spec: EphemeralContainer,
): Promise<void> {
  const { namespace, options, onProgress, clock, signal } = request;
  await waitUntilRunning(api, {
    at: { namespace, pod: pod.metadata.name, container: spec.name },
    pod,
    image: spec.image ?? options.image,
    startTimeoutMs: options.startTimeoutMs,
    onProgress,
    clock,
    signal,
  }).catch(async (error: unknown) => {
    throw await withObstacle(api, pod, error);
  });
}

function debugContainer(
  { namespace, pod }: DebugContainerRequest,
  spec: EphemeralContainer,
  reused: boolean,
  warnings: readonly string[],
): DebugContainer {
  return {
    namespace,
    pod,
    container: spec.name,
    image: spec.image ?? imageOf(spec),
    profile: profileOf(spec),
    reused,
    limits: limitsOf(spec.securityContext),
    warnings,
  };
}
