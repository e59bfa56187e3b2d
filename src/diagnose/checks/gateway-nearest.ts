import { nearNames } from '../../target/near.js';
import { kubectl, patchCommand, pointerTo } from '../command.js';
import type { Fix } from '../finding.js';
import type { Attachment, Parent, RouteKind } from '../outside/facts.js';
import { itemsOf } from '../reading.js';
import type { ReadObjects } from '../snapshot/types.js';
import type { Gateway, GatewayListener, Route } from '../snapshot/types-outside.js';
import { pathOf } from './gateway-say.js';

/** Misses in the order in which a route is looked at: what fails later came nearer. */
const order = ['sectionName', 'port', 'protocol', 'kind', 'namespace', 'hostname'] as const;

/** Why a route does not attach to any listener of a Gateway, by the one that came nearest. */
export interface Nearest {
  readonly attachment: Attachment;
  readonly misses: (typeof order)[number];
  /** `listener https, which came nearest, takes routes of ...` */
  readonly text: string;
  /** Where it stands, and what: in the Gateway, or in the route. */
  readonly excerpt: string;
  readonly fix: Fix;
}

/** What a controller's reason says of the miss: where it gives one, the nearest is looked for among these. */
const meant: Readonly<Record<string, readonly Nearest['misses'][]>> = {
  NotAllowedByListeners: ['namespace', 'kind', 'protocol'],
  NoMatchingListenerHostname: ['hostname'],
  NoMatchingParent: ['sectionName', 'port'],
};

/** The listener that came nearest to a route that attaches to none; undefined where it attaches to one, or there is none. */
export function nearestListener(
  read: ReadObjects,
  kind: RouteKind,
  route: Route,
  parent: Parent,
  reason: string,
): Nearest | undefined {
  const { gateway, attachments } = parent;
  if (gateway === undefined || attachments.some(({ misses }) => misses === undefined)) return undefined;
  const fits = ({ misses }: Attachment): number =>
    Number(misses !== undefined && meant[reason]?.includes(misses) === true);
  const [attachment] = attachments.toSorted((a, b) => fits(b) - fits(a) || rank(b) - rank(a));
  if (attachment?.misses === undefined) return undefined;
  const { misses, listener } = attachment;
  return { attachment, misses, ...wordsOf(read, kind, route, parent, gateway, attachment, listener, misses) };
}

function rank({ misses }: Attachment): number {
  return misses === undefined ? order.length : order.indexOf(misses);
}

function wordsOf(
  read: ReadObjects,
  kind: RouteKind,
  route: Route,
  { ref, field }: Parent,
  gateway: Gateway,
  { index }: Attachment,
  listener: GatewayListener,
  misses: Nearest['misses'],
): Pick<Nearest, 'text' | 'excerpt' | 'fix'> {
  const { namespace = '', name } = gateway.metadata;
  const home = route.metadata.namespace ?? '';
  const listeners = gateway.spec?.listeners ?? [];
  const near =
    listeners.length > 1
      ? `listener ${listener.name}, which comes nearest,`
      : `its listener ${listener.name}`;
  const at = `spec.listeners[${index}]`;
  const edit = [kubectl(namespace, 'edit', 'gateway', name)];
  const patchRoute = (path: string, value: unknown): string =>
    patchCommand(kind.toLowerCase(), { namespace: home, name: route.metadata.name }, [
      { op: 'replace', path, value },
    ]);
  const pointer = pointerTo(field);
  switch (misses) {
    case 'sectionName': {
      const names = listeners.map((one) => one.name);
      const [meant] = nearNames(ref.sectionName ?? '', names);
      return {
        text: `${field}.sectionName asks for listener ${ref.sectionName ?? ''}, and there are ${names.join(', ')}`,
        excerpt: `listeners: ${names.join(', ')}`,
        fix: {
          text: meant === undefined ? 'name a listener that there is' : `did you mean ${meant}?`,
          commands: meant === undefined ? [] : [patchRoute(`${pointer}/sectionName`, meant)],
        },
      };
    }
    case 'port': {
      const ports = [...new Set(listeners.map(({ port }) => port))];
      return {
        text: `${field}.port asks for a listener at port ${ref.port ?? ''}, and there are ${ports.join(', ')}`,
        excerpt: `ports of listeners: ${ports.join(', ')}`,
        fix: {
          text: 'name the port of a listener, or none',
          commands: ports.length === 1 ? [patchRoute(`${pointer}/port`, ports[0])] : [],
        },
      };
    }
    case 'protocol':
      return {
        text: `${near} speaks ${listener.protocol}, which takes no ${kind}`,
        excerpt: `${at}.protocol: ${listener.protocol}`,
        fix: {
          text: `add a listener whose protocol takes ${kind}, or make another kind of route`,
          commands: edit,
        },
      };
    case 'kind': {
      const kinds = (listener.allowedRoutes?.kinds ?? []).map((one) => one.kind).join(', ');
      return {
        text: `${near} takes routes of kind ${kinds} only`,
        excerpt: `${at}.allowedRoutes.kinds: ${kinds}`,
        fix: { text: `add ${kind} to ${at}.allowedRoutes.kinds`, commands: edit },
      };
    }
    case 'namespace':
      return ofNamespace(read, home, gateway, listener, index, near);
    case 'hostname': {
      const own = (route.spec?.hostnames ?? []).join(', ');
      return {
        text: `${near} is for ${listener.hostname ?? 'every host'}, and the route is for ${own}`,
        excerpt: `${at}.hostname: ${listener.hostname ?? '(absent)'}`,
        fix: {
          text: `give the route a hostname of ${listener.hostname ?? ''}, or the Gateway a listener for ${own}`,
          commands: edit,
        },
      };
    }
  }
}

