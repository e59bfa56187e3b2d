import { nearNames } from '../../target/near.js';
import { kubectl, patchCommand, pointerTo } from '../command.js';
import type { Evidence, Finding, Fix } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { granted } from '../outside/attach.js';
import type { RouteWay } from '../outside/facts.js';
import { quote, says, statusOfParent, told, type Told } from '../outside/gateway-status.js';
import { Tri } from '../policy/tri.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { grantFix } from './gateway-grant.js';
import { clientsMeet, closing, pathOf, routeAt, routeWaysOf, waysToTell } from './gateway-say.js';
import { say } from './outside-say.js';

/** Backends of routes: that exist, with the port that is asked for, and that may be named from there. */
export const gatewayBackend: Check = {
  name: 'gateway-backend',
  codes: ['ND655'],
  reads: inputs('destination', 'services'),
  mayRead: inputs('cluster', 'services', 'referencegrants'),
  concerns: ({ outside }) => routeWaysOf(outside).some(({ declared }) => declared !== undefined),
  find: (facts) => {
    const ways = waysToTell(facts.outside).filter(({ declared }) => declared !== undefined);
    const found = ways.flatMap((way) => {
      const trouble = troubleOf(facts, way);
      return trouble === undefined ? [] : [{ way, trouble }];
    });
    const explained = new Set(found.map(({ way }) => way.route));
    return [
      ...found.map(({ way, trouble }) => finding(facts, way, trouble)),
      ...[...new Map(ways.map((way) => [way.route, way])).values()].flatMap((way) =>
        explained.has(way.route) ? [] : unexplained(facts, way),
      ),
    ];
  },
};

interface Trouble {
  readonly field: string;
  readonly value: string;
  readonly text: string;
  readonly proven: boolean;
  readonly evidence: readonly Evidence[];
  readonly fix: Fix;
}

function resolvedOf({ route, parent }: RouteWay): Told {
  const conditions = parent === undefined ? undefined : statusOfParent(route, parent);
  return told(conditions, 'ResolvedRefs', route.metadata.generation);
}

function troubleOf(facts: Facts, way: RouteWay): Trouble | undefined {
  const { declared, backendField = '', route, routeKind } = way;
  if (declared === undefined || (declared.kind ?? 'Service') !== 'Service' || (declared.group ?? '') !== '')
    return undefined;
  const { read, outside } = facts;
  const home = route.metadata.namespace ?? '';
  const namespace = declared.namespace ?? home;
  const { name, port } = declared;
  const resolved = resolvedOf(way);
  const key = objectKey(routeKind, route.metadata);
  const quoted = says(resolved, 'False') ? [fromApi(key, quote('ResolvedRefs', resolved))] : [];
  const from = { group: 'gateway.networking.k8s.io', kind: routeKind, namespace: home };
  const to = { group: '', kind: 'Service', namespace, name };
  // Of manifests alone nobody knows what other namespaces hold; a controller that says all is resolved found its grant.
  const known = namespace === home || outside?.whole === true;
  if (!known) return undefined;
  if (granted(read, from, to) === Tri.no && !says(resolved, 'True'))
    return {
      field: `${backendField}.namespace`,
      value: namespace,
      text: `names Service ${namespace}/${name}, which no ReferenceGrant of namespace ${namespace} permits: ${clientsMeet(routeKind, 500)}`,
      proven: quoted.length > 0,
      evidence: [
        fromApi(key, `${backendField}: ${namespace}/${name}`),
        fromApi(`referencegrants of namespace ${namespace}`, 'none permits it'),
        ...quoted,
      ],
      fix: grantFix(from, to),
    };
  const reading = read('services', namespace);
  if (reading.state !== 'there') return undefined;
  const service = reading.items.find(({ metadata }) => metadata.name === name);
  const patch = (path: string, value: unknown): string[] => [
    patchCommand(routeKind.toLowerCase(), { namespace: home, name: route.metadata.name }, [
      {
        op: 'add',
        path: `${pointerTo(backendField)}/${path}`,
        value,
      },
    ]),
  ];
  if (service === undefined) {
    const here = reading.items.map(({ metadata }) => metadata.name);
    const [near] = nearNames(name, here);
    const elsewhere = itemsOf(read('services')).flatMap(({ metadata }) =>
      metadata.name === name && metadata.namespace !== namespace ? [metadata.namespace ?? ''] : [],
    );
    return {
      field: `${backendField}.name`,
      value: name,
      text: `names Service ${namespace}/${name}, which does not exist${elsewhere.length === 0 ? '' : ` (there is one in ${elsewhere.slice(0, 3).join(', ')})`}: ${clientsMeet(routeKind, 500)}`,
      // Of manifests alone it may be elsewhere.
      proven: outside?.whole === true,
      evidence: [
        fromApi(`services of namespace ${namespace}`, here.slice(0, 10).join(', ') || 'none'),
        ...quoted,
      ],
      fix: {
        text:
          near !== undefined
            ? `did you mean ${near}?`
            : elsewhere[0] !== undefined
              ? `name namespace ${elsewhere[0]} too, which needs a ReferenceGrant there`
              : 'create the Service, or correct the name',
        commands: near === undefined ? [kubectl(namespace, 'get', 'services')] : patch('name', near),
      },
    };
  }
  const ports = service.spec.ports ?? [];
  if (service.spec.type === 'ExternalName' || ports.some((one) => one.port === port)) return undefined;
  const list = ports.map((one) => `${one.port}${one.name === undefined ? '' : ` (${one.name})`}`).join(', ');
  const target = ports.find(({ targetPort }) => port != null && targetPort === port);
  const meant = target ?? (ports.length === 1 ? ports[0] : undefined);
  return {
    field: `${backendField}.port`,
    value: String(port ?? '(absent)'),
    text:
      port == null
        ? `names Service ${namespace}/${name} without a port, which it needs; the Service offers ${list || 'none'}`
        : `asks for port ${port} of Service ${namespace}/${name}: ${target === undefined ? '' : `${port} is the port of its pods; `}the Service offers ${list || 'none'}`,
    proven: true,
    evidence: [fromApi(`service ${namespace}/${name}`, `spec.ports: ${list || 'none'}`), ...quoted],
    fix: {
      text: meant === undefined ? 'name a port of the Service' : `name port ${meant.port} of the Service`,
      commands: meant === undefined ? [] : patch('port', meant.port),
    },
  };
}

