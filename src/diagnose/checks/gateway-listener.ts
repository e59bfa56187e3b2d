import { kubectl } from '../command.js';
import type { Finding, Fix } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { parentsOf } from '../outside/attach.js';
import type { RouteWay } from '../outside/facts.js';
import { allRoutes } from '../outside/gateway.js';
import { classOf, programmed, quote, says, statusOfParent, told } from '../outside/gateway-status.js';
import type { Gateway, GatewayListener } from '../snapshot/types-outside.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { certificateOf, type Trouble } from './gateway-certificate.js';
import { closing, gatewayAt, passes, pathOf, routeWaysOf } from './gateway-say.js';
import { unheard } from './gateway-unheard.js';
import { say } from './outside-say.js';

const routes = ['httproutes', 'grpcroutes', 'tlsroutes', 'tcproutes'] as const;

/** The listeners of a Gateway: in conflict, with a certificate that cannot be had, refused, or without the routes that name them. */
export const gatewayListener: Check = {
  name: 'gateway-listener',
  codes: ['ND653'],
  reads: [],
  mayRead: inputs(
    'cluster',
    'gatewayclasses',
    'secrets',
    'referencegrants',
    'gateways',
    'namespaces',
    ...routes,
  ),
  concerns: ({ outside }) => (outside?.gateways ?? []).length > 0 || outside?.url !== undefined,
  find: (facts) => [
    ...unheard(facts),
    ...(facts.outside?.gateways ?? []).flatMap((gateway) =>
      isServed(facts, gateway)
        ? listenersOf(facts, gateway).flatMap(({ listener, index }) => {
            const trouble =
              troubleOf(facts, gateway, listener, index) ?? unattached(facts, gateway, listener, index);
            return trouble === undefined ? [] : [finding(facts, gateway, listener, index, trouble)];
          })
        : [],
    ),
  ],
};

/** `listener infra/public/https`: what follows from one listener, and from no other. */
export function listenerKey(gateway: Gateway, { name }: GatewayListener): string {
  return `listener ${pathOf(gateway)}/${name}`;
}

/** The listeners of a Gateway in which something is wrong. */
export function brokenListeners(facts: Facts, gateway: Gateway): readonly GatewayListener[] {
  return (gateway.spec?.listeners ?? []).filter(
    (listener, index) => troubleOf(facts, gateway, listener, index) !== undefined,
  );
}

/** What the status of a Gateway says is of no weight where nobody serves its class. */
function isServed({ read, outside }: Facts, gateway: Gateway): boolean {
  const { state } = classOf(read, gateway, outside?.whole === true);
  return state === 'open' || (state === 'unread' && programmed(gateway).status !== 'none');
}

/** The listeners that the question is about: those that a way passes; all of them where the Gateway was asked for. */
function listenersOf(
  { outside }: Facts,
  gateway: Gateway,
): readonly { readonly listener: GatewayListener; readonly index: number }[] {
  const all = (gateway.spec?.listeners ?? []).map((listener, index) => ({ listener, index }));
  if (outside?.target.kind === 'Gateway') return all;
  return all.filter(({ listener }) =>
    routeWaysOf(outside).some((way) => way.parent?.gateway === gateway && uses(way, listener, outside?.url)),
  );
}

/** Whether a way enters by this listener, at the port of the URL where one was asked for. */
function uses(
  { parent }: RouteWay,
  listener: GatewayListener,
  url: { readonly port?: number | string } | undefined,
) {
  return (
    parent?.attachments.some((one) => one.listener === listener && one.misses === undefined) === true &&
    (typeof url?.port !== 'number' || url.port === listener.port)
  );
}

