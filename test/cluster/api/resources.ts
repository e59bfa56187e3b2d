import { plural } from '../client.js';
import type { ResourceKey } from '../types.js';

export interface Subresource {
  readonly name: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

/** One resource as discovery names it. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly Subresource[];
  /** Fields that a fieldSelector may name, besides metadata.name and metadata.namespace. */
  readonly fields: readonly string[];
  /** Where its objects are stored; events are served in two groups and stored once. */
  readonly key: ResourceKey;
  /** A review: answered, not stored. */
  readonly review: boolean;
}

const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const readWrite = ['get', 'patch', 'update'];

interface Extras {
  readonly short?: readonly string[];
  readonly cluster?: boolean;
  readonly inAll?: boolean;
  readonly status?: boolean;
  readonly sub?: readonly Subresource[];
  readonly fields?: readonly string[];
  readonly verbs?: readonly string[];
  readonly review?: boolean;
  readonly key?: ResourceKey;
}

function type(group: string, resource: string, kind: string, extras: Extras = {}): ResourceType {
  const status = extras.status ? [{ name: 'status', kind, verbs: readWrite }] : [];
  return {
    group,
    version: 'v1',
    resource,
    kind,
    singular: kind.toLowerCase(),
    namespaced: !extras.cluster,
    verbs: extras.verbs ?? all,
    shortNames: extras.short ?? [],
    categories: extras.inAll ? ['all'] : [],
    subresources: [...(extras.sub ?? []), ...status],
    fields: extras.fields ?? [],
    key: extras.key ?? { group, resource },
    review: extras.review ?? false,
  };
}

const gateway = 'gateway.networking.k8s.io';

/** Without the subresource status: nobody reconciles them here, and tests write what a controller would. */
function custom(group: string, version: string, kind: string, extras: Extras = {}): ResourceType {
  return { ...type(group, plural(kind), kind, extras), version };
}

function review(group: string, resource: string, kind: string, namespaced = false): ResourceType {
  return type(group, resource, kind, { cluster: !namespaced, verbs: ['create'], review: true });
}

const eventFields = [
  ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
    (name) => `involvedObject.${name}`,
  ),
  'reason',
  'reportingComponent',
  'source',
  'type',
];

const podFields = [
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.serviceAccountName',
  'spec.hostNetwork',
  'status.phase',
  'status.podIP',
  'status.nominatedNodeName',
];

const scale = { name: 'scale', kind: 'Scale', verbs: readWrite };
const rbac = 'rbac.authorization.k8s.io';
const withoutCollection = all.filter((verb) => verb !== 'deletecollection');

