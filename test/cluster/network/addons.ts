/** What of the network is objects: DNS and kube-proxy in kube-system, the ingress controller in a namespace of its own. */
import { pathOf, type ApiClient, type ApiObject } from '../client.js';
import type { Manifest } from '../manifests.js';
import { dnsAddon } from './dns/addon.js';
import type { NetworkOptions } from './options.js';
import { ingressAddon } from './ingress/addon.js';
import { proxyAddon } from './proxy-addon.js';

/** The objects that these options ask for. */
export function addons({ dns = false, proxyPods = false, ingress = false }: NetworkOptions): Manifest[] {
  const objects = [
    ...(ingress ? ingressAddon() : []),
    ...(proxyPods ? proxyAddon() : []),
    ...(dns === false ? [] : dnsAddon(dns === true ? {} : dns)),
  ];
  return objects as Manifest[];
}

/** Waits until all pods of these workloads are ready. */
export async function untilAddons(api: ApiClient, objects: readonly Manifest[]): Promise<void> {
  const ready = ({ status, spec }: ApiObject): boolean => {
    const { numberReady, desiredNumberScheduled, readyReplicas } = (status ?? {}) as Record<string, number>;
    const { replicas } = spec as { replicas?: number };
    return replicas === undefined
      ? numberReady === desiredNumberScheduled && (numberReady ?? 0) > 0
      : (readyReplicas ?? 0) >= replicas;
  };
  await Promise.all(
    objects
      .filter(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet')
      .map(({ apiVersion, kind, metadata: { name, namespace = 'kube-system' } }) => {
        const own = `${pathOf(apiVersion, kind, namespace)}?fieldSelector=metadata.name%3D${name}`;
        return api.until(own, ready, 20_000, `${kind} ${name} ready`);
      }),
  );
}
