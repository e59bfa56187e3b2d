import { explainNodePod } from '../debugger/node-refusal.js';
import { previewNodePod, type NodePodRequest } from '../debugger/node-open.js';
import type { KubeApi } from '../kube/api.js';
import { checkOfError } from './outcome.js';
import type { Check } from './types.js';

/** Lets the API server try the debug pod of a node (dryRun=All). Nothing is made. */
export async function checkNodeAdmission(
  api: Pick<KubeApi, 'get' | 'list' | 'send' | 'watch'>,
  request: NodePodRequest,
): Promise<Check> {
  const { namespace, node } = request;
  try {
    const { path, manifest } = await previewNodePod(api, request);
    const asked = { body: manifest, query: { dryRun: 'All' }, retry: true };
    await api.send('POST', path, asked).catch((error: unknown) => {
      throw explainNodePod(namespace, node, error);
    });
    return {
      id: 'admission',
      area: 'target',
      state: 'ok',
      message: `a debug pod on node ${node} is admitted in namespace ${namespace}`,
    };
  } catch (error) {
    return checkOfError(error, 'admission', 'target');
  }
}
