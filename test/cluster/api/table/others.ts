import type { Stored } from '../../types.js';
import { at, objectOf, objectsOf, stringsOf, textOf } from '../json.js';
import { ageOf, humanDuration } from './age.js';
import type { Column } from './column.js';

const none = '<none>';

/** The text at a path, or `<none>`. */
function field(...path: string[]): (object: Stored) => string {
  return (object) => {
    const value = at(object, ...path);
    return typeof value === 'string' && value !== '' ? value : none;
  };
}

function count(...path: string[]): (object: Stored) => number {
  return (object) => {
    const value = at(object, ...path);
    return typeof value === 'number' ? value : 0;
  };
}

function size(...path: string[]): (object: Stored) => number {
  return (object) => Object.keys(objectOf(at(object, ...path))).length;
}

function labels(map: unknown): string {
  const pairs = Object.entries(stringsOf(map)).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? none : pairs.map(([key, value]) => `${key}=${value}`).join(',');
}

function listed(texts: readonly (string | undefined)[]): string {
  const found = texts.filter((text) => text !== undefined && text !== '');
  return found.length === 0 ? none : found.join(',');
}

function templateField(name: 'name' | 'image'): (object: Stored) => string {
  return (object) =>
    listed(objectsOf(at(object, 'spec', 'template', 'spec', 'containers')).map((item) => textOf(item[name])));
}

function ports(object: Stored): string {
  const texts = objectsOf(at(object, 'spec', 'ports')).map((port) => {
    const node = typeof port.nodePort === 'number' ? `:${port.nodePort}` : '';
    return `${String(port.port)}${node}/${textOf(port.protocol) ?? 'TCP'}`;
  });
  return listed(texts);
}

function nodeStatus(object: Stored): string {
  const ready = objectsOf(at(object, 'status', 'conditions')).find((item) => item.type === 'Ready');
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return at(object, 'spec', 'unschedulable') === true ? `${word},SchedulingDisabled` : word;
}

function roles(object: Stored): string {
  const prefix = 'node-role.kubernetes.io/';
  return listed(
    Object.keys(stringsOf(object.metadata.labels))
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length)),
  );
}

function address(type: string): (object: Stored) => string {
  return (object) =>
    textOf(objectsOf(at(object, 'status', 'addresses')).find((item) => item.type === type)?.address) ?? none;
}

function lastSeen(object: Stored, now: number): string {
  const seen: unknown = object.lastTimestamp ?? object.eventTime ?? object.metadata.creationTimestamp;
  return ageOf(seen, now);
}

function endpointsOf(object: Stored): string {
  const all = objectsOf(object.subsets).flatMap((subset) =>
    objectsOf(subset.addresses).flatMap((one) =>
      objectsOf(subset.ports).map((port) => `${String(one.ip)}:${String(port.port)}`),
    ),
  );
  return all.length > 3 ? `${all.slice(0, 3).join(',')} + ${all.length - 3} more...` : listed(all);
}

function sliceEndpoints(object: Stored): string {
  const all = objectsOf(object.endpoints).flatMap((item) =>
    Array.isArray(item.addresses) ? item.addresses.map(String) : [],
  );
  return all.length > 3
    ? `${all.slice(0, 3).join(',')} + ${all.length - 3} more...`
    : all.length === 0
      ? '<unset>'
      : all.join(',');
}

function jobDuration(object: Stored, now: number): string {
  const start = textOf(at(object, 'status', 'startTime'));
  const end = textOf(at(object, 'status', 'completionTime'));
  return start === undefined
    ? ''
    : humanDuration((end === undefined ? now : Date.parse(end)) - Date.parse(start));
}

/** As kubectl's own column: what a load balancer or somebody gave, `<pending>` where a load balancer has not. */
function externalIp(service: Stored): string {
  const name = at(service, 'spec', 'externalName');
  if (typeof name === 'string') return name;
  const given = objectsOf(at(service, 'status', 'loadBalancer', 'ingress')).map(
    (one) => textOf(one.ip) ?? textOf(one.hostname),
  );
  const all = listed([
    ...given,
    ...(Object.values(objectOf(at(service, 'spec', 'externalIPs'))) as string[]),
  ]);
  return all === none && at(service, 'spec', 'type') === 'LoadBalancer' ? '<pending>' : all;
}

function ingressHosts(ingress: Stored): string {
  const hosts = objectsOf(at(ingress, 'spec', 'rules')).map((rule) => textOf(rule.host));
  return hosts.some((host) => host !== undefined) ? listed(hosts) : '*';
}

const wide = (name: string, cell: Column['cell']): Column => ({ name, priority: 1, cell });
const workloadWide: readonly Column[] = [
  wide('Containers', templateField('name')),
  wide('Images', templateField('image')),
  wide('Selector', (object) => labels(at(object, 'spec', 'selector', 'matchLabels'))),
];

/** Columns of a resource between NAME and AGE, and behind AGE. */
export interface Columns {
  readonly before: readonly Column[];
  readonly after?: readonly Column[];
}