const builtIn: readonly ResourceType[] = [
  type('', 'configmaps', 'ConfigMap', { short: ['cm'] }),
  type('', 'endpoints', 'Endpoints', { short: ['ep'] }),
  type('', 'events', 'Event', { short: ['ev'], fields: eventFields }),
  type('', 'limitranges', 'LimitRange', { short: ['limits'] }),
  type('', 'namespaces', 'Namespace', {
    short: ['ns'],
    cluster: true,
    status: true,
    fields: ['status.phase'],
    verbs: withoutCollection,
    sub: [{ name: 'finalize', kind: 'Namespace', verbs: ['update'] }],
  }),
  type('', 'nodes', 'Node', { short: ['no'], cluster: true, status: true, fields: ['spec.unschedulable'] }),
  type('', 'persistentvolumeclaims', 'PersistentVolumeClaim', { short: ['pvc'], status: true }),
  type('', 'pods', 'Pod', {
    short: ['po'],
    inAll: true,
    status: true,
    fields: podFields,
    sub: [
      { name: 'attach', kind: 'PodAttachOptions', verbs: ['create', 'get'] },
      { name: 'ephemeralcontainers', kind: 'Pod', verbs: readWrite },
      { name: 'exec', kind: 'PodExecOptions', verbs: ['create', 'get'] },
      { name: 'log', kind: 'Pod', verbs: ['get'] },
      { name: 'portforward', kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
    ],
  }),
  type('', 'resourcequotas', 'ResourceQuota', { short: ['quota'], status: true }),
  type('', 'secrets', 'Secret', { fields: ['type'] }),
  type('', 'serviceaccounts', 'ServiceAccount', { short: ['sa'] }),
  type('', 'services', 'Service', {
    short: ['svc'],
    inAll: true,
    status: true,
    fields: ['spec.clusterIP', 'spec.type'],
  }),
  type('apps', 'daemonsets', 'DaemonSet', { short: ['ds'], inAll: true, status: true }),
  type('apps', 'deployments', 'Deployment', { short: ['deploy'], inAll: true, status: true, sub: [scale] }),
  type('apps', 'replicasets', 'ReplicaSet', {
    short: ['rs'],
    inAll: true,
    status: true,
    sub: [scale],
    fields: ['status.replicas'],
  }),
  type('apps', 'statefulsets', 'StatefulSet', { short: ['sts'], inAll: true, status: true, sub: [scale] }),
  review('authentication.k8s.io', 'selfsubjectreviews', 'SelfSubjectReview'),
  review('authorization.k8s.io', 'localsubjectaccessreviews', 'LocalSubjectAccessReview', true),
  review('authorization.k8s.io', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview'),
  review('authorization.k8s.io', 'selfsubjectrulesreviews', 'SelfSubjectRulesReview'),
  review('authorization.k8s.io', 'subjectaccessreviews', 'SubjectAccessReview'),
  type('batch', 'cronjobs', 'CronJob', { short: ['cj'], inAll: true, status: true }),
  type('batch', 'jobs', 'Job', { inAll: true, status: true, fields: ['status.successful'] }),
  type('coordination.k8s.io', 'leases', 'Lease'),
  type('discovery.k8s.io', 'endpointslices', 'EndpointSlice'),
  type('events.k8s.io', 'events', 'Event', {
    short: ['ev'],
    key: { group: '', resource: 'events' },
    fields: eventFields,
    verbs: ['get', 'list', 'watch'],
  }),
  type('networking.k8s.io', 'ingressclasses', 'IngressClass', { cluster: true }),
  type('networking.k8s.io', 'ingresses', 'Ingress', { short: ['ing'], status: true }),
  type('networking.k8s.io', 'networkpolicies', 'NetworkPolicy', { short: ['netpol'] }),
  type('policy', 'poddisruptionbudgets', 'PodDisruptionBudget', { short: ['pdb'], status: true }),
  type(rbac, 'clusterrolebindings', 'ClusterRoleBinding', { cluster: true }),
  type(rbac, 'clusterroles', 'ClusterRole', { cluster: true }),
  type(rbac, 'rolebindings', 'RoleBinding'),
  type(rbac, 'roles', 'Role'),
];

/** Resources that a cluster has only when their definitions were installed. */
export const customGroups: Readonly<Record<'gateway-api' | 'istio', readonly ResourceType[]>> = {
  'gateway-api': [
    custom(gateway, 'v1', 'GatewayClass', { cluster: true, short: ['gc'] }),
    custom(gateway, 'v1', 'Gateway', { short: ['gtw'] }),
    custom(gateway, 'v1', 'GRPCRoute'),
    custom(gateway, 'v1', 'HTTPRoute'),
    custom(gateway, 'v1beta1', 'ReferenceGrant', { short: ['refgrant'] }),
    custom(gateway, 'v1alpha2', 'TCPRoute'),
    custom(gateway, 'v1alpha2', 'TLSRoute'),
  ],
  istio: [
    custom('networking.istio.io', 'v1', 'DestinationRule', { short: ['dr'] }),
    custom('networking.istio.io', 'v1', 'ServiceEntry', { short: ['se'] }),
    custom('networking.istio.io', 'v1', 'Sidecar'),
    custom('networking.istio.io', 'v1', 'VirtualService', { short: ['vs'] }),
    custom('security.istio.io', 'v1', 'AuthorizationPolicy', { short: ['ap'] }),
    custom('security.istio.io', 'v1', 'PeerAuthentication', { short: ['pa'] }),
  ],
};

const types = [...builtIn];
const byName = new Map<string, ResourceType>();

/** Every resource that this API server has, in the order of discovery. */
export const resourceTypes: readonly ResourceType[] = types;

function serve(items: readonly ResourceType[]): void {
  for (const item of items) byName.set(`${item.group}/${item.version}/${item.resource}`, item);
}
serve(builtIn);

/** Installs the definitions of these groups. */
export function installCustom(groups: readonly (keyof typeof customGroups)[]): void {
  for (const group of groups) {
    types.push(...customGroups[group]);
    serve(customGroups[group]);
  }
}

/** Group and version are served at all: an unknown one is answered 404 in plain text. */
export function hasGroupVersion(group: string, version: string): boolean {
  return resourceTypes.some((item) => item.group === group && item.version === version);
}

export function resourceType(group: string, version: string, resource: string): ResourceType | undefined {
  return byName.get(`${group}/${version}/${resource}`);
}

export function typeOfKind(group: string, kind: string): ResourceType | undefined {
  return resourceTypes.find((item) => item.group === group && item.kind === kind);
}

/** `v1`, `apps/v1` */
export function groupVersion(item: { readonly group: string; readonly version: string }): string {
  return item.group === '' ? item.version : `${item.group}/${item.version}`;
}
