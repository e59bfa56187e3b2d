import type { NativePolicy } from '../policy/objects.js';
import type { PluginBehaviour } from '../policy/plugin.js';
import { recognisePlugin } from '../policy/plugin.js';
import type { PolicyObjects } from '../policy/model.js';
import type { Reading } from '../reading.js';
import { itemsOf } from '../reading.js';
import { nativePolicyKinds, snapshotKinds } from '../snapshot/kinds.js';
import type { Snapshot } from '../snapshot/types.js';

/** Namespaces in which network plugins install themselves. */
export const pluginNamespaces = ['kube-system', 'calico-system', 'kube-flannel', 'cilium'] as const;

/** The objects of a snapshot that decide who may talk to whom. */
export function policyObjects(snapshot: Snapshot): PolicyObjects {
  return {
    namespaces: snapshot.read('namespaces'),
    nodes: snapshot.read('nodes'),
    networkPolicies: (namespace) => snapshot.read('networkpolicies', namespace),
    adminNetworkPolicies: snapshot.read('adminnetworkpolicies'),
    baselineAdminNetworkPolicies: snapshot.read('baselineadminnetworkpolicies'),
    clusterNetworkPolicies: snapshot.read('clusternetworkpolicies'),
    nativePolicies: nativePolicies(snapshot),
    plugin: pluginOf(snapshot),
  };
}

/** All kinds of native policies as one reading: unknown when one of them is, absent when all are. */
function nativePolicies(snapshot: Snapshot): Reading<NativePolicy> {
  const readings = nativePolicyKinds.map((name) => ({
    kind: snapshotKinds[name],
    reading: snapshot.read(name),
  }));
  const unknown = readings.find(({ reading }) => reading.state === 'unknown')?.reading;
  if (unknown?.state === 'unknown') return unknown;
  if (readings.every(({ reading }) => reading.state === 'absent')) return { state: 'absent' };
  const items = readings.flatMap(({ kind: { kind, group, namespaced }, reading }) =>
    itemsOf(reading).map(({ metadata: { name, namespace } }) => ({
      // Three groups have a NetworkPolicy of their own.
      kind: kind.startsWith('Cilium') ? kind : `${kind}.${group}`,
      ...(namespaced ? { namespace } : {}),
      name,
    })),
  );
  return { state: 'there', items };
}

function pluginOf(snapshot: Snapshot): PluginBehaviour {
  const names = pluginNamespaces.flatMap((namespace) => {
    const daemonSets = itemsOf(snapshot.read('daemonsets', namespace)).map(({ metadata }) => metadata.name);
    const owners = itemsOf(snapshot.read('pods', namespace)).flatMap(
      ({ metadata }) => metadata.ownerReferences ?? [],
    );
    return [...daemonSets, ...owners.filter(({ kind }) => kind === 'DaemonSet').map(({ name }) => name)];
  });
  return recognisePlugin(names);
}
