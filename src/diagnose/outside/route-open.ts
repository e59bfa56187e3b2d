import { Tri } from '../policy/tri.js';
import type { ReadObjects } from '../snapshot/types.js';
import { granted } from './attach.js';
import type { RouteWay, Way } from './facts.js';
import { says, statusOfParent, told } from './gateway-status.js';

/** What could not be read may stand against a way through a route: labels of namespaces, or grants, where no status settles it. */
export function isRouteOpen(read: ReadObjects, { parent, route, routeKind, backend }: RouteWay): boolean {
  const conditions = parent === undefined ? undefined : statusOfParent(route, parent);
  const settled = (type: string): boolean => says(told(conditions, type, route.metadata.generation), 'True');
  const attached = (parent?.attachments ?? []).filter(({ misses }) => misses === undefined);
  if (attached.length > 0 && attached.every(({ unsure }) => unsure === true) && !settled('Accepted'))
    return true;
  const namespace = route.metadata.namespace ?? '';
  if (backend === undefined || backend.kind !== undefined || backend.namespace === namespace) return false;
  const from = { group: 'gateway.networking.k8s.io', kind: routeKind, namespace };
  const to = { group: '', kind: 'Service', namespace: backend.namespace, name: backend.name };
  return granted(read, from, to) === Tri.unknown && !settled('ResolvedRefs');
}

/** Whether the Gateway answers by itself: a rule that redirects has no backend, and needs none. */
export function answersItself(way: Way | undefined): boolean {
  if (way?.kind !== 'route' || way.declared !== undefined) return false;
  return (way.route.spec?.rules?.[way.rule]?.filters ?? []).some(({ type }) => type === 'RequestRedirect');
}