/** By the name of the resource. What is not here has NAME and AGE. */
export const columnsOf: Readonly<Record<string, Columns>> = {
  nodes: {
    before: [
      { name: 'Status', cell: nodeStatus },
      { name: 'Roles', cell: roles },
    ],
    after: [
      { name: 'Version', cell: field('status', 'nodeInfo', 'kubeletVersion') },
      wide('Internal-IP', address('InternalIP')),
      wide('External-IP', address('ExternalIP')),
      wide('OS-Image', field('status', 'nodeInfo', 'osImage')),
      wide('Kernel-Version', field('status', 'nodeInfo', 'kernelVersion')),
      wide('Container-Runtime', field('status', 'nodeInfo', 'containerRuntimeVersion')),
    ],
  },
  services: {
    before: [
      { name: 'Type', cell: field('spec', 'type') },
      { name: 'Cluster-IP', cell: field('spec', 'clusterIP') },
      { name: 'External-IP', cell: externalIp },
      { name: 'Port(s)', cell: ports },
    ],
    after: [wide('Selector', (object) => labels(at(object, 'spec', 'selector')))],
  },
  endpoints: { before: [{ name: 'Endpoints', cell: endpointsOf }] },
  endpointslices: {
    before: [
      { name: 'AddressType', cell: field('addressType') },
      { name: 'Ports', cell: (object) => listed(objectsOf(object.ports).map((port) => String(port.port))) },
      { name: 'Endpoints', cell: sliceEndpoints },
    ],
  },
  namespaces: { before: [{ name: 'Status', cell: field('status', 'phase') }] },
  configmaps: { before: [{ name: 'Data', type: 'string', cell: size('data') }] },
  secrets: {
    before: [
      { name: 'Type', cell: field('type') },
      { name: 'Data', cell: size('data') },
    ],
  },
  deployments: {
    before: [
      {
        name: 'Ready',
        cell: (object) => `${count('status', 'readyReplicas')(object)}/${count('spec', 'replicas')(object)}`,
      },
      { name: 'Up-to-date', cell: count('status', 'updatedReplicas') },
      { name: 'Available', cell: count('status', 'availableReplicas') },
    ],
    after: workloadWide,
  },
  replicasets: {
    before: [
      { name: 'Desired', type: 'integer', cell: count('spec', 'replicas') },
      { name: 'Current', type: 'integer', cell: count('status', 'replicas') },
      { name: 'Ready', type: 'integer', cell: count('status', 'readyReplicas') },
    ],
    after: workloadWide,
  },
  statefulsets: {
    before: [
      {
        name: 'Ready',
        cell: (object) => `${count('status', 'readyReplicas')(object)}/${count('spec', 'replicas')(object)}`,
      },
    ],
    after: workloadWide.slice(0, 2),
  },
  daemonsets: {
    before: [
      { name: 'Desired', type: 'integer', cell: count('status', 'desiredNumberScheduled') },
      { name: 'Current', type: 'integer', cell: count('status', 'currentNumberScheduled') },
      { name: 'Ready', type: 'integer', cell: count('status', 'numberReady') },
    ],
    after: workloadWide,
  },
  jobs: {
    before: [
      {
        name: 'Status',
        cell: (object) => (count('status', 'succeeded')(object) > 0 ? 'Complete' : 'Running'),
      },
      {
        name: 'Completions',
        cell: (object) => `${count('status', 'succeeded')(object)}/${count('spec', 'completions')(object)}`,
      },
      { name: 'Duration', cell: jobDuration },
    ],
    after: workloadWide,
  },
  ingresses: {
    before: [
      { name: 'Class', cell: field('spec', 'ingressClassName') },
      { name: 'Hosts', cell: ingressHosts },
      {
        name: 'Address',
        cell: (object) =>
          objectsOf(at(object, 'status', 'loadBalancer', 'ingress'))
            .flatMap((one) => textOf(one.ip) ?? [])
            .join(','),
      },
      {
        name: 'Ports',
        cell: (object) => (objectsOf(at(object, 'spec', 'tls')).length > 0 ? '80, 443' : '80'),
      },
    ],
  },
  ingressclasses: { before: [{ name: 'Controller', cell: field('spec', 'controller') }] },
  networkpolicies: {
    before: [
      { name: 'Pod-Selector', cell: (object) => labels(at(object, 'spec', 'podSelector', 'matchLabels')) },
    ],
  },
  rolebindings: {
    before: [
      {
        name: 'Role',
        cell: (object) => `${field('roleRef', 'kind')(object)}/${field('roleRef', 'name')(object)}`,
      },
    ],
  },
  clusterrolebindings: {
    before: [
      {
        name: 'Role',
        cell: (object) => `${field('roleRef', 'kind')(object)}/${field('roleRef', 'name')(object)}`,
      },
    ],
  },
};

/** Events have no AGE and begin with when they were last seen. */
export const eventColumns: readonly Column[] = [
  { name: 'Last Seen', cell: lastSeen },
  { name: 'Type', cell: field('type') },
  { name: 'Reason', cell: field('reason') },
  {
    name: 'Object',
    cell: (object) =>
      `${field('involvedObject', 'kind')(object).toLowerCase()}/${field('involvedObject', 'name')(object)}`,
  },
  wide('Subobject', (object) => textOf(at(object, 'involvedObject', 'fieldPath')) ?? ''),
  wide('Source', (object) =>
    listed([textOf(at(object, 'source', 'component')), textOf(at(object, 'source', 'host'))]),
  ),
  { name: 'Message', cell: (object) => (textOf(object.message) ?? '').trim() },
  wide('First Seen', (object, now) => ageOf(object.firstTimestamp ?? object.eventTime, now)),
  wide('Count', (object) => count('count')(object) || 1),
];
