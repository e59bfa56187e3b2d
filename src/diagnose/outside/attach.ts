import type { Reading } from '../reading.js';
import { itemsOf } from '../reading.js';
import type { PolicyNamespace } from '../policy/objects.js';
import { compileSelector, matches } from '../policy/selector.js';
import { Tri } from '../policy/tri.js';
import type { ReadObjects } from '../snapshot/types.js';
import type { Gateway, GatewayListener, ParentReference, Route } from '../snapshot/types-outside.js';
import type { Attachment, Parent, RouteKind } from './facts.js';
import { commonHost } from './match.js';

const group = 'gateway.networking.k8s.io';

/** Protocols of listeners that take routes of a kind; protocols that no specification has are taken as they are. */
const protocols: Readonly<Record<string, readonly RouteKind[]>> = {
  HTTP: ['HTTPRoute', 'GRPCRoute'],
  HTTPS: ['HTTPRoute', 'GRPCRoute'],
  TLS: ['TLSRoute', 'TCPRoute'],
  TCP: ['TCPRoute'],
  UDP: [],
};

/** The parents of a route, each with the listeners of its Gateway: where it attaches, and what does not fit elsewhere. */
export function parentsOf(read: ReadObjects, kind: RouteKind, route: Route): readonly Parent[] {
  const home = route.metadata.namespace ?? '';
  return (route.spec?.parentRefs ?? []).map((ref, index): Parent => {
    const field = `spec.parentRefs[${index}]`;
    const foreign = (ref.kind ?? 'Gateway') !== 'Gateway' || (ref.group ?? group) !== group;
    const gateway = foreign
      ? undefined
      : itemsOf(read('gateways')).find(
          ({ metadata }) => metadata.name === ref.name && metadata.namespace === (ref.namespace ?? home),
        );
    const attachments = (gateway?.spec?.listeners ?? []).map((listener, at) =>
      attachment(read('namespaces'), kind, route, ref, gateway, listener, at),
    );
    return { ref, field, ...(gateway === undefined ? {} : { gateway }), foreign, attachments };
  });
}

function attachment(
  namespaces: Reading<PolicyNamespace>,
  kind: RouteKind,
  route: Route,
  ref: ParentReference,
  gateway: Gateway | undefined,
  listener: GatewayListener,
  index: number,
): Attachment {
  const miss = (misses: Attachment['misses'] & string): Attachment => ({
    listener,
    index,
    misses,
    hosts: [],
  });
  if (ref.sectionName != null && ref.sectionName !== listener.name) return miss('sectionName');
  if (ref.port != null && ref.port !== listener.port) return miss('port');
  if (protocols[listener.protocol]?.includes(kind) === false) return miss('protocol');
  const kinds = listener.allowedRoutes?.kinds ?? [];
  if (kinds.length > 0 && !kinds.some((one) => one.kind === kind && (one.group ?? group) === group))
    return miss('kind');
  const admitted = admits(
    namespaces,
    listener,
    gateway?.metadata.namespace ?? '',
    route.metadata.namespace ?? '',
  );
  if (admitted === Tri.no) return miss('namespace');
  const own = route.spec?.hostnames ?? [];
  // TCP has no host names.
  const hosts =
    kind === 'TCPRoute'
      ? [{}]
      : own.length === 0
        ? [commonHost(listener.hostname, undefined) ?? {}]
        : own.flatMap((host) => commonHost(listener.hostname, host) ?? []);
  if (hosts.length === 0) return miss('hostname');
  return {
    listener,
    index,
    ...(admitted === Tri.unknown ? { unsure: true } : {}),
    hosts: hosts.flatMap(({ host }: { readonly host?: string }) => (host === undefined ? [] : [host])),
  };
}

/** Whether a listener lets routes of this namespace attach. Default: those of the Gateway's own. */
function admits(
  namespaces: Reading<PolicyNamespace>,
  { allowedRoutes }: GatewayListener,
  gateway: string,
  route: string,
): Tri {
  const from = allowedRoutes?.namespaces?.from ?? 'Same';
  if (from === 'All') return Tri.yes;
  if (from === 'Same') return gateway === route ? Tri.yes : Tri.no;
  if (from !== 'Selector') return Tri.no;
  const found = itemsOf(namespaces).find(({ metadata }) => metadata.name === route);
  const labels = {
    // The API server puts this one on every namespace.
    labels: { ...found?.metadata.labels, 'kubernetes.io/metadata.name': route },
    complete: found !== undefined,
  };
  return matches(compileSelector(allowedRoutes?.namespaces?.selector ?? {}), labels);
}

/** Whether a ReferenceGrant lets `from` name an object of another namespace. Unknown where grants could not be read. */
export function granted(
  read: ReadObjects,
  from: { readonly group: string; readonly kind: string; readonly namespace: string },
  to: { readonly group: string; readonly kind: string; readonly namespace: string; readonly name: string },
): Tri {
  if (from.namespace === to.namespace) return Tri.yes;
  const grants = read('referencegrants', to.namespace);
  if (grants.state === 'unknown') return Tri.unknown;
  const allows = itemsOf(grants).some(
    ({ spec }) =>
      (spec?.from ?? []).some(
        (one) =>
          one.kind === from.kind && (one.group ?? '') === from.group && one.namespace === from.namespace,
      ) &&
      (spec?.to ?? []).some(
        (one) =>
          one.kind === to.kind &&
          (one.group ?? '') === to.group &&
          (one.name == null || one.name === '' || one.name === to.name),
      ),
  );
  return allows ? Tri.yes : Tri.no;
}
