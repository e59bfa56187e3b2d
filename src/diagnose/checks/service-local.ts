import { kubectl } from '../command.js';
import { fromApi, objectKey } from '../finding.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** internalTrafficPolicy Local, and a client on a node without an endpoint. */
export const serviceLocal: Check = {
  name: 'service-local',
  codes: ['ND313'],
  reads: [...inputs('source', 'pods'), ...inputs('destination', 'services', 'endpointslices')],
  // Controllers connect to endpoints themselves, and for clients outside another policy counts.
  concerns: ({ destination: { service }, outside }) =>
    outside === undefined && service?.object?.spec.internalTrafficPolicy === 'Local',
  find: ({ sources, destination: { service } }) => {
    const object = service?.object;
    if (service === undefined || object === undefined || object.spec.clusterIP === 'None') return [];
    const ready = service.endpoints.filter((one) => one.ready);
    // Where no node is told, nobody knows what is local.
    if (ready.length === 0 || ready.some(({ node }) => node === undefined)) return [];
    const nodes = new Set(ready.map(({ node }) => node));
    const cutOff = sources.filter(
      ({ pod }) => pod?.spec.nodeName !== undefined && !nodes.has(pod.spec.nodeName),
    );
    if (cutOff.length === 0) return [];
    const { namespace = '', name } = object.metadata;
    const where = [...new Set(cutOff.map(({ pod }) => pod?.spec.nodeName ?? ''))];
    return [
      {
        code: 'ND313',
        severity: 'error',
        confidence: 'likely',
        object: { kind: 'Service', namespace, name, fieldPath: 'spec.internalTrafficPolicy', value: 'Local' },
        message: `Service ${namespace}/${name} gives clients only endpoints of their own node, and ${where.join(', ')} has none; they are on ${[...nodes].slice(0, 5).join(', ')}`,
        evidence: [
          fromApi(`service ${namespace}/${name}`, 'internalTrafficPolicy: Local'),
          ...cutOff
            .slice(0, 3)
            .map(({ text, pod }) => fromApi(`pod ${text}`, `nodeName: ${pod?.spec.nodeName ?? ''}`)),
        ],
        fix: {
          text: 'run an endpoint on every node with clients (a DaemonSet), or let clients go to other nodes',
          commands: [
            kubectl(
              namespace,
              'patch',
              'service',
              name,
              '-p',
              '{"spec":{"internalTrafficPolicy":"Cluster"}}',
            ),
          ],
        },
        hop: 'service',
        touches: [objectKey('service', object.metadata)],
        blocks: { model: 'fail', sources: cutOff.map(({ key }) => key) },
      },
    ];
  },
};
