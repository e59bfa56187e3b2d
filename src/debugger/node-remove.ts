import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { podPath } from '../kube/paths.js';
import { isApiError } from '../kube/status.js';
import { withNodeRole } from './node-refusal.js';

/** Where a debug pod of a node is. */
export interface NodePodAddress {
  readonly namespace: string;
  readonly pod: string;
  /** `metadata.uid`, where it is known: a pod of the same name that came later is left alone. */
  readonly uid?: string | undefined;
}

/** The person waits for this at the end, perhaps without a network. */
const removeTimeoutMs = 10_000;

/**
 * Deletes a debug pod of a node at once (no grace); one that is gone already is no failure. Tried again while the API server
 * does not answer. Rejects with a NetdebugError that says what stays and how to remove it.
 */
export async function removeNodePod(
  api: Pick<KubeApi, 'send'>,
  { namespace, pod, uid }: NodePodAddress,
): Promise<void> {
  try {
    await api.send('DELETE', podPath(namespace, pod), {
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        gracePeriodSeconds: 0,
        propagationPolicy: 'Background',
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      },
      retry: true,
      timeoutMs: removeTimeoutMs,
    });
  } catch (error) {
    // 409: another pod has the name by now.
    if (isApiError(error, 404) || isApiError(error, 409)) return;
    const told = withNodeRole(namespace, error);
    const why = told instanceof NetdebugError ? told : undefined;
    throw new NetdebugError(`The debug pod ${namespace}/${pod} could not be removed from its node.`, {
      exitCode: why?.exitCode ?? ExitCode.unreachable,
      details: why === undefined ? [] : [why.message, ...why.details],
      hint: `It ends by itself when its --ttl is over. To remove it: kubectl netdebug stop ${namespace}/pod/${pod}, or kubectl -n ${namespace} delete pod ${pod} --grace-period=0 --force`,
      cause: error,
    });
  }
}
