import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { parentsOf } from '../outside/attach.js';
import { allRoutes } from '../outside/gateway.js';
import { gatewayHostMatches } from '../outside/match.js';
import { gatewayAt, pathOf } from './gateway-say.js';
import { say } from './outside-say.js';

/** A URL whose host a route serves, by Gateways none of whose listeners is at its port or speaks its scheme. */
export function unheard({ read, outside }: Facts): Finding[] {
  const { url } = outside ?? {};
  if (outside === undefined || url === undefined || outside.ways.length > 0 || outside.missed.length > 0)
    return [];
  const found = allRoutes(read)
    .filter(({ route }) => (route.spec?.hostnames ?? []).some((host) => gatewayHostMatches(host, url.host)))
    .flatMap(({ kind, route }) =>
      parentsOf(read, kind, route).flatMap(({ gateway, attachments }) => {
        const open = attachments.filter(({ misses }) => misses === undefined);
        return gateway === undefined || open.length === 0 ? [] : [{ kind, route, gateway, open }];
      }),
    );
  const [first] = found;
  if (first === undefined) return [];
  const { kind, route, gateway, open } = first;
  const list = open
    .map(({ listener }) => `${listener.name} (${listener.protocol} ${listener.port})`)
    .join(', ');
  const asked = `${url.scheme ?? url.host}${url.port === undefined ? '' : ` at port ${url.port}`}`;
  return [
    say(
      'ND653',
      `no listener of Gateway ${pathOf(gateway)} takes ${asked}: ${kind} ${pathOf(route)}, which serves ${url.host}, attaches to ${list}`,
      {
        // A load balancer before the Gateway may end TLS, or stand at another port.
        severity: 'warning',
        confidence: 'possible',
        object: gatewayAt(gateway, 'spec.listeners', list),
        evidence: [fromApi(`gateway ${pathOf(gateway)}`, `listeners of the route: ${list}`)],
        fix: {
          text: 'add a listener for it, or call one that is there',
          commands: [kubectl(gateway.metadata.namespace, 'edit', 'gateway', gateway.metadata.name)],
        },
        hop: 'route',
        touches: [objectKey('gateway', gateway.metadata), objectKey(kind, route.metadata)],
        blocks: { model: 'unknown' },
      },
    ),
  ];
}
