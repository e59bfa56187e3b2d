import { kubectl } from '../command.js';
import { fromApi, objectKey } from '../finding.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { allEnded, frontsOf, fromConnect, fromHere, nameOf, say, serviceAt } from './outside-say.js';

/** externalTrafficPolicy Local, and a node without an endpoint: connections to its node ports are dropped. */
export const nodePortLocal: Check = {
  name: 'nodeport-local',
  codes: ['ND501'],
  reads: [...inputs('cluster', 'nodes'), ...inputs('destination', 'services', 'endpointslices', 'pods')],
  concerns: ({ outside }) => outside?.way?.kind === 'service',
  find: (facts) => {
    const { way } = facts.outside ?? {};
    const [front] = frontsOf(facts);
    const ready = front?.ready ?? [];
    if (way === undefined || front?.service.spec.externalTrafficPolicy !== 'Local') return [];
    // A load balancer that looks at the health check leaves these nodes out.
    const direct = facts.outside?.target.kind === 'Host' && way.entries.some(({ of }) => of === 'nodePort');
    if (front.service.spec.type !== 'NodePort' && !direct) return [];
    if (ready.length === 0 || ready.some(({ node }) => node === undefined)) return [];
    const good = [...new Set(ready.map(({ node }) => node ?? ''))];
    const bad = [
      ...new Set(
        way.entries.flatMap(({ node, of }) => (of === 'nodePort' && node !== undefined ? [node] : [])),
      ),
    ].filter((node) => !good.includes(node));
    if (bad.length === 0) return [];
    const { service } = front;
    const { namespace = '', name } = service.metadata;
    const probes = fromHere(facts).filter(({ to }) => to.node !== undefined && bad.includes(to.node));
    const silent = probes.filter((probe) => allEnded(probe, 'timeout'));
    const shown = bad.slice(0, 5).join(', ') + (bad.length > 5 ? ` and ${bad.length - 5} more` : '');
    return [
      say(
        'ND501',
        `Service ${nameOf(service)} has externalTrafficPolicy Local: node ${shown} has no ready endpoint and drops what comes to its node ports; ${good.slice(0, 5).join(', ')} ${good.length === 1 ? 'has one' : 'have one'}`,
        {
          confidence: silent.length > 0 ? 'proven' : 'likely',
          object: serviceAt(service, 'spec.externalTrafficPolicy', 'Local'),
          evidence: [
            fromApi(`service ${nameOf(service)}`, 'externalTrafficPolicy: Local'),
            fromApi(
              `endpoints of ${nameOf(service)}`,
              ready
                .slice(0, 5)
                .map(({ text, node }) => `${text} on ${node ?? ''}`)
                .join(', '),
            ),
            ...silent.slice(0, 3).map(fromConnect),
          ],
          fix: {
            text: `call a node with an endpoint (${good.slice(0, 3).join(', ')}), run one on every node, or let nodes forward to others, which hides the client's address`,
            commands: [
              kubectl(
                namespace,
                'patch',
                'service',
                name,
                '-p',
                '{"spec":{"externalTrafficPolicy":"Cluster"}}',
              ),
            ],
          },
          hop: 'address',
          touches: [objectKey('service', service.metadata)],
          blocks: { model: 'fail' },
        },
      ),
    ];
  },
};
