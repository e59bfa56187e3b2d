import { ExitCode, NetdebugError } from '../src/errors.js';
import type { KubeApi } from '../src/kube/api.js';
import type { Pod } from '../src/kube/types.js';
import { withCluster } from './cluster.js';
import type { Environment } from './environment.js';
import { unlessStopped } from './interrupt.js';
import type { DebugRequest } from './options/debug.js';
import type { KubeRequest } from './options/kube.js';
import type { OutputOptions } from './options/output.js';
import type { PodTarget } from './options/pod.js';
import { removingAtEnd } from './node.js';
import { createStatusLine, type StatusLine } from './print/statusline.js';
import type { PodAddress, SessionContext } from './context.js';

/** What every command that works in one pod was asked for. */
export interface PodCommandRequest {
  readonly kube: KubeRequest;
  readonly debug: DebugRequest;
  readonly output: OutputOptions;
  readonly target: PodTarget;
}

/** Connects, finds the pod that is meant, and does the task there. */
export function inPod(
  request: PodCommandRequest,
  environment: Environment,
  task: (context: SessionContext, at: PodAddress) => Promise<number>,
): Promise<number> {
  const { kube, debug, output, target } = request;
  const status = createStatusLine(environment, output.quiet);
  return withCluster(kube, environment, status, async (api) => {
    const context: SessionContext = { api, environment, status, output, debug, atEnd: [] };
    try {
      return await removingAtEnd(context.atEnd, () =>
        inChosenPod(api, target, status, environment.signal, (at) =>
          task(context, at).catch((error: unknown) => explained(api, at, error)),
        ),
      );
    } finally {
      // An error is printed under what was shown, not behind it.
      status.clear();
    }
  });
}

/** A result that is not whole is told with what became of the pod, if that explains it. Always throws. */
async function explained(api: KubeApi, at: PodAddress, error: unknown): Promise<never> {
  if (!(error instanceof NetdebugError) || error.exitCode !== ExitCode.incomplete) throw error;
  // The pod of a node is ours, and removed in a moment.
  if (at.node !== undefined) throw error;
  const { podFate } = await import('../src/debugger/fate.js');
  const fate = await podFate(api, at);
  if (fate === undefined) throw error;
  const { message, exitCode, details, hint, cause } = error;
  throw new NetdebugError(message, { exitCode, details: [...details, fate], hint, cause });
}

/** The pod that a target stands for; a choice is told on stderr. Rejects with a NetdebugError when there is none. */
async function choosePod(
  api: KubeApi,
  target: PodTarget,
  status: StatusLine,
  signal: AbortSignal,
): Promise<PodAddress> {
  const { resolvePods } = await import('../src/target/resolve.js');
  const { namespace } = api;
  const query =
    target.kind === 'reference'
      ? { reference: target.reference, namespace }
      : { labelSelector: target.selector, namespace: target.allNamespaces ? undefined : namespace };
  const { pods, choice } = await unlessStopped(signal, resolvePods(api, query));
  const [pod] = pods;
  if (pod === undefined) throw new TypeError('a target was resolved to no pods');
  if (choice !== undefined) status.note(choice);
  return addressOf(pod, namespace);
}

/**
 * Does something in the pod that is meant. A pod that was named is not looked up first, because whoever gets the debug container
 * reads it anyway; only when that fails it is, to say what may have been meant instead.
 */
async function inChosenPod<T>(
  api: KubeApi,
  target: PodTarget,
  status: StatusLine,
  signal: AbortSignal,
  task: (at: PodAddress) => Promise<T>,
): Promise<T> {
  if (target.kind === 'reference' && target.reference.kind === 'node') {
    const { name } = target.reference;
    return task({ namespace: api.namespace, pod: `node/${name}`, node: name });
  }
  if (target.kind !== 'reference' || target.reference.kind !== 'pod') {
    return task(await choosePod(api, target, status, signal));
  }
  const { reference } = target;
  try {
    return await task({ namespace: reference.namespace ?? api.namespace, pod: reference.name });
  } catch (error) {
    if (error instanceof NetdebugError && error.exitCode === ExitCode.target && !signal.aborted) {
      await choosePod(api, target, status, signal);
    }
    throw error;
  }
}

function addressOf(pod: Pod, namespace: string): PodAddress {
  return { namespace: pod.metadata.namespace ?? namespace, pod: pod.metadata.name };
}
