import type { KubeList, Pod } from '../../src/kube/types.js';
import { withCluster } from '../cluster.js';
import type { Environment } from '../environment.js';
import type { KubeRequest } from '../options/kube.js';
import { createStatusLine } from '../print/statusline.js';
import type { Offer, OfferedPod } from './sentences.js';

/** Wireshark waits for the list when it starts. */
const limitMs = 5_000;
/** One page; who has more pods than this finds them by name. */
const pageSize = 500;

export interface OfferRequest {
  readonly kube: KubeRequest;
  readonly allNamespaces: boolean;
  /** More are not offered. */
  readonly mostPods: number;
}

/**
 * The running pods to be offered, by namespace and name, those of one namespace or of all. Never rejects, and never takes
 * longer than 5 s: what went wrong is told in the offer.
 */
export async function offerPods(request: OfferRequest, environment: Environment): Promise<Offer> {
  const { kube, allNamespaces, mostPods } = request;
  let context: string | undefined;
  const status = createStatusLine(environment, true);
  try {
    return await withCluster(kube, environment, status, async (api) => {
      ({ context } = api);
      const { podsPath } = await import('../../src/kube/paths.js');
      const { items, metadata } = await api.get<KubeList<Pod>>(
        podsPath(allNamespaces ? undefined : api.namespace),
        {
          query: { limit: pageSize, fieldSelector: 'status.phase=Running' },
          timeoutMs: limitMs,
          signal: AbortSignal.any([environment.signal, AbortSignal.timeout(limitMs)]),
        },
      );
      const pods = (items ?? []).map(offered).sort(inOrder);
      const more = pods.length - Math.min(pods.length, mostPods) + (metadata.remainingItemCount ?? 0);
      return { context, pods: pods.slice(0, mostPods), more, problem: undefined };
    });
  } catch (error) {
    const problem = error instanceof Error ? error.message : 'the pods cannot be read';
    return { context, pods: [], more: 0, problem };
  }
}

function offered({ metadata, spec }: Pod): OfferedPod {
  return { namespace: metadata.namespace ?? '', pod: metadata.name, node: spec.nodeName };
}

function inOrder(a: OfferedPod, b: OfferedPod): number {
  return a.namespace.localeCompare(b.namespace) || a.pod.localeCompare(b.pod);
}
