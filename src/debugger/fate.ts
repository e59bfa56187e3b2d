import type { KubeApi } from '../kube/api.js';
import { podPath } from '../kube/paths.js';
import { isApiError } from '../kube/status.js';
import { cleanText } from '../kube/text.js';
import type { Pod } from '../kube/types.js';

/** Looking is only for the words of a failure, which is not to wait for them. */
const lookTimeoutMs = 3_000;

/**
 * What became of a pod in which a tool ended before its time, as a clause; undefined when the pod is as it was, or cannot be read.
 * Never rejects.
 */
export async function podFate(
  api: Pick<KubeApi, 'get'>,
  { namespace, pod }: { readonly namespace: string; readonly pod: string },
): Promise<string | undefined> {
  const name = `pod ${namespace}/${pod}`;
  try {
    const { metadata, status } = await api.get<Pod>(podPath(namespace, pod), { timeoutMs: lookTimeoutMs });
    if (metadata.deletionTimestamp !== undefined) return `${name} is being deleted`;
    if (status?.phase !== 'Failed' && status?.phase !== 'Succeeded') return undefined;
    const reason = status.reason === undefined ? '' : `: ${cleanText(status.reason, 60)}`;
    return `${name} has finished (${status.phase}${reason})`;
  } catch (error) {
    return isApiError(error, 404) ? `${name} was deleted` : undefined;
  }
}
