import { isFinished } from '../../target/pods.js';
import { parseAddress } from '../policy/address.js';
import { protocolOf } from '../policy/compile-namespaced.js';
import type { PolicyModel } from '../policy/model.js';
import { objectKey } from '../finding.js';
import { podPort } from '../flows/port.js';
import type { Reading } from '../reading.js';
import { itemsOf } from '../reading.js';
import type { EndpointSlice, SnapshotPod, SnapshotService } from '../snapshot/types.js';
import type { Endpoint } from './facts.js';
import { addressesOf, isManifest, readyCondition } from './pods.js';

type ServicePort = NonNullable<SnapshotService['spec']['ports']>[number];

/** A pod as an endpoint on one of its own ports. */
export function podEndpoint(model: PolicyModel, pod: SnapshotPod, port: number | undefined): Endpoint {
  const [address] = addressesOf(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  return {
    key: objectKey('pod', pod.metadata),
    text: `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`,
    ...(address === undefined ? {} : { address }),
    pod,
    ...(pod.spec.nodeName === undefined ? {} : { node: pod.spec.nodeName }),
    // Nothing is known of a manifest: it is taken for the pod that it describes.
    ready: isManifest(pod) || (readyCondition(pod) && !terminating),
    serving: isManifest(pod) || readyCondition(pod),
    terminating,
    ...(port === undefined ? {} : { port }),
    end: model.ends.pod(pod),
  };
}

/** The slices of a Service. */
export function slicesOf(
  { metadata }: SnapshotService,
  reading: Reading<EndpointSlice>,
): readonly EndpointSlice[] {
  return itemsOf(reading).filter(
    (slice) =>
      slice.metadata.namespace === metadata.namespace &&
      slice.metadata.labels?.['kubernetes.io/service-name'] === metadata.name,
  );
}

/** The endpoints of one port by the slices of a Service, each address once. Without a port: on whatever port. */
export function sliceEndpoints(
  model: PolicyModel,
  slices: readonly EndpointSlice[],
  pods: readonly SnapshotPod[],
  service: SnapshotService,
  port: ServicePort | undefined,
): Endpoint[] {
  const headless = service.spec.clusterIP === 'None';
  const byName = new Map(pods.map((pod) => [`${pod.metadata.namespace ?? ''}/${pod.metadata.name}`, pod]));
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    const named = (slice.ports ?? []).find(
      (one) =>
        port !== undefined &&
        (one.name ?? '') === (port.name ?? '') &&
        protocolOf(one.protocol) === protocolOf(port.protocol),
    );
    const number = headless ? port?.port : (named?.port ?? undefined);
    if (port !== undefined && number === undefined) continue;
    for (const { addresses, conditions, targetRef, nodeName } of slice.endpoints ?? []) {
      const [address = ''] = addresses;
      const pod =
        targetRef?.kind === 'Pod'
          ? byName.get(`${targetRef.namespace ?? slice.metadata.namespace ?? ''}/${targetRef.name ?? ''}`)
          : undefined;
      const parsed = parseAddress(address);
      const end = pod === undefined ? parsed && model.ends.address(parsed) : model.ends.pod(pod);
      if (end === undefined) continue;
      const node = nodeName ?? pod?.spec.nodeName;
      const text = pod === undefined ? address : `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
      const key = pod === undefined ? `address ${address}` : objectKey('pod', pod.metadata);
      // Two families of one pod are one endpoint; the first that is ready stands for it.
      if (found.get(key)?.ready === true) continue;
      found.set(key, {
        key,
        text,
        address,
        ...(pod === undefined ? {} : { pod }),
        ...(node == null ? {} : { node }),
        // Absent means ready. Source: discovery/v1 EndpointConditions.
        ready: conditions?.ready !== false,
        serving: conditions?.serving ?? conditions?.ready !== false,
        terminating: conditions?.terminating === true,
        ...(number === undefined ? {} : { port: number }),
        end,
      });
    }
  }
  return [...found.values()].sort((a, b) => (a.text < b.text ? -1 : 1));
}

/** The endpoints that the selector of a Service would give, where there are no slices, as in manifests. */
export function selectorEndpoints(
  model: PolicyModel,
  selected: readonly SnapshotPod[],
  service: SnapshotService,
  port: ServicePort | undefined,
): Endpoint[] {
  const protocol = protocolOf(port?.protocol) ?? 'TCP';
  return selected
    .filter((pod) => !isFinished(pod))
    .flatMap((pod) => {
      if (port === undefined) return [podEndpoint(model, pod, undefined)];
      const end = model.ends.pod(pod);
      const number =
        service.spec.clusterIP === 'None' ? port.port : podPort(end, port.targetPort ?? port.port, protocol);
      return number === undefined ? [] : [{ ...podEndpoint(model, pod, number), end }];
    });
}

/** Those that kube-proxy sends new connections to: ready ones; where there are none, those that still serve while they end. */
export function usableEndpoints(
  endpoints: readonly Endpoint[],
  service: SnapshotService | undefined,
): readonly Endpoint[] {
  if (service?.spec.publishNotReadyAddresses === true) return endpoints;
  const ready = endpoints.filter((one) => one.ready);
  return ready.length > 0 ? ready : endpoints.filter((one) => one.serving && one.terminating);
}
