import { itemsOf } from '../reading.js';
import { snapshotKinds } from '../snapshot/kinds.js';
import type { SnapshotKind } from '../snapshot/types.js';
import { istioNamespace } from './config.js';
import type { AuthorizationPolicy } from './objects.js';
import { objectText } from './text.js';
import type { Gap, MeshFacts, MeshLink, MeshQuestion } from './types.js';

interface Need {
  readonly kind: SnapshotKind;
  readonly namespaces: readonly (string | undefined)[];
  readonly hides: readonly string[];
  readonly decides: boolean;
}

const names: Readonly<Record<string, string>> = { linkerd: 'Linkerd', kuma: 'Kuma', consul: 'Consul' };

/** What the question needed of a mesh and could not be had: objects that could not be read, meshes and waypoints that are not followed. */
export function gapsOf(
  { read, sources, endpoints, outside }: MeshQuestion,
  { config, members, host, waypoint }: Pick<MeshFacts, 'config' | 'members' | 'host' | 'waypoint'>,
  namespaces: ReadonlyMap<string, unknown>,
): readonly Gap[] {
  const root = config.rootNamespace;
  const isIn = (kind: string) => (one: { readonly key: string }) => members.get(one.key)?.kind === kind;
  const own = (ends: typeof sources) => [...new Set(ends.map(({ pod }) => pod?.metadata.namespace))];
  const servers = endpoints.filter((one) => isIn('sidecar')(one) || isIn('ambient')(one));
  const clients = sources.filter(isIn('sidecar'));
  const needs: Need[] = [];
  const need = (kind: SnapshotKind, where: Need['namespaces'], hides: readonly string[], decides = true) =>
    void needs.push({ kind, namespaces: [...new Set(where)], hides, decides });
  if (servers.length > 0 && sources.length > 0) {
    need('peerauthentications', [...own(servers), root], ['ND701', 'ND702']);
    need('authorizationpolicies', [...own(servers), root], ['ND706']);
  }
  if (clients.length > 0) {
    if (host !== undefined) {
      need('destinationrules', [...own(clients), host.namespace, root], ['ND702', 'ND705']);
      need('virtualservices', [...own(clients), host.namespace, root], ['ND705']);
    }
    need('sidecars', [...own(clients), root], ['ND707']);
    // A host that is no Service may be one of these, for a route as for a call.
    const routed = [...own(clients), host?.namespace].some(
      (namespace) => itemsOf(read('virtualservices', namespace)).length > 0,
    );
    if (outside || routed) need('serviceentries', [...own(clients), root], outside ? ['ND707'] : ['ND705']);
  }
  const found = needs.flatMap(({ kind, namespaces: where, hides, decides }) =>
    where.flatMap((namespace): Gap[] => {
      const reading = read(kind, namespace);
      if (reading.state !== 'unknown') return [];
      const code = reading.why.startsWith('forbidden') ? 'ND001' : 'ND002';
      return [
        {
          what: `${snapshotKinds[kind].resource} of ${namespace ?? ''}`,
          why: reading.why,
          code,
          hides,
          decides,
        },
      ];
    }),
  );
  const configuration = read('configmaps', istioNamespace, 'istio');
  if (configuration.state === 'unknown' && clients.length + servers.length > 0)
    found.push({
      what: 'configuration of the mesh (ConfigMap istio of istio-system)',
      why: `${configuration.why}; Istio's defaults are assumed`,
      ...(configuration.why.startsWith('forbidden') ? { code: 'ND001' } : {}),
      hides: ['ND707'],
      // Who calls is judged by the trust domain.
      decides: false,
    });
  return [
    ...found,
    ...foreign(members),
    ...through(waypoint, endpoints.some(isIn('ambient'))),
    ...unlabelled(members, sources, endpoints, namespaces),
  ];
}

function foreign(members: MeshFacts['members']): readonly Gap[] {
  return Object.entries(names).flatMap(([kind, name]) => {
    const pods = [...members]
      .filter(([, member]) => member.kind === kind)
      .map(([key]) => key.replace(/^pod /, ''));
    if (pods.length === 0) return [];
    const more = pods.length > 3 ? ` and ${pods.length - 3} more` : '';
    return [
      {
        what: `mesh ${name}`,
        why: `${pods.slice(0, 3).join(', ')}${more} ${pods.length === 1 ? 'has' : 'have'} its proxy; its policies and routes are not evaluated`,
        decides: false,
      },
    ];
  });
}

function through(waypoint: string | undefined, ambient: boolean): readonly Gap[] {
  if (waypoint === undefined || !ambient) return [];
  return [
    {
      what: `waypoint ${waypoint}`,
      why: 'connections pass it, and what it routes and denies is not evaluated',
      decides: false,
    },
  ];
}

/** Labels of a namespace say who is in the ambient mesh, and where injection is expected. */
function unlabelled(
  members: MeshFacts['members'],
  sources: MeshQuestion['sources'],
  endpoints: MeshQuestion['endpoints'],
  namespaces: ReadonlyMap<string, unknown>,
): readonly Gap[] {
  const missing = [...sources, ...endpoints].flatMap(({ key, pod }) => {
    const namespace = pod?.metadata.namespace;
    const open = namespace !== undefined && !namespaces.has(namespace) && members.get(key)?.kind === 'none';
    return open ? [namespace] : [];
  });
  return [...new Set(missing)].map((namespace) => ({
    what: `namespace ${namespace}`,
    why: 'its labels are not known, which say whether its pods belong to the mesh',
    hides: ['ND703'],
    decides: false,
  }));
}

/** AuthorizationPolicies that leave something open: what passes hangs on requests, on an external authorizer, or on who calls. */
export function openAuthorization(links: readonly MeshLink[]): readonly Gap[] {
  const gaps = new Map<string, Gap>();
  for (const { authorization, endpoint } of links) {
    if (authorization === undefined || authorization.decision === 'deny') continue;
    const say = (policy: AuthorizationPolicy, why: string): void => {
      const what = objectText('AuthorizationPolicy', policy);
      gaps.set(`${what} ${why}`, { what, why, decides: false });
    };
    for (const policy of authorization.requests)
      say(
        policy,
        `lets through to ${endpoint.text} what a request asks for (method, path, header, token), or not: no request was judged`,
      );
    for (const policy of authorization.custom)
      say(
        policy,
        `asks ${policy.spec?.provider?.name ?? 'an external authorizer'}, whose answer is not known`,
      );
    if (authorization.decision === 'unknown')
      for (const { policy } of authorization.by)
        say(policy, `hangs on who calls ${endpoint.text}, which is not known`);
  }
  return [...gaps.values()];
}
