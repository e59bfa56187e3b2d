import type { KubeApi } from '../kube/api.js';
import { podsPath } from '../kube/paths.js';
import type { KubeObject, Pod, Service } from '../kube/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import { isFinished } from '../target/pods.js';
import { formatReference, type ObjectReference, type Reference } from '../target/reference.js';
import { readReference, resolvePods, serviceSelector } from '../target/resolve.js';
import type { PeerAddress } from './filter.js';

type Api = Pick<KubeApi, 'get' | 'list'>;
type Port = PeerAddress['port'];

interface NodeAddresses extends KubeObject {
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[] };
}

/**
 * Every address that a reference stands for: all pods of a workload; a Service's own addresses and those of all its pods, because
 * packets carry one or the other depending on where they are seen; a node's; or the host that was named. A port is translated to
 * the pods' own. Rejects with a NetdebugError: not there or without an address (6), nothing that packets go to (2).
 */
export async function peerAddresses(
  api: Api,
  reference: Reference,
  namespace: string,
): Promise<readonly PeerAddress[]> {
  const shown = formatReference(reference);
  switch (reference.type) {
    case 'external':
      throw usage('external is a client outside the cluster, of no address that is known.');
    case 'ip':
      return [{ host: reference.ip, port: numbered(reference, shown) }];
    case 'host':
    case 'url':
      return [{ host: reference.host.replace(/\.$/, ''), port: numbered(reference, shown) }];
    case 'object':
      return withAddress(await objectAddresses(api, reference, namespace, shown), shown);
  }
}

async function objectAddresses(
  api: Api,
  reference: ObjectReference,
  namespace: string,
  shown: string,
): Promise<readonly PeerAddress[]> {
  if (reference.kind === 'node') {
    const node = await readReference<NodeAddresses>(api, reference, namespace);
    const ips = (node.status?.addresses ?? []).filter(({ type }) => type.endsWith('IP'));
    return ips.map(({ address }) => ({ host: address, port: numbered(reference, shown) }));
  }
  if (reference.kind === 'service') return serviceAddresses(api, reference, namespace, shown);
  const { pods } = await resolvePods(api, { reference, namespace: reference.namespace ?? namespace });
  return pods.flatMap((pod) => podAddresses(pod, reference.port, reference.protocol, shown));
}

async function serviceAddresses(
  api: Api,
  reference: ObjectReference,
  defaultNamespace: string,
  shown: string,
): Promise<readonly PeerAddress[]> {
  const namespace = reference.namespace ?? defaultNamespace;
  const { protocol, port: wanted } = reference;
  const service = await readReference<Service>(api, reference, namespace);
  const { type, externalName, clusterIP = '', clusterIPs = [], ports = [], selector } = service.spec;
  if (type === 'ExternalName' && externalName !== undefined) {
    return [{ host: externalName, port: numbered(reference, shown) }];
  }
  const port =
    wanted === undefined
      ? undefined
      : ports.find(
          (one) =>
            (one.port === wanted || one.name === wanted) &&
            (one.protocol ?? 'TCP').toLowerCase() === protocol,
        );
  if (wanted !== undefined && port === undefined) {
    throw new NetdebugError(`${shown}: the Service has no such port.`, { exitCode: ExitCode.target });
  }
  const own = [...new Set([...clusterIPs, clusterIP])].filter((ip) => ip !== '' && ip !== 'None');
  const addresses = own.map((host) => ({ host, port: port && { number: port.port, protocol } }));
  if (selector === undefined || Object.keys(selector).length === 0) return addresses;
  const { items } = await api.list<Pod>(podsPath(namespace), {
    labelSelector: serviceSelector(service, shown),
  });
  const behind = port === undefined ? undefined : (port.targetPort ?? port.port);
  return [...addresses, ...items.flatMap((pod) => podAddresses(pod, behind, protocol, shown, 'skip'))];
}

/** @param otherwise What becomes of a pod that has no port of this name: an old pod behind a Service may not have it. */
function podAddresses(
  pod: Pod,
  port: number | string | undefined,
  protocol: NonNullable<Port>['protocol'],
  shown: string,
  otherwise: 'skip' | 'throw' = 'throw',
): readonly PeerAddress[] {
  // The address of a pod that has finished may be another's by now.
  if (isFinished(pod)) return [];
  const number =
    typeof port === 'string'
      ? pod.spec.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === port)
          ?.containerPort
      : port;
  if (port !== undefined && number === undefined) {
    if (otherwise === 'skip') return [];
    throw new NetdebugError(`${shown}: pod ${pod.metadata.name} has no port named ${port}.`, {
      exitCode: ExitCode.target,
    });
  }
  const ips = [...(pod.status?.podIPs ?? []).map(({ ip }) => ip), pod.status?.podIP ?? ''];
  return [...new Set(ips)]
    .filter((ip) => ip !== '')
    .map((host) => ({ host, port: number === undefined ? undefined : { number, protocol } }));
}

function withAddress(addresses: readonly PeerAddress[], shown: string): readonly PeerAddress[] {
  if (addresses.length > 0) return addresses;
  throw new NetdebugError(`${shown} has no address to filter by.`, {
    exitCode: ExitCode.target,
    hint: 'Its pods do not run yet, or have finished.',
  });
}

function numbered(reference: Exclude<Reference, { type: 'external' }>, shown: string): Port {
  const { port, protocol } = reference;
  if (port === undefined) return undefined;
  if (typeof port === 'string') throw usage(`${shown}: only a pod or a Service can have ports with names.`);
  // The port of a URL is part of what is meant, the one of http://host as well.
  return { number: port, protocol };
}

function usage(sentence: string): NetdebugError {
  return new NetdebugError(sentence, { exitCode: ExitCode.usage });
}