function troubleOf(
  facts: Facts,
  gateway: Gateway,
  listener: GatewayListener,
  index: number,
): Trouble | undefined {
  const { metadata, status } = gateway;
  const own = (status?.listeners ?? []).find(({ name }) => name === listener.name);
  const say = (type: string) => told(own?.conditions, type, metadata.generation);
  const [conflicted, resolved, accepted, carried] = [
    say('Conflicted'),
    say('ResolvedRefs'),
    say('Accepted'),
    say('Programmed'),
  ];
  const fix: Fix = {
    text: 'mend what the controller says of the listener',
    commands: [kubectl(metadata.namespace, 'describe', 'gateway', metadata.name)],
  };
  const field = `status.listeners[${(status?.listeners ?? []).findIndex((one) => one === own)}].conditions`;
  const byStatus = (type: string, one: typeof resolved, text: string, more?: Partial<Trouble>): Trouble => ({
    field,
    value: one.reason,
    text: `${text}${one.message === '' ? '' : `: ${one.message}`}`,
    proven: true,
    evidence: [fromApi(`gateway ${pathOf(gateway)}, listener ${listener.name}`, quote(type, one))],
    fix,
    ...more,
  });
  const rival = rivalOf(gateway, listener);
  if (
    says(conflicted, 'True') ||
    (conflicted.status === 'none' && own === undefined && rival !== undefined)
  ) {
    const with_ = rival === undefined ? 'another listener' : `listener ${rival.listener.name}`;
    const text = `is in conflict with ${with_} about ${conflicted.reason === 'HostnameConflict' || rival?.same === true ? `the host ${listener.hostname ?? 'that both leave open'} at port ${listener.port}` : `the protocol of port ${listener.port}`}`;
    const mend: Fix = {
      text: 'give one of the two another port or hostname, or take it out',
      commands: fix.commands,
    };
    if (conflicted.status === 'True') return byStatus('Conflicted', conflicted, text, { fix: mend });
    return {
      field: `spec.listeners[${index}].port`,
      value: String(listener.port),
      text,
      proven: false,
      evidence: [
        fromApi(
          `gateway ${pathOf(gateway)}`,
          `listeners ${listener.name} and ${rival?.listener.name ?? ''}: ${listener.protocol} and ${rival?.listener.protocol ?? ''} at port ${listener.port}`,
        ),
      ],
      fix: mend,
    };
  }
  const certificate = says(resolved, 'True') ? undefined : certificateOf(facts, gateway, listener, index);
  if (says(resolved, 'False')) {
    if (certificate !== undefined && resolved.reason !== 'InvalidRouteKinds')
      return {
        ...certificate,
        proven: true,
        evidence: [
          ...certificate.evidence,
          fromApi(`gateway ${pathOf(gateway)}, listener ${listener.name}`, quote('ResolvedRefs', resolved)),
        ],
      };
    const kinds = (listener.allowedRoutes?.kinds ?? []).map(({ kind }) => kind).join(', ');
    const texts: Readonly<Record<string, string>> = {
      InvalidCertificateRef: 'has a certificateRef that cannot be used',
      RefNotPermitted: 'has a certificateRef into another namespace that no ReferenceGrant permits',
      InvalidRouteKinds: `allows routes of a kind that does not go with ${listener.protocol} (${kinds})`,
    };
    return byStatus(
      'ResolvedRefs',
      resolved,
      texts[resolved.reason] ?? `has a reference that is not resolved (${resolved.reason})`,
      // The kinds that do go with it attach.
      { beside: resolved.reason === 'InvalidRouteKinds' && (own?.supportedKinds ?? []).length > 0 },
    );
  }
  if (certificate !== undefined) return certificate;
  if (says(accepted, 'False')) {
    const texts: Readonly<Record<string, string>> = {
      PortUnavailable: `cannot have port ${listener.port}`,
      UnsupportedProtocol: `asks for protocol ${listener.protocol}, which the controller does not support`,
    };
    return byStatus('Accepted', accepted, texts[accepted.reason] ?? `is not accepted (${accepted.reason})`);
  }
  // Of a Gateway that is not carried out at all another finding tells.
  if (says(carried, 'False') && says(programmed(gateway), 'True'))
    return byStatus(
      'Programmed',
      carried,
      `is not carried out (${carried.reason})`,
      carried.reason === 'Pending' ? { open: true } : {},
    );
  return undefined;
}

