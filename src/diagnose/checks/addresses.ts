import { isFinished } from '../../target/pods.js';
import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { addressesOf } from '../model/pods.js';
import { contains, parseAddress, parseCidr } from '../policy/address.js';
import { itemsOf } from '../reading.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** One address that two live pods have. */
export const duplicateAddresses: Check = {
  name: 'duplicate-addresses',
  codes: ['ND806'],
  reads: [...inputs('source', 'pods'), ...inputs('destination', 'pods')],
  mayRead: inputs('cluster', 'pods'),
  concerns: ({ sources, destination }) =>
    [...sources, ...destination.endpoints].some(({ pod }) => pod !== undefined),
  find: ({ read, sources, destination }) => {
    const everywhere = read('pods');
    const others =
      everywhere.state === 'there'
        ? everywhere.items
        : [...new Set([destination.namespace, ...sources.map(({ namespace }) => namespace)])].flatMap(
            (namespace) => (namespace === undefined ? [] : itemsOf(read('pods', namespace))),
          );
    const byAddress = new Map<string, SnapshotPod[]>();
    for (const pod of others) {
      if (!owns(pod)) continue;
      for (const address of addressesOf(pod))
        byAddress.set(address, [...(byAddress.get(address) ?? []), pod]);
    }
    const ends = new Map(
      [...sources, ...destination.endpoints].flatMap(({ pod }) =>
        pod === undefined || !owns(pod) ? [] : [[objectKey('pod', pod.metadata), pod] as const],
      ),
    );
    return [...ends].flatMap(([key, pod]) =>
      addressesOf(pod).flatMap((address): Finding[] => {
        const other = byAddress.get(address)?.find((one) => objectKey('pod', one.metadata) !== key);
        if (other === undefined) return [];
        const { namespace = '', name } = pod.metadata;
        return [
          {
            code: 'ND806',
            severity: 'error',
            confidence: 'likely',
            object: { kind: 'Pod', namespace, name, fieldPath: 'status.podIPs', value: address },
            message: `pod ${namespace}/${name} and pod ${other.metadata.namespace ?? ''}/${other.metadata.name} both have the address ${address}: which of them is reached is chance`,
            evidence: [pod, other].map((one) =>
              fromApi(
                objectKey('pod', one.metadata),
                `podIP ${address} on ${one.spec.nodeName ?? 'no node'}`,
              ),
            ),
            fix: {
              text: 'delete one of them; see whether the network plugin hands addresses out twice',
              commands: [kubectl(namespace, 'delete', 'pod', name)],
            },
            hop: 'endpoint',
            touches: [key],
            blocks: {
              model: 'unknown',
              ...(destination.endpoints.some((one) => one.key === key)
                ? { endpoints: [key] }
                : { sources: [key] }),
            },
          },
        ];
      }),
    );
  },
};

/** Whether the address of a pod is its own: that of a host-network pod is its node's, that of one that is ending is given back. */
function owns(pod: SnapshotPod): boolean {
  return pod.spec.hostNetwork !== true && !isFinished(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** Ranges that are used twice: the address of a Service or of a node among those of pods. */
export const overlappingRanges: Check = {
  name: 'overlapping-ranges',
  codes: ['ND805'],
  reads: [...inputs('cluster', 'nodes'), ...inputs('destination', 'services')],
  concerns: ({ destination }) =>
    destination.service?.object !== undefined || destination.endpoints.some(({ node }) => node !== undefined),
  find: ({ read, destination: { service, endpoints } }) => {
    const nodes = itemsOf(read('nodes'));
    const ranges = nodes.flatMap(({ metadata, spec }) =>
      [...new Set([...(spec?.podCIDRs ?? []), spec?.podCIDR ?? ''])].flatMap((text) => {
        const cidr = parseCidr(text);
        return cidr === undefined ? [] : [{ cidr, node: metadata.name }];
      }),
    );
    const object = service?.object;
    const own = object === undefined ? [] : [object.spec.clusterIP ?? '', ...(object.spec.clusterIPs ?? [])];
    const used = new Set(endpoints.map(({ node }) => node));
    const addresses = [
      ...own.map((text) => ({
        text,
        what: `the address of Service ${service?.namespace ?? ''}/${service?.name ?? ''}`,
      })),
      ...nodes
        .filter(({ metadata }) => used.has(metadata.name))
        .flatMap(({ metadata, status }) =>
          (status?.addresses ?? [])
            .filter(({ type }) => type === 'InternalIP')
            .map(({ address }) => ({ text: address, what: `the address of node ${metadata.name}` })),
        ),
    ];
    for (const { text, what } of addresses) {
      const address = parseAddress(text);
      const range = address && ranges.find(({ cidr }) => contains(cidr, address));
      if (range === undefined) continue;
      return [
        {
          code: 'ND805',
          severity: 'error',
          confidence: 'likely',
          object: { kind: 'Node', name: range.node, fieldPath: 'spec.podCIDRs', value: range.cidr.text },
          message: `${text}, ${what}, lies in ${range.cidr.text}, the pod range of node ${range.node}: packets to one of them go to the other`,
          evidence: [fromApi(`node ${range.node}`, `podCIDRs: ${range.cidr.text}`)],
          fix: { text: 'give pods, Services and nodes ranges that do not overlap', commands: [] },
          hop: 'node',
          touches: [objectKey('node', { name: range.node })],
          blocks: { model: 'unknown' },
        },
      ];
    }
    return [];
  },
};
