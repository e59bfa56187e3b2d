import type { KubeApi } from '../kube/api.js';
import { podsPath } from '../kube/paths.js';
import { isApiError } from '../kube/status.js';
import type { Pod } from '../kube/types.js';

/** What stands on the way between two pods besides themselves, by the labels that its own manifests give it. */
const infrastructure: readonly { readonly what: string; readonly labelSelector: string }[] = [
  { what: 'CoreDNS and node-local DNS', labelSelector: 'k8s-app in (kube-dns,coredns,node-local-dns)' },
  {
    what: 'ingress controllers',
    labelSelector:
      'app.kubernetes.io/name in (ingress-nginx,traefik,haproxy-ingress,kubernetes-ingress,kong,contour,envoy,envoy-gateway,nginx-gateway-fabric,cilium-envoy)',
  },
  { what: 'the mesh', labelSelector: 'istio in (ingressgateway,egressgateway,pilot,ztunnel)' },
];

export interface PathPods {
  readonly pods: readonly Pod[];
  /** What could not be looked for, and why. */
  readonly notRead: readonly string[];
}

/** The pods of CoreDNS, ingress controllers and meshes of the cluster. What may not be listed is named. */
export async function pathPods(api: Pick<KubeApi, 'list'>, signal: AbortSignal): Promise<PathPods> {
  const parts = await Promise.all(
    infrastructure.map(async ({ what, labelSelector }) => {
      try {
        return (await api.list<Pod>(podsPath(), { labelSelector, signal })).items;
      } catch (error) {
        // Who may not look into all namespaces may still look into the one where DNS is.
        if (!isApiError(error, 403)) throw error;
        return api
          .list<Pod>(podsPath('kube-system'), { labelSelector, signal })
          .then(({ items }) => items)
          .catch(() => `${what}: not allowed to list pods in all namespaces`);
      }
    }),
  );
  return {
    pods: parts.flatMap((part) => (typeof part === 'string' ? [] : part)),
    notRead: parts.filter((part) => typeof part === 'string'),
  };
}
