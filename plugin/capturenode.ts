import { nodeSource, ownStreamsOf } from '../src/capture/node-streams.js';
import type { CapturePlan } from '../src/capture/plan.js';
import type { CaptureSource } from '../src/capture/source.js';
import { openNodeSession, type NodeSession } from './node.js';
import type { SessionContext } from './context.js';

/** What is captured in the network of a node, and the debug pod that it is captured from. */
export interface NodeSources {
  readonly session: NodeSession;
  /** One for each plan. */
  readonly sources: readonly CaptureSource[];
}

/**
 * Starts the debug pod of a node and finds out which packets would be those of the capture itself: only the pod can tell all of
 * them, so the filter is known when it runs. Rejects with a NetdebugError.
 */
export async function openNodeSources(
  context: SessionContext,
  node: string,
  plans: readonly CapturePlan[],
): Promise<NodeSources> {
  const { api, environment } = context;
  const session = await openNodeSession(context, api.namespace, node, 'raw');
  const { clock, signal } = environment;
  const streams = await ownStreamsOf(api, session.pod, { run: session.run, clock, signal });
  return { session, sources: plans.map((plan) => nodeSource(node, plan, streams)) };
}
