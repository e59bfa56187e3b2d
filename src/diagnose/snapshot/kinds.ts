import type { SnapshotKind } from './types.js';

/** How the API names a kind. */
export interface KindAddress {
  readonly kind: string;
  /** Empty for core. */
  readonly group: string;
  readonly version: string;
  /** Versions with the same fields, for clusters that do not serve `version` yet; the newest first. */
  readonly older?: readonly string[];
  /** As in the path; the name in a snapshot differs where two groups share one. */
  readonly resource: string;
  readonly namespaced: boolean;
  /** Comes with a CRD, so that a cluster may lack it. */
  readonly optional: boolean;
}

function core(kind: string, resource: string, namespaced = true): KindAddress {
  return { kind, group: '', version: 'v1', resource, namespaced, optional: false };
}

function builtIn(kind: string, group: string, resource: string): KindAddress {
  return { kind, group, version: 'v1', resource, namespaced: true, optional: false };
}

function custom(
  kind: string,
  group: string,
  version: string,
  resource: string,
  namespaced = false,
): KindAddress {
  return { kind, group, version, resource, namespaced, optional: true };
}

/** Kinds of Gateway API reach v1 one by one, so that a group with v1 may have some of them in an older version only. */
function gatewayApi(kind: string, resource: string, ...older: readonly string[]): KindAddress {
  const namespaced = kind !== 'GatewayClass';
  return { ...custom(kind, 'gateway.networking.k8s.io', 'v1', resource, namespaced), older };
}

/** v1 came with Istio 1.22. */
function istio(kind: string, group: 'security' | 'networking', resource: string): KindAddress {
  const older = group === 'security' ? ['v1beta1'] : ['v1beta1', 'v1alpha3'];
  return { ...custom(kind, `${group}.istio.io`, 'v1', resource, true), older };
}

