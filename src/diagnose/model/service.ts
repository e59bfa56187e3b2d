import { ExitCode, NetdebugError } from '../../errors.js';
import { isFinished } from '../../target/pods.js';
import type { ObjectReference } from '../../target/reference.js';
import type { Scene } from '../flows/party.js';
import { parseAddress } from '../policy/address.js';
import { protocolOf } from '../policy/compile-namespaced.js';
import type { Protocol } from '../policy/objects.js';
import { itemsOf } from '../reading.js';
import { hasLabels } from '../snapshot/templates.js';
import type { SnapshotService } from '../snapshot/types.js';
import { serviceHost } from './dns.js';
import { selectorEndpoints, sliceEndpoints, slicesOf } from './endpoints.js';
import type { ServiceFacts } from './facts.js';

/** The scene, and whether a flow is asked about (which needs a port) or only an object. */
export type Place = Scene & { readonly flow: boolean };

interface Asked {
  readonly port?: number | string;
  readonly protocol: Protocol;
}

/** A Service by reference or by DNS name. `name` is empty for a host that is none of this cluster. */
export function namedService(
  place: Place,
  by: ObjectReference | { readonly host: string; readonly home: string },
  asked: Asked,
  shown: string,
): ServiceFacts {
  const find = (name: string, namespace: string): SnapshotService | undefined =>
    itemsOf(place.snapshot.read('services', namespace)).find(({ metadata }) => metadata.name === name);
  const nothing = { selected: [], endpoints: [], sliced: false, byAddress: false };
  if ('host' in by) {
    const named = serviceHost(by.host, by.home, (name, namespace) => find(name, namespace) !== undefined);
    if (named === undefined || (!by.host.includes('.') && by.host === 'localhost'))
      return { ...nothing, namespace: '', name: '', host: by.host };
    const service = find(named.name, named.namespace);
    if (service !== undefined)
      return serviceFacts(place, service, asked, shown, { host: by.host, pod: named.pod });
    return { ...nothing, namespace: named.namespace, name: named.name, host: by.host };
  }
  const namespace = by.namespace ?? place.namespace;
  const service = find(by.name, namespace);
  if (service !== undefined) return serviceFacts(place, service, asked, shown, {});
  return { ...nothing, namespace, name: by.name };
}

/** The Service that has this address, among all that were read. */
export function serviceByAddress(
  { snapshot }: Pick<Place, 'snapshot'>,
  ip: string,
): SnapshotService | undefined {
  const wanted = parseAddress(ip)?.value.toString();
  return itemsOf(snapshot.read('services')).find(({ spec }) =>
    [spec.clusterIP ?? '', ...(spec.clusterIPs ?? [])].some(
      (text) => parseAddress(text)?.value.toString() === wanted,
    ),
  );
}

/**
 * A Service, the port that is meant and what stands behind it. Throws a NetdebugError, exit 2, when a flow to one of several ports is
 * asked about without saying which.
 */
export function serviceFacts(
  { snapshot, model, flow }: Place,
  object: SnapshotService,
  asked: Asked,
  shown: string,
  by: { readonly host?: string; readonly pod?: string | undefined; readonly byAddress?: boolean },
): ServiceFacts {
  const { namespace = '', name } = object.metadata;
  const port = portOf(object, asked, shown, flow);
  const pods = itemsOf(snapshot.read('pods', namespace));
  const selected = pods.filter((pod) => hasLabels(pod, object.spec.selector) && !isFinished(pod));
  const slices = slicesOf(object, snapshot.read('endpointslices', namespace));
  const all =
    slices.length > 0
      ? sliceEndpoints(model, slices, pods, object, port)
      : selectorEndpoints(model, selected, object, port);
  return {
    namespace,
    name,
    object,
    ...(by.host === undefined ? {} : { host: by.host }),
    byAddress: by.byAddress === true,
    ...(port === undefined ? {} : { port }),
    selected,
    // A name of one pod of a headless Service means that pod.
    endpoints: by.pod === undefined ? all : all.filter(({ pod }) => pod?.metadata.name === by.pod),
    sliced: slices.length > 0,
  };
}

function portOf(
  { spec }: SnapshotService,
  { port, protocol }: Asked,
  shown: string,
  flow: boolean,
): ServiceFacts['port'] {
  const ports = spec.ports ?? [];
  if (port !== undefined) {
    const found = ports.find(
      (one) => (one.port === port || one.name === port) && protocolOf(one.protocol) === protocol,
    );
    // Names of a headless Service and an ExternalName lead to addresses, where any port can be dialled.
    const untranslated = spec.clusterIP === 'None' || spec.type === 'ExternalName';
    return found ?? (untranslated && typeof port === 'number' ? { port, protocol } : undefined);
  }
  if (ports.length === 1 || !flow) return ports.length === 1 ? ports[0] : undefined;
  const listed = ports
    .map((one) => `${one.port}${one.name === undefined ? '' : ` (${one.name})`}`)
    .join(', ');
  throw new NetdebugError(`${shown}: say which port, as in ${shown}:${ports[0]?.port ?? 80}.`, {
    exitCode: ExitCode.usage,
    hint: listed === '' ? undefined : `It has ${listed}.`,
  });
}
