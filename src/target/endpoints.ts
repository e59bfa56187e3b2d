import { isIP } from 'node:net';
import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { resourcePath } from '../kube/paths.js';
import { isApiError } from '../kube/status.js';
import type { KubeObject, Service, ServicePort } from '../kube/types.js';
import { formatReference, type ObjectReference } from './reference.js';
import { readReference } from './resolve.js';

/** discovery.k8s.io/v1 EndpointSlice, the fields that say where a Service leads to. */
interface EndpointSlice extends KubeObject {
  readonly addressType?: string;
  readonly endpoints?:
    | readonly {
        readonly addresses?: readonly string[];
        readonly conditions?: { readonly ready?: boolean | null };
        readonly nodeName?: string;
        readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
      }[]
    | null;
  readonly ports?:
    readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[] | null;
}

/** One address behind a Service. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  /** Whether the Service sends anything there. */
  readonly ready: boolean;
  /** `pod shop/web-0`; the address where no object is named. */
  readonly label: string;
  readonly node: string | undefined;
}

/** A Service's own addresses and what is behind them. */
export interface ServiceEndpoints {
  /** `service/api:80` */
  readonly shown: string;
  /** The DNS name of an ExternalName Service. */
  readonly externalName: string | undefined;
  /** Empty for a headless Service. */
  readonly clusterIPs: readonly string[];
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** Undefined when the EndpointSlices may not be read. */
  readonly endpoints: readonly Endpoint[] | undefined;
}

type Api = Pick<KubeApi, 'get' | 'list'>;

/**
 * The addresses of a Service's port and those behind it, as kube-proxy reads them: all EndpointSlices with its label.
 * Rejects with a NetdebugError: no such Service or port (6), no port named and more than one there (2).
 */
export async function serviceEndpoints(
  api: Api,
  reference: ObjectReference,
  defaultNamespace: string,
  family?: 4 | 6,
): Promise<ServiceEndpoints> {
  const shown = formatReference(reference);
  const namespace = reference.namespace ?? defaultNamespace;
  const service = await readReference<Service>(api, reference, namespace);
  const { type, externalName, clusterIP, clusterIPs } = service.spec;
  const port = choosePort(service, reference, shown);
  const protocol = protocolOf(port.protocol);
  const common = { shown, port: port.port, protocol };
  if (type === 'ExternalName') return { ...common, externalName, clusterIPs: [], endpoints: [] };
  const own = (clusterIPs ?? [clusterIP ?? '']).filter((ip) => isIP(ip) !== 0 && fits(ip, family));
  const endpoints = await readEndpoints(api, namespace, reference.name, port, family);
  return { ...common, externalName: undefined, clusterIPs: own, endpoints };
}

async function readEndpoints(
  api: Api,
  namespace: string,
  service: string,
  port: ServicePort,
  family: 4 | 6 | undefined,
): Promise<Endpoint[] | undefined> {
  const path = resourcePath({ group: 'discovery.k8s.io', resource: 'endpointslices', namespace });
  const labelSelector = `kubernetes.io/service-name=${service}`;
  try {
    const { items } = await api.list<EndpointSlice>(path, { labelSelector });
    const all = items.flatMap((slice) => endpointsOf(slice, namespace, port));
    const known = new Map(all.map((one) => [`${one.address} ${one.port}`, one]));
    return [...known.values()]
      .filter(({ address }) => fits(address, family))
      .sort((a, b) => a.label.localeCompare(b.label) || a.address.localeCompare(b.address));
  } catch (error) {
    // What may not be read is unknown, not absent.
    if (isApiError(error, 403)) return undefined;
    throw error;
  }
}

function endpointsOf(slice: EndpointSlice, namespace: string, port: ServicePort): Endpoint[] {
  const mine = (slice.ports ?? []).find(
    (one) => (one.name ?? '') === (port.name ?? '') && protocolOf(one.protocol) === protocolOf(port.protocol),
  );
  const number = mine?.port;
  if (number === undefined) return [];
  return (slice.endpoints ?? []).flatMap(({ addresses, conditions, nodeName, targetRef }) =>
    (addresses ?? []).map((address) => ({
      address,
      port: number,
      ready: conditions?.ready !== false,
      label:
        targetRef?.name === undefined
          ? address
          : `${(targetRef.kind ?? 'Pod').toLowerCase()} ${targetRef.namespace ?? namespace}/${targetRef.name}`,
      node: nodeName,
    })),
  );
}

function choosePort(service: Service, reference: ObjectReference, shown: string): ServicePort {
  const ports = service.spec.ports ?? [];
  const list = ports
    .map((one) => `${one.port}/${protocolOf(one.protocol)}${one.name === undefined ? '' : ` (${one.name})`}`)
    .join(', ');
  const hint = ports.length === 0 ? 'It has no ports at all.' : `It has ${list}.`;
  if (reference.port === undefined) {
    const [only, second] = ports;
    if (only !== undefined && second === undefined) return only;
    throw new NetdebugError(`${shown} needs a port, as in ${shown}:${only?.port ?? 80}.`, {
      exitCode: ExitCode.usage,
      hint,
    });
  }
  const named = ports.filter((one) => one.port === reference.port || one.name === reference.port);
  // TCP is what a reference says when it says nothing: the only port of that number is meant then.
  const found =
    named.find((one) => protocolOf(one.protocol) === reference.protocol) ??
    (reference.protocol === 'tcp' && named.length === 1 ? named[0] : undefined);
  if (found !== undefined) return found;
  throw new NetdebugError(`${shown}: the Service has no such port.`, { exitCode: ExitCode.target, hint });
}

function protocolOf(protocol: string | undefined): 'tcp' | 'udp' | 'sctp' {
  const word = (protocol ?? 'TCP').toLowerCase();
  return word === 'udp' || word === 'sctp' ? word : 'tcp';
}

function fits(address: string, family: 4 | 6 | undefined): boolean {
  return family === undefined || isIP(address) === family;
}
