import type { NodePod, NodePodRequest } from '../src/debugger/node-open.js';
import type { Need } from '../src/debugger/types.js';
import { showDebugProgress } from './print/progress.js';
import type { DebugSession, Removal, SessionContext } from './context.js';

/** A running debug pod in the network of a node, and how tools are started in it. */
export interface NodeSession extends DebugSession {
  readonly pod: NodePod;
}

/**
 * Starts a debug pod in the network of a node, and shows on stderr what is waited for. Its removal is added to the context's
 * `atEnd` (see {@link removingAtEnd}). Rejects with a NetdebugError; nothing is left behind then.
 */
export async function openNodeSession(
  context: SessionContext,
  namespace: string,
  node: string,
  need: Need,
): Promise<NodeSession> {
  const { api, environment, status, output } = context;
  const { signal, clock } = environment;
  const [{ openNodePod }, { runTool }] = await Promise.all([
    import('../src/debugger/node-open.js'),
    import('../src/debugger/lifeline.js'),
  ]);
  const request = await nodePodRequest(context, namespace, node, need);
  const abandon = new AbortController();
  const opening = openNodePod(api, { ...request, signal: AbortSignal.any([signal, abandon.signal]) });
  // The command may be over before the pod runs: then its start is given up, and waited for.
  context.atEnd.push(async () => {
    abandon.abort();
    const pod = await opening.catch(() => undefined);
    await pod?.remove();
  });
  try {
    const pod = await opening;
    const { container } = pod;
    const { ttlSeconds } = request.options;
    if (output.verbose) for (const limit of container.limits) status.note(`note: ${limit}`);
    return {
      pod,
      container,
      run: (argv) => runTool(api, container, argv, { clock, ttlSeconds, signal }),
    };
  } finally {
    status.clear();
  }
}

/** What the flags ask for on this node. Rejects with a usage error when a profile file is wrong. */
export async function nodePodRequest(
  { environment, status, output, debug }: SessionContext,
  namespace: string,
  node: string,
  need: Need,
): Promise<NodePodRequest> {
  const { readDebugOptions } = await import('./options/profilefile.js');
  return {
    namespace,
    node,
    need,
    options: await readDebugOptions(debug, environment.cwd),
    onProgress: (progress) => showDebugProgress(status, progress, output.verbose),
    clock: environment.clock,
    random: environment.random,
    signal: environment.signal,
  };
}

/**
 * Does a task, then takes away what it put into the cluster, however it ended. What could not be removed is the error of a task that
 * went well, and is added to that of one that did not.
 */
export async function removingAtEnd<T>(removals: readonly Removal[], task: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await task();
  } catch (thrown) {
    if (removals.length === 0) throw thrown;
    const { afterRemoval } = await import('../src/debugger/node-open.js');
    let error: unknown = thrown;
    for (const removal of removals) error = await afterRemoval(removal, error);
    throw error;
  }
  const ended = await Promise.allSettled(removals.map((removal) => removal()));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  return result;
}
