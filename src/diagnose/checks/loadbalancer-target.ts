import { kubectl } from '../command.js';
import { fromApi, objectKey } from '../finding.js';
import { parseAddress } from '../policy/address.js';
import { itemsOf } from '../reading.js';
import type { SnapshotService } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { frontsOf, nameOf, say, serviceAt } from './outside-say.js';
import { statusAddresses } from '../outside/fronts.js';

const targetType = 'service.beta.kubernetes.io/aws-load-balancer-nlb-target-type';

/** A load balancer that sends to node ports, of which the Service was told to have none. */
export const loadBalancerTarget: Check = {
  name: 'loadbalancer-target',
  codes: ['ND505'],
  reads: [...inputs('destination', 'services'), ...inputs('cluster', 'nodes')],
  concerns: (facts) =>
    frontsOf(facts).some(({ service }) => service.spec.allocateLoadBalancerNodePorts === false),
  find: (facts) =>
    frontsOf(facts).flatMap(({ service }) => {
      const { spec, metadata } = service;
      const missing = (spec.ports ?? []).filter(({ nodePort }) => nodePort === undefined || nodePort === 0);
      if (
        spec.type !== 'LoadBalancer' ||
        spec.allocateLoadBalancerNodePorts !== false ||
        missing.length === 0
      )
        return [];
      const why = needsNodePorts(
        service,
        itemsOf(facts.read('nodes')).map((node) => node.spec?.providerID ?? ''),
      );
      if (why === undefined) return [];
      const { namespace = '', name } = metadata;
      return [
        say(
          'ND505',
          `the load balancer of Service ${nameOf(service)} sends to node ports (${why}), and allocateLoadBalancerNodePorts: false leaves it without one for ${missing.map(({ port }) => port).join(', ')}`,
          {
            object: serviceAt(service, 'spec.allocateLoadBalancerNodePorts', 'false'),
            evidence: [
              fromApi(
                `service ${nameOf(service)}`,
                `allocateLoadBalancerNodePorts: false, no nodePort for ${missing.map(({ port }) => port).join(', ')}`,
              ),
            ],
            fix: {
              text: 'let node ports be allocated, or let the balancer send to pods (target type ip)',
              commands: [
                kubectl(
                  namespace,
                  'patch',
                  'service',
                  name,
                  '-p',
                  '{"spec":{"allocateLoadBalancerNodePorts":true}}',
                ),
              ],
            },
            hop: 'address',
            touches: [objectKey('service', metadata)],
            blocks: { model: 'fail' },
          },
        ),
      ];
    }),
};

/** Balancers of AWS send to node ports unless they were told to send to pods; those of other clouds and MetalLB send to the address itself. */
function needsNodePorts(
  { metadata, spec }: SnapshotService,
  providers: readonly string[],
): string | undefined {
  const target = metadata.annotations?.[targetType];
  if (target === 'instance') return `target type instance`;
  if (target === 'ip' || target === 'nlb-ip') return undefined;
  return spec.loadBalancerClass == null && providers.some((one) => one.startsWith('aws://'))
    ? 'as those of AWS do'
    : undefined;
}

/** The name of a load balancer, which has to lead somewhere, and in a family that the client has. */
export const loadBalancerName: Check = {
  name: 'loadbalancer-name',
  codes: ['ND506'],
  reads: inputs('destination', 'services'),
  concerns: (facts) =>
    namesOf(facts).length > 0 && (facts.observed?.dns ?? []).some(({ from }) => from === 'here'),
  live: true,
  find: (facts) =>
    namesOf(facts).flatMap(({ service, name }) => {
      const looked = (facts.observed?.dns ?? []).find(
        (one) => one.from === 'here' && one.name.replace(/\.$/, '') === name,
      );
      if (looked === undefined || looked.answers.every(({ outcome }) => outcome !== 'answered')) return [];
      const addresses = [
        ...new Set([...looked.libc.addresses, ...looked.answers.flatMap((one) => one.addresses)]),
      ];
      const only6 =
        addresses.length > 0 &&
        addresses.every((text) => text.includes(':') && parseAddress(text) !== undefined);
      // Whether the client has IPv6 only a connection tells.
      const reached = (facts.observed?.connects ?? []).some(
        ({ from, to, attempts }) =>
          from === 'here' &&
          addresses.includes(to.address) &&
          attempts.some(({ outcome }) => outcome === 'connected'),
      );
      if (addresses.length > 0 && !(only6 && !reached)) return [];
      const codes = [...new Set(looked.answers.map(({ rcode }) => rcode ?? ''))].filter(
        (code) => code !== '',
      );
      return [
        say(
          'ND506',
          addresses.length === 0
            ? `the load balancer of Service ${nameOf(service)} is ${name}, which has no address in the DNS of this machine (${codes.join(', ')})`
            : `${name}, the load balancer of Service ${nameOf(service)}, has addresses of IPv6 only, and none answers from here`,
          {
            confidence: addresses.length === 0 ? 'proven' : 'possible',
            object: serviceAt(service, 'status.loadBalancer.ingress[0].hostname', name),
            evidence: [
              fromApi(`service ${nameOf(service)}`, `status.loadBalancer.ingress: ${name}`),
              {
                source: 'probe',
                about: `DNS of this machine, ${name}`,
                excerpt: addresses.join(', ') || codes.join(', ') || 'no address',
              },
            ],
            fix: {
              text:
                addresses.length === 0
                  ? 'a new load balancer has no record for some minutes: wait; then see whether it still exists'
                  : 'use a load balancer with IPv4 (ipFamilies), or a client with IPv6',
              commands: [],
            },
            hop: 'address',
            touches: [objectKey('service', service.metadata)],
            blocks: { model: 'fail' },
          },
        ),
      ];
    }),
};

function namesOf(
  facts: Parameters<Check['find']>[0],
): readonly { readonly service: SnapshotService; readonly name: string }[] {
  return frontsOf(facts).flatMap(({ service }) =>
    statusAddresses(service.status)
      .filter((address) => parseAddress(address) === undefined)
      .map((name) => ({ service, name })),
  );
}
