import { ExitCode, NetdebugError } from '../../errors.js';
import type { Pod, ServicePort } from '../../kube/types.js';
import { inOrderOfChoice, isFinished, isReady } from '../../target/pods.js';
import { parseAddress } from '../policy/address.js';
import { protocolOf } from '../policy/compile-namespaced.js';
import type { End } from '../policy/end.js';
import type { Protocol } from '../policy/objects.js';
import { itemsOf } from '../reading.js';
import { hasLabels } from '../snapshot/templates.js';
import type { SnapshotService } from '../snapshot/types.js';
import type { Scene } from './party.js';
import { podAt } from './party.js';
import { podPort } from './port.js';

/** Where connections to a Service end. */
export interface Endpoint {
  readonly end: End;
  readonly protocol: Protocol;
  readonly port: number;
}

/**
 * The endpoints behind one port of a Service, after its address was replaced by theirs: from its EndpointSlices, else from its
 * selector. Ready ones; all of them when none is. A headless Service replaces nothing: the port stays what was asked for.
 * Throws a NetdebugError, exit 6: no such port, no endpoints, or a targetPort that no pod has; exit 3: they could not be read.
 */
export function endpointsOf(
  scene: Scene,
  service: SnapshotService,
  asked: { readonly port?: number | string; readonly protocol: Protocol },
  shown: string,
): readonly Endpoint[] {
  const port = servicePort(service, asked, shown);
  const headless = service.spec.clusterIP === 'None';
  const sliced = fromSlices(scene, service, port, headless ? port.port : undefined);
  const found = sliced ?? fromSelector(scene, service, port, headless);
  if (found.length > 0) return found;
  const { namespace } = service.metadata;
  const unread = [scene.snapshot.read('endpointslices', namespace), scene.snapshot.read('pods', namespace)];
  for (const reading of unread) {
    // Endpoints that nobody selects stand only in slices.
    if (reading.state === 'unknown')
      throw new NetdebugError(`whether ${shown} has endpoints is not known: ${reading.why}.`, {
        exitCode: ExitCode.undetermined,
        hint: 'Ask for the right, or name an endpoint by its address.',
      });
  }
  throw new NetdebugError(
    `${shown} has no endpoints for port ${port.port}: there is no connection to judge.`,
    {
      exitCode: ExitCode.target,
      hint: `Compare its selector with the labels of the pods, and targetPort ${port.targetPort ?? port.port} with their ports.`,
    },
  );
}

/** The port of a Service that is meant. Throws a NetdebugError, exit 6 or 2, that lists its ports. */
export function servicePort(
  service: SnapshotService,
  { port, protocol }: { readonly port?: number | string; readonly protocol: Protocol },
  shown: string,
): ServicePort {
  const ports = service.spec.ports ?? [];
  const listed = ports
    .map(
      (one) =>
        `${one.port}/${(one.protocol ?? 'TCP').toLowerCase()}${one.name === undefined ? '' : ` (${one.name})`}`,
    )
    .join(', ');
  const [only, another] = ports;
  if (port === undefined) {
    if (only !== undefined && another === undefined) return only;
    throw new NetdebugError(`${shown}: say which port, as in ${shown}:${only?.port ?? 80}.`, {
      exitCode: ExitCode.usage,
      hint: listed === '' ? undefined : `It has ${listed}.`,
    });
  }
  const found = ports.find(
    (one) => (one.port === port || one.name === port) && protocolOf(one.protocol) === protocol,
  );
  if (found !== undefined) return found;
  throw new NetdebugError(`${shown}: the Service has no such port.`, {
    exitCode: ExitCode.target,
    hint: listed === '' ? 'It has no ports at all.' : `It has ${listed}.`,
  });
}

/** Undefined when the Service has no slices in the snapshot, as in manifests. */
function fromSlices(
  scene: Scene,
  { metadata }: SnapshotService,
  port: ServicePort,
  headlessPort: number | undefined,
): Endpoint[] | undefined {
  const { snapshot, model } = scene;
  const slices = itemsOf(snapshot.read('endpointslices', metadata.namespace)).filter(
    (slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === metadata.name,
  );
  if (slices.length === 0) return undefined;
  const protocol = protocolOf(port.protocol) ?? 'TCP';
  const found = slices.flatMap((slice) => {
    const named = (slice.ports ?? []).find(
      (one) => (one.name ?? '') === (port.name ?? '') && protocolOf(one.protocol) === protocol,
    );
    const number = headlessPort ?? named?.port ?? undefined;
    if (number === undefined) return [];
    return (slice.endpoints ?? []).flatMap(({ addresses, conditions, targetRef }) => {
      const pod = podOfEndpoint(scene, targetRef, addresses[0]);
      const address = parseAddress(addresses[0] ?? '');
      const end = pod === undefined ? address && model.ends.address(address) : model.ends.pod(pod);
      // ready absent means ready. Source: discovery/v1 EndpointConditions.
      return end === undefined
        ? []
        : [{ end, protocol, port: number, ready: conditions?.ready !== false, name: nameOf(end) }];
    });
  });
  const distinct = [...new Map(found.map((one) => [`${one.name}:${one.port}`, one])).values()].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const ready = distinct.filter((one) => one.ready);
  return (ready.length > 0 ? ready : distinct).map(({ end, protocol: of, port: number }) => ({
    end,
    protocol: of,
    port: number,
  }));
}

function podOfEndpoint(
  scene: Scene,
  target: { readonly kind?: string; readonly namespace?: string; readonly name?: string } | null | undefined,
  address: string | undefined,
): Pod | undefined {
  if (target?.kind === 'Pod') {
    const pods = itemsOf(scene.snapshot.read('pods', target.namespace));
    return pods.find(
      ({ metadata }) => metadata.name === target.name && metadata.namespace === target.namespace,
    );
  }
  return address === undefined ? undefined : podAt(scene, address);
}

function fromSelector(
  { snapshot, model }: Scene,
  { metadata, spec }: SnapshotService,
  port: ServicePort,
  headless: boolean,
): Endpoint[] {
  const pods = inOrderOfChoice(itemsOf(snapshot.read('pods', metadata.namespace))).filter(
    (pod) => hasLabels(pod, spec.selector) && !isFinished(pod),
  );
  const ready = pods.filter(isReady);
  const protocol = protocolOf(port.protocol) ?? 'TCP';
  return (ready.length > 0 ? ready : pods).flatMap((pod) => {
    const end = model.ends.pod(pod);
    const number = headless ? port.port : podPort(end, port.targetPort ?? port.port, protocol);
    return number === undefined ? [] : [{ end, protocol, port: number }];
  });
}

function nameOf(end: End): string {
  return end.kind === 'pod' ? end.name : (end.address?.text ?? '');
}