function finding(facts: Facts, way: RouteWay, trouble: Trouble): Finding {
  const { routeKind, route, declared, key, backend } = way;
  const namespace = declared?.namespace ?? route.metadata.namespace ?? '';
  const own = facts.outside?.way;
  const closes = own?.kind === 'route' && own.key === key && backend !== undefined;
  return say('ND655', `${way.field} of ${routeKind} ${pathOf(route)} ${trouble.text}`, {
    confidence: trouble.proven ? 'proven' : 'likely',
    object: routeAt(routeKind, route, trouble.field, trouble.value),
    evidence: trouble.evidence,
    fix: trouble.fix,
    hop: 'route',
    touches: [objectKey(routeKind, route.metadata), `service ${namespace}/${declared?.name ?? ''}`],
    ...closing(closes),
  });
}

/** Reasons of `ResolvedRefs: False` in words. Source: RouteConditionReason of Gateway API. */
const words: Readonly<Record<string, string>> = {
  BackendNotFound: 'a backend does not exist',
  RefNotPermitted: 'a backend is in another namespace, and no ReferenceGrant there permits it',
  InvalidKind: 'a backend is of a kind that the controller does not take',
  UnsupportedProtocol: 'a backend asks for a protocol (appProtocol) that the controller does not support',
};

/** What the controller says and the objects do not show. */
function unexplained({ outside, read }: Facts, way: RouteWay): Finding[] {
  const resolved = resolvedOf(way);
  if (!says(resolved, 'False')) return [];
  const { routeKind, route } = way;
  const home = route.metadata.namespace ?? '';
  const backends = (route.spec?.rules ?? []).flatMap(({ backendRefs }) => backendRefs ?? []);
  const other = backends.filter(
    ({ kind, group }) => (kind ?? 'Service') !== 'Service' || (group ?? '') !== '',
  );
  const wishes = backends.flatMap(({ name, namespace, port }) =>
    itemsOf(read('services', namespace ?? home))
      .filter(({ metadata }) => metadata.name === name && metadata.namespace === (namespace ?? home))
      .flatMap(({ spec }) => (spec.ports ?? []).filter((one) => one.port === port && one.appProtocol != null))
      .map(({ appProtocol }) => `${name}:${port ?? ''} appProtocol ${appProtocol ?? ''}`),
  );
  const shown =
    resolved.reason === 'InvalidKind'
      ? other.map(({ kind, name }) => `${kind ?? ''} ${name}`)
      : resolved.reason === 'UnsupportedProtocol'
        ? wishes
        : [];
  const own = outside?.way;
  const single = backends.length === 1;
  return [
    say(
      'ND655',
      `a backend of ${routeKind} ${pathOf(route)} is not resolved: ${[words[resolved.reason] ?? resolved.reason, ...shown.slice(0, 3), resolved.message].filter((one) => one !== '').join('; ')}`,
      {
        confidence: 'proven',
        object: routeAt(routeKind, route, 'status.parents[].conditions', resolved.reason),
        evidence: [fromApi(objectKey(routeKind, route.metadata), quote('ResolvedRefs', resolved))],
        fix: {
          text:
            resolved.reason === 'UnsupportedProtocol'
              ? 'correct appProtocol of the port of the Service'
              : 'mend the backend that the controller names',
          commands: [kubectl(home, 'describe', routeKind.toLowerCase(), route.metadata.name)],
        },
        hop: 'route',
        touches: [objectKey(routeKind, route.metadata)],
        ...closing(own?.kind === 'route' && own.route === route, single ? 'fail' : 'unknown'),
      },
    ),
  ];
}
