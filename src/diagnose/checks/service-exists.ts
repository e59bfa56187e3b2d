import { nearNames } from '../../target/near.js';
import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { isBehindRule } from '../outside/facts.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** A Service that is not there, or not in the namespace in which its name is looked up. */
export const serviceExists: Check = {
  name: 'service-exists',
  codes: ['ND301', 'ND410'],
  reads: inputs('destination', 'services'),
  mayRead: inputs('cluster', 'services'),
  // What an Ingress or a route names and is not there, is told by the checks of these.
  concerns: ({ destination, outside }) => destination.service !== undefined && !isBehindRule(outside),
  find: ({ read, destination: { service }, sources }) => {
    if (service === undefined || service.object !== undefined) return [];
    const { namespace, name, host } = service;
    const own = itemsOf(read('services', namespace)).map(({ metadata }) => metadata.name);
    const elsewhere = itemsOf(read('services'))
      .filter(({ metadata }) => metadata.name === name && metadata.namespace !== namespace)
      .map(({ metadata }) => metadata.namespace ?? '');
    const near = nearNames(name, own).filter((one) => one !== name);
    const [other] = elsewhere;
    // A short name is completed with the namespace of the pod that asks.
    const short = host !== undefined && !host.includes('.') && other !== undefined;
    const meant = [...elsewhere.map((each) => `${name}.${each}`), ...near].slice(0, 3);
    const finding: Finding = {
      code: short ? 'ND410' : 'ND301',
      severity: 'error',
      confidence: 'proven',
      object: { kind: 'Service', namespace, name },
      message: short
        ? `there is no Service ${name} in ${namespace}, where pods of ${sources[0]?.text ?? namespace} look the short name up; there is one in ${elsewhere.join(', ')}`
        : `there is no Service ${namespace}/${name}${elsewhere.length > 0 ? `; namespace ${elsewhere.slice(0, 3).join(', ')} has one of this name` : ''}`,
      evidence: [
        fromApi(
          `services of namespace ${namespace}`,
          own.length === 0 ? 'none' : own.slice(0, 10).join(', '),
        ),
      ],
      fix: {
        text: meant.length > 0 ? `did you mean ${meant.join(' or ')}?` : 'create it, or correct the name',
        commands: [kubectl(other ?? namespace, 'get', 'services')],
      },
      hop: short ? 'dns' : 'service',
      touches: [objectKey('service', { namespace, name })],
      blocks: { model: 'fail' },
    };
    return [finding];
  },
};
