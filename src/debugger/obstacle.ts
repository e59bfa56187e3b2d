import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { resourcePath } from '../kube/paths.js';
import type { Pod } from '../kube/types.js';
import { nodeObstacle, notReady, podObstacle, type DebugNode } from './advice.js';

/** It is only for the words of a failure, which is not to wait for them. */
const lookTimeoutMs = 3_000;

/**
 * A debug container that did not start, told with what its node says: a virtual one, Windows, one that is not ready. The node is
 * read only now, so that what works costs no request more. Any other error, and any node that may not be read, changes nothing.
 */
export async function withObstacle(api: Pick<KubeApi, 'get'>, pod: Pod, error: unknown): Promise<unknown> {
  if (!(error instanceof NetdebugError) || error.exitCode !== ExitCode.container) return error;
  const { nodeName } = pod.spec;
  const node =
    nodeName === undefined
      ? undefined
      : await api
          .get<DebugNode>(resourcePath({ resource: 'nodes', name: nodeName }), { timeoutMs: lookTimeoutMs })
          .catch(() => undefined);
  const found = (node && (nodeObstacle(node) ?? notReady(node))) ?? podObstacle(pod);
  if (found === undefined) return error;
  return new NetdebugError(error.message, {
    exitCode: error.exitCode,
    details: [...error.details, found.what],
    hint: found.advice,
    cause: error,
  });
}