/** Another listener of the same port that cannot be beside this one. HTTPS and TLS are told apart by SNI. */
function rivalOf(
  { spec }: Gateway,
  listener: GatewayListener,
): { readonly listener: GatewayListener; readonly same: boolean } | undefined {
  const layer = ({ protocol }: GatewayListener): string => (protocol === 'UDP' ? 'UDP' : 'TCP');
  const kind = ({ protocol }: GatewayListener): string => (protocol === 'HTTPS' ? 'TLS' : protocol);
  const beside = (spec?.listeners ?? []).filter(
    (one) => one !== listener && one.port === listener.port && layer(one) === layer(listener),
  );
  const other = beside.find((one) => kind(one) !== kind(listener));
  const same = beside.find(
    (one) => kind(one) === kind(listener) && (one.hostname ?? '') === (listener.hostname ?? ''),
  );
  if (same !== undefined) return { listener: same, same: true };
  return other === undefined ? undefined : { listener: other, same: false };
}

/** No route hangs on it, says the controller, though one names it, fits, and is said to be accepted. */
function unattached(
  facts: Facts,
  gateway: Gateway,
  listener: GatewayListener,
  index: number,
): Trouble | undefined {
  const { read, outside } = facts;
  const own = (gateway.status?.listeners ?? []).findIndex(({ name }) => name === listener.name);
  const status = gateway.status?.listeners?.[own];
  const current = says(told(status?.conditions, 'Accepted', gateway.metadata.generation), 'True');
  if (outside?.whole !== true || status?.attachedRoutes !== 0 || !current) return undefined;
  const naming = allRoutes(read).filter(({ kind, route }) =>
    parentsOf(read, kind, route).some(
      (parent) =>
        parent.gateway === gateway &&
        parent.attachments.some(
          (one) => one.index === index && one.misses === undefined && one.unsure !== true,
        ) &&
        says(told(statusOfParent(route, parent), 'Accepted', route.metadata.generation), 'True'),
    ),
  );
  const [first] = naming;
  if (first === undefined) return undefined;
  return {
    field: `status.listeners[${own}].attachedRoutes`,
    value: '0',
    text: `has no route by its status, though ${naming.length === 1 ? '' : `${naming.length} routes, among them `}${first.kind} ${pathOf(first.route)} ${naming.length === 1 ? 'names it and is' : 'name it and are'} said to be accepted: the controller is behind`,
    proven: false,
    evidence: [fromApi(`gateway ${pathOf(gateway)}, listener ${listener.name}`, 'attachedRoutes: 0')],
    fix: {
      text: 'see what the controller logs about the route',
      commands: [kubectl(gateway.metadata.namespace, 'describe', 'gateway', gateway.metadata.name)],
    },
    open: true,
    touches: naming.map(({ kind, route }) => objectKey(kind, route.metadata)),
  };
}

function finding(
  facts: Facts,
  gateway: Gateway,
  listener: GatewayListener,
  index: number,
  trouble: Trouble,
): Finding {
  const { outside } = facts;
  const way = outside?.way;
  // Another listener may let the client in.
  const open = (one: GatewayListener, at: number): boolean =>
    troubleOf(facts, gateway, one, at) === undefined;
  const listeners = gateway.spec?.listeners ?? [];
  const others = listeners.some(
    (one, at) =>
      one !== listener && (way?.kind === 'route' ? uses(way, one, outside?.url) : true) && open(one, at),
  );
  const hit = way?.kind === 'route' ? uses(way, listener, outside?.url) : true;
  return say('ND653', `listener ${listener.name} of Gateway ${pathOf(gateway)} ${trouble.text}`, {
    confidence: trouble.proven ? 'proven' : trouble.open === true ? 'possible' : 'likely',
    object: gatewayAt(gateway, trouble.field, trouble.value),
    evidence: trouble.evidence,
    fix: trouble.fix,
    hop: 'gateway',
    touches: [listenerKey(gateway, listener), ...(trouble.touches ?? [])],
    ...closing(
      hit && !others && trouble.beside !== true && passes(facts, gateway),
      trouble.open === true ? 'unknown' : 'fail',
    ),
  });
}
