import type { ApiStore } from './types.js';

const rbac = 'rbac.authorization.k8s.io';
const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };

interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

const read = ['get', 'list', 'watch'];
const write = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const namespacedCore = [
  'configmaps',
  'endpoints',
  'pods',
  'services',
  'serviceaccounts',
  'persistentvolumeclaims',
];
const workloads = [
  'daemonsets',
  'deployments',
  'deployments/scale',
  'replicasets',
  'replicasets/scale',
  'statefulsets',
  'statefulsets/scale',
];

const view: readonly Rule[] = [
  {
    verbs: read,
    apiGroups: [''],
    resources: [
      ...namespacedCore,
      'events',
      'limitranges',
      'namespaces',
      'pods/log',
      'pods/status',
      'resourcequotas',
    ],
  },
  { verbs: read, apiGroups: ['apps'], resources: workloads },
  { verbs: read, apiGroups: ['batch'], resources: ['cronjobs', 'jobs'] },
  { verbs: read, apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] },
  { verbs: read, apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'networkpolicies'] },
  { verbs: read, apiGroups: ['policy'], resources: ['poddisruptionbudgets'] },
];

const edit: readonly Rule[] = [
  ...view,
  {
    verbs: [...read, ...write],
    apiGroups: [''],
    resources: ['secrets', 'pods/attach', 'pods/exec', 'pods/portforward'],
  },
  { verbs: write, apiGroups: [''], resources: namespacedCore },
  { verbs: write, apiGroups: ['apps'], resources: workloads },
  { verbs: write, apiGroups: ['batch'], resources: ['cronjobs', 'jobs'] },
  { verbs: write, apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'networkpolicies'] },
];

const health = ['/healthz', '/livez', '/readyz', '/version', '/version/'];

const clusterRoles: Readonly<Record<string, readonly Rule[]>> = {
  'cluster-admin': [
    { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { verbs: ['*'], nonResourceURLs: ['*'] },
  ],
  admin: [...edit, { verbs: [...read, ...write], apiGroups: [rbac], resources: ['rolebindings', 'roles'] }],
  edit,
  view,
  'system:basic-user': [
    {
      verbs: ['create'],
      apiGroups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    },
    { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
  ],
  'system:discovery': [
    {
      verbs: ['get'],
      nonResourceURLs: [
        '/api',
        '/api/*',
        '/apis',
        '/apis/*',
        '/healthz',
        '/livez',
        '/openapi',
        '/openapi/*',
        '/readyz',
        '/version',
        '/version/',
      ],
    },
  ],
  'system:public-info-viewer': [{ verbs: ['get'], nonResourceURLs: health }],
  'system:service-account-issuer-discovery': [
    { verbs: ['get'], nonResourceURLs: ['/.well-known', '/.well-known/*'] },
  ],
};

const bindings: Readonly<Record<string, readonly string[]>> = {
  'cluster-admin': ['system:masters'],
  'system:basic-user': ['system:authenticated'],
  'system:discovery': ['system:authenticated'],
  'system:public-info-viewer': ['system:authenticated', 'system:unauthenticated'],
  'system:service-account-issuer-discovery': ['system:authenticated'],
};

/** The namespaces, roles and the kubernetes Service that every cluster begins with. `address` is the API server's. */
export function bootstrap(store: ApiStore, address: string): void {
  for (const name of ['default', 'kube-node-lease', 'kube-public', 'kube-system']) {
    store.create(
      { group: '', resource: 'namespaces' },
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      },
    );
  }
  for (const [name, rules] of Object.entries(clusterRoles)) {
    const metadata = { name, labels };
    store.create(
      { group: rbac, resource: 'clusterroles' },
      { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata, rules },
    );
  }
  for (const [name, groups] of Object.entries(bindings)) {
    store.create(
      { group: rbac, resource: 'clusterrolebindings' },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'ClusterRoleBinding',
        metadata: { name, labels },
        subjects: groups.map((group) => ({ kind: 'Group', apiGroup: rbac, name: group })),
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      },
    );
  }
  bootstrapService(store, address);
}

function bootstrapService(store: ApiStore, address: string): void {
  const metadata = {
    name: 'kubernetes',
    namespace: 'default',
    labels: { component: 'apiserver', provider: 'kubernetes' },
  };
  const spec = {
    ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 6443 }],
    clusterIP: '10.96.0.1',
    clusterIPs: ['10.96.0.1'],
    type: 'ClusterIP',
    sessionAffinity: 'None',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    internalTrafficPolicy: 'Cluster',
  };
  store.create(
    { group: '', resource: 'services' },
    { apiVersion: 'v1', kind: 'Service', metadata, spec, status: { loadBalancer: {} } },
  );
  store.create(
    { group: 'discovery.k8s.io', resource: 'endpointslices' },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': 'kubernetes' },
        generation: 1,
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
    },
  );
}
