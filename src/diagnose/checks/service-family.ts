import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { slicesOf } from '../model/endpoints.js';
import { addressesOf } from '../model/pods.js';
import { parseAddress } from '../policy/address.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** Client and Service without an address family in common, and a family of the Service behind which nobody is. */
export const serviceFamily: Check = {
  name: 'service-family',
  codes: ['ND315'],
  reads: [...inputs('source', 'pods'), ...inputs('destination', 'services', 'endpointslices', 'pods')],
  concerns: ({ destination: { service } }) => service?.object?.spec.ipFamilies !== undefined,
  find: ({ read, sources, destination: { service } }) => {
    const object = service?.object;
    if (service === undefined || object === undefined || object.spec.clusterIP === 'None') return [];
    const { namespace = '', name } = object.metadata;
    const families = object.spec.ipFamilies ?? [];
    const say = (message: string, rest: Partial<Finding>): Finding => ({
      code: 'ND315',
      severity: 'error',
      confidence: 'proven',
      object: { kind: 'Service', namespace, name, fieldPath: 'spec.ipFamilies', value: families.join(', ') },
      message,
      evidence: [fromApi(`service ${namespace}/${name}`, `ipFamilies: ${families.join(', ')}`)],
      fix: {
        text: 'give both one family in common: ipFamilyPolicy PreferDualStack, or ipFamilies',
        commands: [],
      },
      hop: 'service',
      touches: [objectKey('service', object.metadata)],
      ...rest,
    });
    const apart = sources.filter(({ pod }) => {
      const own = familiesOf(pod === undefined ? [] : addressesOf(pod));
      return own.length > 0 && !own.some((family) => families.includes(family));
    });
    if (apart.length > 0) {
      const { text } = apart[0] ?? { text: '' };
      return [
        say(
          `Service ${namespace}/${name} has ${families.join(' and ')} only, and ${text} has no address of that family`,
          {
            blocks: { model: 'fail', sources: apart.map(({ key }) => key) },
          },
        ),
      ];
    }
    const ready = slicesOf(object, read('endpointslices', namespace)).flatMap(({ addressType, endpoints }) =>
      addressType !== undefined && (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false)
        ? [addressType]
        : [],
    );
    const empty = families.filter((family) => !ready.includes(family));
    if (ready.length === 0 || empty.length === 0) return [];
    return [
      say(
        `Service ${namespace}/${name} has an address of ${empty.join(' and ')}, and no ready endpoint of that family: clients that try it first are refused`,
        {
          severity: 'warning',
          confidence: 'likely',
          fix: {
            text: `let the application listen on ${empty.join(' and ')}, or leave that family out of ipFamilies`,
            commands: [],
          },
        },
      ),
    ];
  },
};

function familiesOf(addresses: readonly string[]): string[] {
  return addresses.flatMap((text) =>
    parseAddress(text) === undefined ? [] : [text.includes(':') ? 'IPv6' : 'IPv4'],
  );
}
