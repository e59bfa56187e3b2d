import { fromApi, objectKey } from '../finding.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { connectsOf, together } from './live-seen.js';

/** A pod that calls the Service it is behind: whether it reaches itself depends on the network plugin. */
export const serviceHairpin: Check = {
  name: 'service-hairpin',
  codes: ['ND317'],
  reads: [...inputs('source', 'pods'), ...inputs('destination', 'services', 'endpointslices')],
  concerns: ({ sources, destination: { service } }) => service?.object !== undefined && sources.length > 0,
  find: (facts) => {
    const { sources, destination } = facts;
    const { service, endpoints } = destination;
    const object = service?.object;
    // The name of a headless Service leads to the pod itself, and no address is translated.
    if (object === undefined || object.spec.clusterIP === 'None') return [];
    const ready = endpoints.filter((one) => one.ready);
    const itself = sources.filter(({ key }) => ready.some((endpoint) => endpoint.key === key));
    const [first] = itself;
    if (first === undefined) return [];
    // Seen to reach itself: nothing is left to be said.
    if (ready.length === 1 && together(connectsOf(facts, first.key, 'service')) === 'ok') return [];
    const { namespace = '', name } = object.metadata;
    return [
      {
        code: 'ND317',
        severity: 'info',
        confidence: 'possible',
        object: { kind: 'Service', namespace, name },
        message: `${first.text} is ${ready.length === 1 ? 'the only endpoint' : 'itself an endpoint'} of Service ${namespace}/${name}: whether a pod reaches itself through a Service depends on hairpin mode of the network plugin`,
        evidence: ready
          .slice(0, 3)
          .map(({ text }) => fromApi(`service ${namespace}/${name}`, `endpoint ${text}`)),
        fix: {
          text: 'call localhost from inside the pod, or set hairpinMode in the configuration of the network plugin',
          commands: [],
        },
        hop: 'service',
        touches: [objectKey('service', object.metadata)],
      },
    ];
  },
};