/** Every kind that a snapshot can hold. */
export const snapshotKinds: Readonly<Record<SnapshotKind, KindAddress>> = {
  pods: core('Pod', 'pods'),
  namespaces: core('Namespace', 'namespaces', false),
  nodes: core('Node', 'nodes', false),
  services: core('Service', 'services'),
  endpointslices: builtIn('EndpointSlice', 'discovery.k8s.io', 'endpointslices'),
  deployments: builtIn('Deployment', 'apps', 'deployments'),
  statefulsets: builtIn('StatefulSet', 'apps', 'statefulsets'),
  daemonsets: builtIn('DaemonSet', 'apps', 'daemonsets'),
  replicasets: builtIn('ReplicaSet', 'apps', 'replicasets'),
  replicationcontrollers: core('ReplicationController', 'replicationcontrollers'),
  jobs: builtIn('Job', 'batch', 'jobs'),
  cronjobs: builtIn('CronJob', 'batch', 'cronjobs'),
  networkpolicies: builtIn('NetworkPolicy', 'networking.k8s.io', 'networkpolicies'),
  adminnetworkpolicies: custom(
    'AdminNetworkPolicy',
    'policy.networking.k8s.io',
    'v1alpha1',
    'adminnetworkpolicies',
  ),
  baselineadminnetworkpolicies: custom(
    'BaselineAdminNetworkPolicy',
    'policy.networking.k8s.io',
    'v1alpha1',
    'baselineadminnetworkpolicies',
  ),
  clusternetworkpolicies: custom(
    'ClusterNetworkPolicy',
    'policy.networking.k8s.io',
    'v1alpha2',
    'clusternetworkpolicies',
  ),
  ciliumnetworkpolicies: custom('CiliumNetworkPolicy', 'cilium.io', 'v2', 'ciliumnetworkpolicies', true),
  ciliumclusterwidenetworkpolicies: custom(
    'CiliumClusterwideNetworkPolicy',
    'cilium.io',
    'v2',
    'ciliumclusterwidenetworkpolicies',
  ),
  caliconetworkpolicies: custom('NetworkPolicy', 'crd.projectcalico.org', 'v1', 'networkpolicies', true),
  calicoglobalnetworkpolicies: custom(
    'GlobalNetworkPolicy',
    'crd.projectcalico.org',
    'v1',
    'globalnetworkpolicies',
  ),
  antreanetworkpolicies: custom('NetworkPolicy', 'crd.antrea.io', 'v1beta1', 'networkpolicies', true),
  antreaclusternetworkpolicies: custom(
    'ClusterNetworkPolicy',
    'crd.antrea.io',
    'v1beta1',
    'clusternetworkpolicies',
  ),
  events: core('Event', 'events'),
  configmaps: core('ConfigMap', 'configmaps'),
  ingresses: builtIn('Ingress', 'networking.k8s.io', 'ingresses'),
  ingressclasses: { ...builtIn('IngressClass', 'networking.k8s.io', 'ingressclasses'), namespaced: false },
  gatewayclasses: gatewayApi('GatewayClass', 'gatewayclasses', 'v1beta1'),
  gateways: gatewayApi('Gateway', 'gateways', 'v1beta1'),
  httproutes: gatewayApi('HTTPRoute', 'httproutes', 'v1beta1'),
  grpcroutes: gatewayApi('GRPCRoute', 'grpcroutes', 'v1alpha2'),
  tlsroutes: gatewayApi('TLSRoute', 'tlsroutes', 'v1alpha3', 'v1alpha2'),
  tcproutes: gatewayApi('TCPRoute', 'tcproutes', 'v1alpha2'),
  referencegrants: gatewayApi('ReferenceGrant', 'referencegrants', 'v1beta1', 'v1alpha2'),
  validatingwebhookconfigurations: {
    ...builtIn(
      'ValidatingWebhookConfiguration',
      'admissionregistration.k8s.io',
      'validatingwebhookconfigurations',
    ),
    namespaced: false,
  },
  secrets: core('Secret', 'secrets'),
  peerauthentications: istio('PeerAuthentication', 'security', 'peerauthentications'),
  authorizationpolicies: istio('AuthorizationPolicy', 'security', 'authorizationpolicies'),
  destinationrules: istio('DestinationRule', 'networking', 'destinationrules'),
  virtualservices: istio('VirtualService', 'networking', 'virtualservices'),
  sidecars: istio('Sidecar', 'networking', 'sidecars'),
  serviceentries: istio('ServiceEntry', 'networking', 'serviceentries'),
  mutatingwebhookconfigurations: {
    ...builtIn(
      'MutatingWebhookConfiguration',
      'admissionregistration.k8s.io',
      'mutatingwebhookconfigurations',
    ),
    namespaced: false,
  },
};

/** Kinds of policies that only one network plugin understands. */
export const nativePolicyKinds = [
  'ciliumnetworkpolicies',
  'ciliumclusterwidenetworkpolicies',
  'caliconetworkpolicies',
  'calicoglobalnetworkpolicies',
  'antreanetworkpolicies',
  'antreaclusternetworkpolicies',
] as const satisfies readonly SnapshotKind[];

/** Kinds that make pods. */
export const workloadKinds = [
  'deployments',
  'statefulsets',
  'daemonsets',
  'replicasets',
  'replicationcontrollers',
  'jobs',
  'cronjobs',
] as const satisfies readonly SnapshotKind[];

/** Every kind, in a fixed order. */
export const allSnapshotKinds = Object.keys(snapshotKinds) as readonly SnapshotKind[];

/** The kind of an object in a file, by its apiVersion and kind; undefined when a snapshot has no use for it. Any version of the group will do, except where versions are kinds of their own. */
export function snapshotKindOf(apiVersion: string, kind: string): SnapshotKind | undefined {
  const [group = '', version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return allSnapshotKinds.find((name) => {
    const known = snapshotKinds[name];
    if (known.kind !== kind || known.group !== group) return false;
    return !known.optional || group !== 'policy.networking.k8s.io' || known.version === version;
  });
}
