import { parseAddress } from '../../../src/diagnose/policy/address.js';
import type { End } from '../../../src/diagnose/policy/end.js';
import type { PolicyModel, PolicyObjects } from '../../../src/diagnose/policy/model.js';
import { createModel } from '../../../src/diagnose/policy/model.js';
import type {
  ClusterPolicy,
  Meta,
  NativePolicy,
  NetworkPolicy,
  PolicyNamespace,
  PolicyNode,
  PolicyPod,
  Protocol,
} from '../../../src/diagnose/policy/objects.js';
import { recognisePlugin } from '../../../src/diagnose/policy/plugin.js';
import type { Flow } from '../../../src/diagnose/policy/verdict.js';
import type { Reading } from '../../../src/diagnose/reading.js';

/** An object of a scenario; without a kind it is a NetworkPolicy. */
export interface WorldObject {
  readonly kind?: string;
  readonly metadata?: Partial<Meta>;
}

/** A model of these objects, as they were all read; `gaps` replaces what was not. */
export function createWorld(
  objects: readonly WorldObject[],
  daemonSet?: string,
  gaps: Partial<PolicyObjects> = {},
): { readonly model: PolicyModel; readonly pods: ReadonlyMap<string, PolicyPod> } {
  const named = objects.map((object, index) => ({
    kind: 'NetworkPolicy',
    ...object,
    metadata: { name: `policy-${index}`, ...object.metadata },
  }));
  const all = <T>(kind: string): Reading<T> => ({
    state: 'there',
    items: named.filter((object) => object.kind === kind) as unknown as T[],
  });
  const policies = named.filter(({ kind }) => kind === 'NetworkPolicy') as unknown as NetworkPolicy[];
  const model = createModel({
    namespaces: all<PolicyNamespace>('Namespace'),
    nodes: all<PolicyNode>('Node'),
    networkPolicies: (namespace) => ({
      state: 'there',
      items: policies
        .map((policy) => ({ ...policy, metadata: { namespace: 'a', ...policy.metadata } }))
        .filter(({ metadata }) => metadata.namespace === namespace),
    }),
    adminNetworkPolicies: all<ClusterPolicy>('AdminNetworkPolicy'),
    baselineAdminNetworkPolicies: all<ClusterPolicy>('BaselineAdminNetworkPolicy'),
    clusterNetworkPolicies: all<ClusterPolicy>('ClusterNetworkPolicy'),
    nativePolicies: all<NativePolicy>('none'),
    plugin: recognisePlugin(daemonSet === undefined ? [] : [daemonSet]),
    ...gaps,
  });
  const pods = all<PolicyPod>('Pod');
  const byName = (pods.state === 'there' ? pods.items : []).map(
    (pod) => [`${pod.metadata.namespace ?? ''}/${pod.metadata.name}`, pod] as const,
  );
  return { model, pods: new Map(byName) };
}

/** One end by its name: NAMESPACE/POD, an address, outside, behind-node, or a host name. */
function endOf({ model, pods }: ReturnType<typeof createWorld>, text: string): End {
  const pod = pods.get(text);
  if (pod !== undefined) return model.ends.pod(pod);
  if (text.includes('/')) throw new Error(`no pod ${text}`);
  if (text === 'outside') return model.ends.outside();
  if (text === 'behind-node') return model.ends.behindNode();
  const address = parseAddress(text);
  return address === undefined ? model.ends.outside(text) : model.ends.address(address);
}

/** `FROM > TO PROTOCOL PORT` as a flow of the world. */
export function flowOf(world: ReturnType<typeof createWorld>, text: string): Flow {
  const [from = '', , to = '', protocol = '', port = ''] = text.split(' ');
  return {
    from: endOf(world, from),
    to: endOf(world, to),
    protocol: protocol as Protocol,
    port: Number(port),
  };
}
