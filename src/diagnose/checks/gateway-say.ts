import type { Culprit, Finding } from '../finding.js';
import { objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { OutsideFacts, RouteKind, RouteWay } from '../outside/facts.js';
import type { Gateway, Route } from '../snapshot/types-outside.js';

/** A Gateway as what is at fault. */
export function gatewayAt({ metadata }: Gateway, fieldPath: string, value?: string): Culprit {
  return {
    kind: 'Gateway',
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    fieldPath,
    ...(value === undefined ? {} : { value }),
  };
}

/** A route as what is at fault. */
export function routeAt(kind: RouteKind, { metadata }: Route, fieldPath: string, value?: string): Culprit {
  return {
    kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    fieldPath,
    ...(value === undefined ? {} : { value }),
  };
}

/** `infra/public` */
export function pathOf({
  metadata,
}: {
  readonly metadata: { readonly namespace?: string; readonly name: string };
}): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** Every way of the question that goes through a route. */
export function routeWaysOf(outside: OutsideFacts | undefined): readonly RouteWay[] {
  return (outside?.ways ?? []).filter((way) => way.kind === 'route');
}

/**
 * The ways that a leg tells of: its own, and in the first leg also those that have no leg of their own, e.g. because they lead to the
 * same backend or to none.
 */
export function waysToTell(outside: OutsideFacts | undefined): readonly RouteWay[] {
  const ways = routeWaysOf(outside);
  const own = outside?.way;
  const lead = ways.find(({ backend }) => backend !== undefined) ?? ways[0];
  return own === undefined || own.key === lead?.key ? ways : ways.filter(({ key }) => key === own.key);
}

/** The keys of a Gateway and of the Services before its pods: what follows from its trouble shares one of them. */
export function gatewayTouches({ outside }: Facts, gateway: Gateway): string[] {
  const fronts = routeWaysOf(outside)
    .filter(({ parent }) => parent?.gateway === gateway)
    .flatMap((way) => way.fronts.map(({ service }) => objectKey('service', service.metadata)));
  return [...new Set([objectKey('gateway', gateway.metadata), ...fronts])];
}

/** Whether this leg goes through this Gateway: what is wrong with it closes the leg. */
export function passes({ outside }: Facts, gateway: Gateway): boolean {
  const way = outside?.way;
  return way === undefined || (way.kind === 'route' && way.parent?.gateway === gateway);
}

/** What closes the leg, where it is one of those concerned; elsewhere it is a warning beside it. */
export function closing(
  closes: boolean,
  model: 'fail' | 'unknown' = 'fail',
): Pick<Finding, 'severity'> & Pick<Partial<Finding>, 'blocks'> {
  return closes
    ? { severity: model === 'fail' ? 'error' : 'warning', blocks: { model } }
    : { severity: 'warning' };
}

/** What clients meet where a rule leads nowhere. */
export function clientsMeet(kind: RouteKind, status: number): string {
  if (kind === 'GRPCRoute') return 'calls end with UNAVAILABLE';
  return kind === 'HTTPRoute' ? `clients get ${status}` : 'connections are closed';
}
