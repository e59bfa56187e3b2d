import { kubectl } from '../command.js';
import { fromApi, objectKey } from '../finding.js';
import { contains, parseAddress, parseCidr } from '../policy/address.js';
import type { SnapshotService } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { allEnded, frontsOf, fromConnect, fromHere, nameOf, say, serviceAt } from './outside-say.js';

const annotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';

/** loadBalancerSourceRanges that leave the client out. Whose address is not known is only told of when nothing answers from here. */
export const loadBalancerClients: Check = {
  name: 'loadbalancer-clients',
  codes: ['ND504'],
  reads: inputs('destination', 'services'),
  concerns: (facts) => frontsOf(facts).some(({ service }) => rangesOf(service).ranges.length > 0),
  find: (facts) =>
    frontsOf(facts).flatMap(({ service }) => {
      const { ranges, field } = rangesOf(service);
      const cidrs = ranges.flatMap((text) => parseCidr(text) ?? []);
      if (ranges.length === 0 || cidrs.length !== ranges.length) return [];
      const client = facts.outside?.address;
      const address = client === undefined ? undefined : parseAddress(client);
      const probes = fromHere(facts).filter(
        ({ to }) =>
          facts.outside?.way?.entries.some(
            (one) => one.of === 'loadBalancer' && one.address === to.address,
          ) === true,
      );
      const silent = probes.length > 0 && probes.every((probe) => allEnded(probe, 'timeout'));
      const out = address !== undefined && !cidrs.some((cidr) => contains(cidr, address));
      if (!out && !(silent && address === undefined)) return [];
      const { namespace = '', name } = service.metadata;
      const text = ranges.slice(0, 5).join(', ');
      const patch = {
        spec: {
          loadBalancerSourceRanges: [
            ...ranges,
            `${client ?? 'ADDRESS'}/${client?.includes(':') === true ? 128 : 32}`,
          ],
        },
      };
      return [
        say(
          'ND504',
          out
            ? `the load balancer of Service ${nameOf(service)} lets only ${text} in, and the client has ${client ?? ''}`
            : `the load balancer of Service ${nameOf(service)} lets only ${text} in, and nothing answers from here: see by which address you go out`,
          {
            confidence: out ? 'likely' : 'possible',
            object: serviceAt(service, field, ranges.join(', ')),
            evidence: [
              fromApi(`service ${nameOf(service)}`, `${field}: ${text}`),
              ...probes.slice(0, 2).map(fromConnect),
            ],
            fix: {
              text: 'let the address of the client in',
              commands:
                field.startsWith('spec') && client !== undefined
                  ? [kubectl(namespace, 'patch', 'service', name, '-p', JSON.stringify(patch))]
                  : [kubectl(namespace, 'edit', 'service', name)],
            },
            hop: 'address',
            touches: [objectKey('service', service.metadata)],
            blocks: { model: out ? 'fail' : 'unknown' },
          },
        ),
      ];
    }),
};

/** The field counts before the annotation of older versions. */
function rangesOf({ spec, metadata }: SnapshotService): {
  readonly ranges: readonly string[];
  readonly field: string;
} {
  if (spec.type !== 'LoadBalancer') return { ranges: [], field: '' };
  const own = (spec.loadBalancerSourceRanges ?? []).map((one) => one.trim()).filter((one) => one !== '');
  if (own.length > 0) return { ranges: own, field: 'spec.loadBalancerSourceRanges' };
  const old = (metadata.annotations?.[annotation] ?? '').split(',').map((one) => one.trim());
  return { ranges: old.filter((one) => one !== ''), field: `metadata.annotations[${annotation}]` };
}
