import type { UseName } from './use-names.js';

/** One rule of a Role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Only objects of these names. */
  readonly resourceNames?: readonly string[];
}

/** A Role or ClusterRole. */
export interface RoleRules {
  readonly kind: 'Role' | 'ClusterRole';
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** What a group of rights lets people do. They are those of manifests/rbac, which a test compares. */
export interface Use {
  readonly name: UseName;
  /** For the line: the commands. */
  readonly about: string;
  readonly roles: readonly RoleRules[];
  /** Rights (`verb resource`) without which all works, only slower or with fewer words, and what is then so. */
  readonly spare: Readonly<Record<string, string>>;
}

const core = [''];
const exec: Rule = { apiGroups: core, resources: ['pods/exec'], verbs: ['get', 'create'] };
const events: Rule = { apiGroups: core, resources: ['events'], verbs: ['list'] };
const words = {
  'watch pods': 'a start is noticed up to a second later',
  'list events': 'what the kubelet says comes some 15 s later',
};

/** Kinds that some clusters have, of which a right is no loss where there are none. */
export const optionalGroups: ReadonlySet<string> = new Set([
  'policy.networking.k8s.io',
  'cilium.io',
  'crd.projectcalico.org',
  'crd.antrea.io',
]);

/** Every use, in the order in which they are printed. */
export const uses: readonly Use[] = [
  {
    name: 'debug',
    about: 'ping, capture, tcpdump, connect, dns, http, shell and all else that works in a pod',
    roles: [
      {
        kind: 'Role',
        name: 'netdebug',
        rules: [
          { apiGroups: core, resources: ['pods'], verbs: ['get', 'list', 'watch'] },
          { apiGroups: core, resources: ['pods/ephemeralcontainers'], verbs: ['patch'] },
          exec,
          events,
        ],
      },
    ],
    spare: words,
  },
  {
    name: 'targets',
    about: 'names such as deploy/web and svc/api',
    roles: [
      {
        kind: 'Role',
        name: 'netdebug-targets',
        rules: [
          { apiGroups: core, resources: ['services'], verbs: ['get'] },
          {
            apiGroups: ['apps'],
            resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'],
            verbs: ['get'],
          },
          { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get'] },
          { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list'] },
        ],
      },
    ],
    spare: { 'list endpointslices': 'connect tries only the own address of a Service' },
  },
  {
    name: 'logs',
    about: 'lines of the logs of pods',
    roles: [
      {
        kind: 'Role',
        name: 'netdebug-logs',
        rules: [
          { apiGroups: core, resources: ['pods'], verbs: ['get', 'list'] },
          { apiGroups: core, resources: ['pods/log'], verbs: ['get'] },
          { apiGroups: core, resources: ['services'], verbs: ['list'] },
        ],
      },
    ],
    spare: { 'list services': 'addresses in the lines are not named' },
  },
  {
    name: 'policy',
    about: 'what NetworkPolicies decide, in all namespaces',
    roles: [
      {
        kind: 'ClusterRole',
        name: 'netdebug-diagnose',
        rules: [
          { apiGroups: core, resources: ['namespaces'], verbs: ['get', 'list'] },
          {
            apiGroups: core,
            resources: ['pods', 'services', 'replicationcontrollers', 'nodes', 'events'],
            verbs: ['list'],
          },
          { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list'] },
          { apiGroups: core, resources: ['pods/log'], verbs: ['get'] },
          {
            apiGroups: ['apps'],
            resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'],
            verbs: ['list'],
          },
          { apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: ['list'] },
          { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['list'] },
          {
            apiGroups: ['policy.networking.k8s.io'],
            resources: ['adminnetworkpolicies', 'baselineadminnetworkpolicies', 'clusternetworkpolicies'],
            verbs: ['list'],
          },
          {
            apiGroups: ['cilium.io'],
            resources: ['ciliumnetworkpolicies', 'ciliumclusterwidenetworkpolicies'],
            verbs: ['list'],
          },
          {
            apiGroups: ['crd.projectcalico.org'],
            resources: ['networkpolicies', 'globalnetworkpolicies'],
            verbs: ['list'],
          },
          {
            apiGroups: ['crd.antrea.io'],
            resources: ['networkpolicies', 'clusternetworkpolicies'],
            verbs: ['list'],
          },
          {
            apiGroups: ['networking.k8s.io'],
            resources: ['ingresses', 'ingressclasses'],
            verbs: ['list'],
          },
          {
            apiGroups: ['gateway.networking.k8s.io'],
            resources: [
              ...['gatewayclasses', 'gateways', 'httproutes', 'grpcroutes', 'tlsroutes', 'tcproutes'],
              'referencegrants',
            ],
            verbs: ['list'],
          },
          {
            apiGroups: ['security.istio.io'],
            resources: ['peerauthentications', 'authorizationpolicies'],
            verbs: ['list'],
          },
          {
            apiGroups: ['networking.istio.io'],
            resources: ['destinationrules', 'virtualservices', 'sidecars', 'serviceentries'],
            verbs: ['list'],
          },
          {
            apiGroups: ['admissionregistration.k8s.io'],
            resources: ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
            verbs: ['list'],
          },
          {
            apiGroups: core,
            resources: ['configmaps'],
            verbs: ['get'],
            resourceNames: [
              ...['coredns', 'node-local-dns', 'kube-proxy', 'kubelet-config', 'cilium-config', 'istio'],
            ],
          },
        ],
      },
    ],
    spare: {
      'list endpointslices': 'the selectors of Services are asked instead',
      'list events': 'why a pod does not start is not known',
      'get pods/log': 'diagnose does not look into logs',
      'get configmaps': 'the Corefile of CoreDNS and the settings of kube-proxy are not looked at',
      'list mutatingwebhookconfigurations': 'which revisions of Istio inject proxies is not known',
      'list validatingwebhookconfigurations': 'whether changes of an Ingress are refused is not known',
      'list ingresses': 'which Ingress serves a URL is not known',
      'list ingressclasses': 'who serves an Ingress is not known',
      ...Object.fromEntries(
        ['gatewayclasses', 'gateways', 'httproutes', 'grpcroutes', 'tlsroutes', 'tcproutes'].map(
          (kind) => [`list ${kind}`, 'the way through a Gateway is not known'] as const,
        ),
      ),
      'list referencegrants': 'whether routes may name Services of other namespaces is not known',
    },
  },
  {
    name: 'matrix',
    about: 'all that matrix tells, besides debug',
    roles: [
      {
        kind: 'Role',
        name: 'netdebug-matrix',
        rules: [
          { apiGroups: core, resources: ['services'], verbs: ['list'] },
          { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['list'] },
          { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list'] },
        ],
      },
    ],
    spare: {
      'list services': 'ports that no pod declares have to be named with --port',
      'list networkpolicies': 'what the policies say is not known',
      'list endpointslices': 'the selectors of Services are asked instead',
    },
  },
  {
    name: 'nodes',
    about: 'tools in the network of a node (node/NAME)',
    roles: [
      {
        kind: 'Role',
        name: 'netdebug-nodes',
        rules: [
          {
            apiGroups: core,
            resources: ['pods'],
            verbs: ['create', 'get', 'list', 'watch', 'delete'],
          },
          exec,
          events,
        ],
      },
      {
        kind: 'ClusterRole',
        name: 'netdebug-nodes',
        rules: [{ apiGroups: core, resources: ['nodes'], verbs: ['get'] }],
      },
    ],
    spare: { ...words, 'get nodes': 'the addresses of the node come from its pod' },
  },
];

/** The use of this name. */
export function useOf(name: UseName): Use {
  const found = uses.find((use) => use.name === name);
  if (found === undefined) throw new TypeError(`no such use: ${name}`);
  return found;
}

/** The roles as YAML to apply, or to send to an administrator; those of a namespace are in this one. */
export function rolesYaml({ roles }: Pick<Use, 'roles'>, namespace: string): string {
  return roles
    .map(({ kind, name, rules }) =>
      [
        'apiVersion: rbac.authorization.k8s.io/v1',
        `kind: ${kind}`,
        kind === 'Role'
          ? `metadata: {name: ${name}, namespace: ${JSON.stringify(namespace)}}`
          : `metadata: {name: ${name}}`,
        'rules:',
        ...rules.map(
          ({ apiGroups, resources, verbs, resourceNames }) =>
            `- {apiGroups: [${apiGroups.map((group) => group || '""').join(', ')}], resources: [${resources.join(', ')}], verbs: [${verbs.join(', ')}]${resourceNames === undefined ? '' : `, resourceNames: [${resourceNames.join(', ')}]`}}`,
        ),
      ].join('\n'),
    )
    .join('\n---\n');
}
