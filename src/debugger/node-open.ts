import { isIP } from 'node:net';
import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { podsPath, resourcePath } from '../kube/paths.js';
import { isApiError } from '../kube/status.js';
import { cleanText } from '../kube/text.js';
import type { Pod } from '../kube/types.js';
import { readReference } from '../target/resolve.js';
import { checkProfile } from './custom.js';
import { explainNodePod, withNodeRole } from './node-refusal.js';
import { nodePodManifest, nodePodName, type NodePodManifest } from './node-pod.js';
import { removeNodePod } from './node-remove.js';
import { type NodeImages, withLocalImage } from './local-image.js';
import { limitsOf } from './profile.js';
import { checkMayExec } from './rights.js';
import { nodeRole } from './role.js';
import { containerName, profileOf } from './spec.js';
import type { Clock, DebugContainer, DebugOptions, Need, OnProgress } from './types.js';
import { waitUntilRunning } from './wait.js';

/** core/v1 Node, the fields that matter here. */
interface Node extends NodeImages {
  readonly status?: NodeImages['status'] & {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly daemonEndpoints?: { readonly kubeletEndpoint?: { readonly Port?: number } };
    readonly nodeInfo?: { readonly operatingSystem?: string };
  };
}

export interface NodePodRequest {
  /** Of the pod; that of a node there is none. */
  readonly namespace: string;
  readonly node: string;
  readonly need: Need;
  readonly options: DebugOptions;
  readonly onProgress: OnProgress;
  readonly clock: Clock;
  /** Uniform in [0, 1), as Math.random. */
  readonly random: () => number;
  readonly signal?: AbortSignal | undefined;
}

/** A running debug pod in the network of a node. Whoever opened it removes it, whatever happens. */
export interface NodePod {
  readonly node: string;
  /** The node's IP addresses. */
  readonly addresses: readonly string[];
  /** Where its kubelet serves the API server. */
  readonly kubeletPort: number;
  /** For runTool. */
  readonly container: DebugContainer;
  /** Deletes the pod; called again it does nothing more. Rejects with a NetdebugError that says how to remove it by hand. */
  remove(): Promise<void>;
}

type Api = Pick<KubeApi, 'get' | 'list' | 'send' | 'watch'>;

const defaultKubeletPort = 10_250;
/** A POST is not given up half-way, so that it is always known whether there is something to remove. */
const createTimeoutMs = 15_000;

/**
 * Starts a debug pod in the network of a node and waits until it runs. When it does not, or the signal comes meanwhile, the pod
 * is removed before this rejects. Rejects with a NetdebugError: not allowed (5), no such node (6), it does not start (7), interrupted (130).
 */
export async function openNodePod(api: Api, request: NodePodRequest): Promise<NodePod> {
  const { namespace, node: name, clock, signal } = request;
  const { manifest, node, imageNote } = await unlessAborted(signal, name, prepare(api, request));
  const [container] = manifest.spec.containers;
  const at = { namespace, pod: manifest.metadata.name, container: container.name };
  request.onProgress({
    kind: 'starting-pod',
    pod: `${namespace}/${at.pod}`,
    node: name,
    image: container.image,
    imageNote,
  });
  const began = clock.now();
  let uid: string | undefined;
  let removal: Promise<void> | undefined;
  const remove = (): Promise<void> => (removal ??= removeNodePod(api, { ...at, uid }));
  try {
    const { object: pod, warnings } = await create(api, request, manifest);
    uid = pod.metadata.uid;
    for (const text of warnings) request.onProgress({ kind: 'warning', text });
    let seen = pod;
    await waitUntilRunning(api, {
      at,
      pod,
      image: container.image,
      startTimeoutMs: request.options.startTimeoutMs,
      onProgress: request.onProgress,
      clock,
      signal,
      lateHint: 'Wait longer with --start-timeout, or look whether the node is ready: kubectl get nodes.',
      onInterrupt: () => interrupted(name),
      onPod: (now) => (seen = now),
    });
    request.onProgress({ kind: 'running', container: at.pod, elapsedMs: clock.now() - began });
    return {
      node: name,
      addresses: addressesOf(node, seen),
      kubeletPort: node?.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? defaultKubeletPort,
      container: {
        ...at,
        image: container.image,
        profile: profileOf(container),
        reused: false,
        limits: limitsOf(container.securityContext),
        warnings,
      },
      remove,
    };
  } catch (error) {
    throw await afterRemoval(remove, error);
  }
}

