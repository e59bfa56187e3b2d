/** A kind that a reference can name, with what the API calls it. */
export interface KindInfo {
  /** As people and messages write it, and as the key in this program. */
  readonly kind: ReferenceKind;
  readonly plural: string;
  /** kubectl's short names. */
  readonly short: readonly string[];
  /** API group, empty for core. */
  readonly group: string;
  readonly version: string;
  readonly namespaced: boolean;
}

export type ReferenceKind =
  | 'pod'
  | 'deployment'
  | 'statefulset'
  | 'daemonset'
  | 'replicaset'
  | 'replicationcontroller'
  | 'job'
  | 'service'
  | 'node'
  | 'ingress'
  | 'gateway'
  | 'httproute'
  | 'grpcroute'
  | 'tlsroute'
  | 'tcproute';

/** Kinds that stand in front of Services. */
export const outsideKinds = [
  'ingress',
  'gateway',
  'httproute',
  'grpcroute',
  'tlsroute',
  'tcproute',
] as const satisfies readonly ReferenceKind[];

/** Every kind, as `kubectl api-resources` lists it. */
export const kinds: readonly KindInfo[] = [
  { kind: 'pod', plural: 'pods', short: ['po'], group: '', version: 'v1', namespaced: true },
  {
    kind: 'deployment',
    plural: 'deployments',
    short: ['deploy'],
    group: 'apps',
    version: 'v1',
    namespaced: true,
  },
  {
    kind: 'statefulset',
    plural: 'statefulsets',
    short: ['sts'],
    group: 'apps',
    version: 'v1',
    namespaced: true,
  },
  { kind: 'daemonset', plural: 'daemonsets', short: ['ds'], group: 'apps', version: 'v1', namespaced: true },
  {
    kind: 'replicaset',
    plural: 'replicasets',
    short: ['rs'],
    group: 'apps',
    version: 'v1',
    namespaced: true,
  },
  {
    kind: 'replicationcontroller',
    plural: 'replicationcontrollers',
    short: ['rc'],
    group: '',
    version: 'v1',
    namespaced: true,
  },
  { kind: 'job', plural: 'jobs', short: [], group: 'batch', version: 'v1', namespaced: true },
  { kind: 'service', plural: 'services', short: ['svc'], group: '', version: 'v1', namespaced: true },
  { kind: 'node', plural: 'nodes', short: ['no'], group: '', version: 'v1', namespaced: false },
  {
    kind: 'ingress',
    plural: 'ingresses',
    short: ['ing'],
    group: 'networking.k8s.io',
    version: 'v1',
    namespaced: true,
  },
  {
    kind: 'gateway',
    plural: 'gateways',
    short: ['gtw'],
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    namespaced: true,
  },
  {
    kind: 'httproute',
    plural: 'httproutes',
    short: [],
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    namespaced: true,
  },
  {
    kind: 'grpcroute',
    plural: 'grpcroutes',
    short: [],
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    namespaced: true,
  },
  {
    kind: 'tlsroute',
    plural: 'tlsroutes',
    short: [],
    group: 'gateway.networking.k8s.io',
    version: 'v1alpha2',
    namespaced: true,
  },
  {
    kind: 'tcproute',
    plural: 'tcproutes',
    short: [],
    group: 'gateway.networking.k8s.io',
    version: 'v1alpha2',
    namespaced: true,
  },
];

/** Finds a kind by any name that kubectl takes: singular, plural, short, each also with its group (`deployments.apps`), in any case. */
export function kindOf(word: string): KindInfo | undefined {
  const [name = '', ...group] = word.toLowerCase().split('.');
  return kinds.find(
    (info) =>
      (info.kind === name || info.plural === name || info.short.includes(name)) &&
      (group.length === 0 ||
        group.join('.') === info.group ||
        group.join('.') === `${info.version}.${info.group}`),
  );
}

/** What a kind is looked up by. */
export function kindInfo(kind: ReferenceKind): KindInfo {
  const info = kinds.find((one) => one.kind === kind);
  if (info === undefined) throw new TypeError(`no such kind: ${kind}`);
  return info;
}