function ofNamespace(
  read: ReadObjects,
  home: string,
  gateway: Gateway,
  { allowedRoutes }: GatewayListener,
  index: number,
  near: string,
): Pick<Nearest, 'text' | 'excerpt' | 'fix'> {
  const { namespace = '', name } = gateway.metadata;
  const at = `spec.listeners[${index}].allowedRoutes.namespaces`;
  const from = allowedRoutes?.namespaces?.from ?? 'Same';
  const admit = (value: unknown): string[] => [
    patchCommand('gateway', { namespace, name }, [
      { op: 'add', path: `/spec/listeners/${index}/allowedRoutes/namespaces`, value },
    ]),
  ];
  if (from === 'Same')
    return {
      text: `${near} takes routes of its own namespace ${namespace} only, and the route is in ${home}`,
      excerpt: `${at}.from: Same${allowedRoutes?.namespaces?.from == null ? ' (the default)' : ''}`,
      fix: {
        text: `let the listener take routes of namespace ${home}`,
        commands: admit({
          from: 'Selector',
          selector: { matchLabels: { 'kubernetes.io/metadata.name': home } },
        }),
      },
    };
  if (from !== 'Selector')
    return {
      text: `${near} takes routes of no namespace (from: ${from})`,
      excerpt: `${at}.from: ${from}`,
      fix: { text: 'name a listener that takes routes', commands: [] },
    };
  const { matchLabels = {}, matchExpressions } = allowedRoutes?.namespaces?.selector ?? {};
  const labels = Object.entries(matchLabels ?? {});
  const wanted = [
    ...labels.map(([key, value]) => `${key}=${value}`),
    ...(matchExpressions ?? []).map(
      ({ key, operator, values }) =>
        `${key} ${operator}${values == null || values.length === 0 ? '' : ` (${values.join(', ')})`}`,
    ),
  ].join(', ');
  // This one is the API server's own, and cannot be set.
  const named = [...labels.map(([key]) => key), ...(matchExpressions ?? []).map(({ key }) => key)].includes(
    'kubernetes.io/metadata.name',
  );
  const found = itemsOf(read('namespaces')).find(({ metadata }) => metadata.name === home);
  const has = Object.entries(found?.metadata.labels ?? {})
    .filter(([key]) => key !== 'kubernetes.io/metadata.name')
    .slice(0, 6)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
  return {
    text: `${near} takes routes of namespaces labelled ${wanted} only, and namespace ${home} has ${has === '' ? 'no such label' : has}`,
    excerpt: `${at}.selector: ${wanted}`,
    fix: {
      text: named
        ? `name namespace ${home} in the selector, where it is to have routes there`
        : 'label the namespace, where it is to have routes there; labels of the route itself do not count',
      commands: named
        ? [kubectl(namespace, 'edit', 'gateway', name)]
        : labels.length > 0 && (matchExpressions ?? []).length === 0
          ? [
              kubectl(
                undefined,
                'label',
                'namespace',
                home,
                ...labels.map(([key, value]) => `${key}=${value}`),
              ),
            ]
          : [kubectl(undefined, 'get', 'namespace', home, '--show-labels')],
    },
  };
}

/** `Gateway infra/public`, in messages. */
export function gatewayText(gateway: Gateway): string {
  return `Gateway ${pathOf(gateway)}`;
}