/** What would be sent; the node is read, nothing is changed. */
export async function previewNodePod(
  api: Api,
  request: NodePodRequest,
): Promise<{ readonly path: string; readonly manifest: NodePodManifest }> {
  const { manifest } = await prepare(api, request);
  return { path: podsPath(request.namespace), manifest };
}

/** The error, with what could not be removed added to it. */
export async function afterRemoval(remove: () => Promise<void>, error: unknown): Promise<unknown> {
  const left = await remove().then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (!(left instanceof NetdebugError)) return error;
  if (!(error instanceof NetdebugError)) return left;
  const { message, exitCode, details, hint, cause } = error;
  const hints = [hint, left.hint].filter((line) => line !== undefined);
  return new NetdebugError(message, {
    exitCode,
    details: [...details, left.message, ...left.details],
    hint: hints.join('\n'),
    cause,
  });
}

async function prepare(
  api: Api,
  request: NodePodRequest,
): Promise<{
  readonly manifest: NodePodManifest;
  readonly node: Node | undefined;
  readonly imageNote: string | undefined;
}> {
  const { namespace, node: name, options: asked, need, random, signal } = request;
  checkProfile(asked.profile, need);
  if (asked.target !== undefined) {
    throw new NetdebugError(`A node has no containers, so --target ${asked.target} means nothing here.`, {
      exitCode: ExitCode.usage,
    });
  }
  const pod = nodePodName(name, containerName(random));
  const [node, createdBy] = await Promise.all([
    readNode(api, name),
    whoAmI(api, signal),
    checkMayExec(api, { namespace, pod, signal }, nodeRole),
  ]);
  const system = node?.status?.nodeInfo?.operatingSystem;
  if (system !== undefined && system !== 'linux') {
    throw new NetdebugError(`Node ${name} runs ${cleanText(system, 40)}; debug pods are for Linux.`, {
      exitCode: ExitCode.target,
    });
  }
  const options = await withLocalImage(api, asked, name, { signal, known: node });
  const manifest = nodePodManifest({ namespace, name: pod, node: name, createdBy, options });
  return { manifest, node, imageNote: options.imageNote };
}

/** The node; undefined where nodes may not be read: then its pod will tell its addresses. */
async function readNode(api: Api, name: string): Promise<Node | undefined> {
  try {
    return await readReference<Node>(api, { type: 'object', kind: 'node', name, protocol: 'tcp' }, '');
  } catch (error) {
    if (isApiError(error, 403)) return undefined;
    throw error;
  }
}

/** Our name as the API server knows it (SelfSubjectReview, Kubernetes 1.28); it is only written on the pod. */
async function whoAmI(
  api: Pick<KubeApi, 'send'>,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const path = resourcePath({ group: 'authentication.k8s.io', resource: 'selfsubjectreviews' });
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  interface Review {
    readonly status?: { readonly userInfo?: { readonly username?: string } };
  }
  return api.send<Review>('POST', path, { body, retry: true, signal }).then(
    ({ object }) => object.status?.userInfo?.username,
    () => undefined,
  );
}

async function create(
  api: Pick<KubeApi, 'send'>,
  { namespace, node }: NodePodRequest,
  manifest: NodePodManifest,
) {
  const sent = { body: manifest, timeoutMs: createTimeoutMs };
  return api.send<Pod>('POST', podsPath(namespace), sent).catch((error: unknown) => {
    throw explainNodePod(namespace, node, withNodeRole(namespace, error));
  });
}

/** Its own addresses from the node, else as its pod has them: it is in the node's network. */
function addressesOf(node: Node | undefined, pod: Pod): readonly string[] {
  const own = (node?.status?.addresses ?? []).map(({ address }) => address);
  const { podIP, podIPs = [], hostIP } = pod.status ?? {};
  const all = [...own, ...podIPs.map(({ ip }) => ip), podIP ?? '', hostIP ?? ''];
  return [...new Set(all.filter((address) => isIP(address) !== 0))];
}

/** What only reads may be left at once. */
function unlessAborted<T>(signal: AbortSignal | undefined, node: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(interrupted(node));
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal?.removeEventListener('abort', stop));
  });
}

function interrupted(node: string): NetdebugError {
  return new NetdebugError(`Interrupted while a debug pod on node ${node} was starting.`, {
    exitCode: ExitCode.interrupted,
  });
}
