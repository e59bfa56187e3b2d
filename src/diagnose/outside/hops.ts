import type { HopName } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { isManifest, readyCondition, systemNamespace } from '../model/pods.js';
import type { IngressWay, OutsideFacts, RouteWay, ServiceWay, Way } from './facts.js';
import { annotatedHosts } from './hosts.js';
import { clientKey } from './leg.js';
import { isRouteOpen } from './route-open.js';

/** One stretch of the way before the Service, and what the objects say of it where no finding does. */
export interface OutsideHop {
  readonly at: HopName;
  readonly what: string;
  readonly model: 'pass' | 'unknown';
}

/** The way from outside where it is part of the answer: a Service alone is asked about from inside, and what stands outside besides. */
function shownOutside({ outside, asked }: Facts): OutsideFacts | undefined {
  return outside?.target.kind !== 'Service' || asked.from !== undefined ? outside : undefined;
}

/** Who a way begins with: the client outside, though on its last part the controller connects. Undefined where nobody asked about the outside. */
export function outsideClient(facts: Facts): string | undefined {
  const outside = shownOutside(facts);
  return outside === undefined ? undefined : (outside.address ?? clientKey);
}

/**
 * The stretches from the client to what stands before the Service, in the order of the way. `source`: the pod of the controller that connects
 * to the backend.
 */
export function outsideHops(facts: Facts, source?: string): readonly OutsideHop[] {
  const outside = shownOutside(facts);
  if (outside === undefined) return [];
  const { way, url } = outside;
  const client: OutsideHop[] =
    outside.client === 'pod' ? [] : [{ at: 'client', what: outside.address ?? clientKey, model: 'pass' }];
  const name =
    url?.host ??
    (way?.kind === 'service' ? annotatedHosts(way.fronts[0]?.service.metadata ?? {})[0] : undefined) ??
    (way?.kind === 'ingress' ? way.host : way?.kind === 'route' ? way.hosts[0] : undefined);
  const record: OutsideHop[] = name === undefined ? [] : [{ at: 'name', what: name, model: 'pass' }];
  if (way === undefined)
    return [
      ...client,
      ...record,
      // Of a Gateway that no route leads on from, it is the last that is known.
      {
        at: outside.target.kind === 'Gateway' ? 'gateway' : 'route',
        what: targetText(outside),
        model: 'unknown',
      },
      ...(outside.target.kind === 'Gateway'
        ? [{ at: 'route', what: 'no route', model: 'unknown' } as const]
        : []),
    ];
  // Of a load balancer the address of its own is asked about, not those of nodes.
  const balanced = way.kind === 'service' && way.fronts[0]?.service.spec.type === 'LoadBalancer';
  const [entry] =
    outside.target.kind === 'Service' && balanced
      ? way.entries.filter(({ of }) => of !== 'nodePort')
      : way.entries;
  const address: OutsideHop = {
    at: 'address',
    what: entry === undefined ? 'no address' : `${entry.address}:${entry.port}`,
    model: entry === undefined || isRangeOpen(facts, way) ? 'unknown' : 'pass',
  };
  return [...client, ...record, address, ...before(facts, way, source)];
}

/** Whether kube-proxy opens node ports on this address could not be read. */
function isRangeOpen({ read }: Facts, { entries, fronts }: Way): boolean {
  return (
    entries.every(({ of }) => of === 'nodePort') &&
    fronts[0]?.service.spec.type === 'NodePort' &&
    read('configmaps', systemNamespace, 'kube-proxy').state === 'unknown'
  );
}

function before(
  facts: Facts,
  way: ServiceWay | IngressWay | RouteWay,
  source: string | undefined,
): OutsideHop[] {
  const by = source === undefined || source === clientKey ? '' : ` (${source})`;
  switch (way.kind) {
    case 'service':
      return [];
    case 'ingress': {
      const { namespace = '', name } = way.ingress.metadata;
      const answered = way.addresses.length > 0;
      return [
        {
          at: 'ingress-controller',
          what: `${way.class.name ?? 'no class'}${by}`,
          model: isOpen(facts, way) ? 'unknown' : controllerState(way, answered),
        },
        {
          at: 'route',
          what: `${namespace}/${name} ${way.path === undefined ? 'default backend' : `${way.host ?? ''}${way.path}`}`,
          model: way.sure ? 'pass' : 'unknown',
        },
      ];
    }
    case 'route': {
      const { namespace = '', name } = way.route.metadata;
      const gateway = way.parent?.gateway;
      const programmed = gateway?.status?.conditions?.find(({ type }) => type === 'Programmed');
      return [
        {
          at: 'gateway',
          what:
            gateway === undefined
              ? 'no Gateway'
              : `${gateway.metadata.namespace ?? ''}/${gateway.metadata.name}${by}`,
          model: controllerState(way, programmed?.status === 'True'),
        },
        {
          at: 'route',
          what: `${namespace}/${name} ${way.hosts[0] ?? ''}${way.match?.path?.value ?? (way.routeKind === 'HTTPRoute' ? '/' : '')}`.trimEnd(),
          model: way.sure && !isRouteOpen(facts.read, way) ? 'pass' : 'unknown',
        },
      ];
    }
  }
}

/** Classes, the pods of the controller or the Secret could not be read, and may well stand against it. */
function isOpen({ read, outside }: Facts, { class: own, controller, ingress, tls }: IngressWay): boolean {
  if (own.known === undefined || (controller.place === 'pods' && controller.pods === undefined)) return true;
  const { secretName } = tls ?? {};
  if (outside?.whole !== true || secretName === undefined || outside.url?.scheme === 'http') return false;
  return read('secrets', ingress.metadata.namespace, secretName).state === 'unknown';
}

/** Somebody answers for it: ready pods that are known, or a status that only a controller writes. */
function controllerState({ controller }: IngressWay | RouteWay, answered: boolean): 'pass' | 'unknown' {
  const works = controller.pods?.some((pod) => readyCondition(pod) || isManifest(pod)) === true;
  return works || answered ? 'pass' : 'unknown';
}

function targetText({ target }: OutsideFacts): string {
  return target.kind === 'Host' ? target.name : `${target.namespace}/${target.name}`;
}
