import { isFinished } from '../../target/pods.js';
import type { Reading } from '../reading.js';
import { itemsOf } from '../reading.js';
import { hasLabels } from '../snapshot/templates.js';
import type { EndpointSlice, SnapshotPod, SnapshotService } from '../snapshot/types.js';
import { slicesOf } from './endpoints.js';
import type { DnsFacts } from './facts.js';
import { readyCondition, systemNamespace } from './pods.js';

/** The DNS Service of a cluster, by the label that every distribution keeps, else by the name that kubeadm gives it. */
export function dnsFacts(
  services: Reading<SnapshotService>,
  pods: Reading<SnapshotPod>,
  slices: Reading<EndpointSlice>,
): DnsFacts | undefined {
  const candidates = itemsOf(services).filter(
    ({ metadata, spec }) =>
      metadata.namespace === systemNamespace &&
      (spec.ports ?? []).some(({ port }) => port === 53) &&
      spec.clusterIP !== 'None',
  );
  const service =
    candidates.find(({ metadata }) => metadata.name === 'kube-dns') ??
    candidates.find(({ metadata }) => metadata.labels?.['k8s-app'] === 'kube-dns');
  if (service === undefined) return undefined;
  const behind = itemsOf(pods).filter(
    (pod) =>
      pod.metadata.namespace === systemNamespace && hasLabels(pod, service.spec.selector) && !isFinished(pod),
  );
  const own = slicesOf(service, slices);
  const addresses = own.flatMap((slice) =>
    (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false),
  );
  const ready =
    own.length > 0
      ? addresses.length
      : pods.state === 'there'
        ? behind.filter((pod) => readyCondition(pod)).length
        : undefined;
  return {
    service,
    addresses: [...new Set([service.spec.clusterIP ?? '', ...(service.spec.clusterIPs ?? [])])].filter(
      (address) => address !== '',
    ),
    pods: behind,
    ...(ready === undefined ? {} : { ready }),
  };
}

/** A name as the resolver of a pod would take it for that of a Service of the cluster. */
export interface ServiceHost {
  readonly name: string;
  readonly namespace: string;
  /** The name before that of the Service: one pod of a headless Service. */
  readonly pod?: string;
  /** What follows `svc`, e.g. `cluster.local`. */
  readonly zone?: string;
}

/**
 * Reads `api`, `api.shop`, `api.shop.svc`, `api.shop.svc.cluster.local`, `db-0.db`, `db-0.db.shop.svc`; `namespace` is that of the pod
 * that asks, whose search path completes short names. Undefined: none of these.
 * @param exists Whether there is such a Service, which tells `api.shop` from a name outside.
 */
export function serviceHost(
  host: string,
  namespace: string,
  exists: (name: string, namespace: string) => boolean,
): ServiceHost | undefined {
  const labels = host.toLowerCase().replace(/\.$/, '').split('.');
  const svc = labels.indexOf('svc');
  if (svc >= 2 && svc <= 3) {
    const [name = '', own = ''] = labels.slice(svc - 2, svc);
    const zone = labels.slice(svc + 1).join('.');
    const pod = svc === 3 ? labels[0] : undefined;
    return {
      name,
      namespace: own,
      ...(pod === undefined ? {} : { pod }),
      ...(zone === '' ? {} : { zone }),
    };
  }
  const [first = '', second = '', third] = labels;
  if (second === '') return { name: first, namespace };
  if (third === undefined && exists(first, second)) return { name: first, namespace: second };
  if (third === undefined && exists(second, namespace)) return { name: second, namespace, pod: first };
  if (third !== undefined && labels.length === 3 && exists(second, third))
    return { name: second, namespace: third, pod: first };
  return undefined;
}
