import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { nodesOf } from '../model/nodes.js';
import { ageText } from '../model/pods.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** Nodes at either end that are not Ready, or say that their network is not set up. */
export const nodeState: Check = {
  name: 'node-state',
  codes: ['ND801', 'ND802'],
  reads: inputs('cluster', 'nodes'),
  concerns: (facts) => nodesOf(facts).length > 0,
  find: (facts) => {
    const { read, now } = facts;
    return nodesOf(facts).flatMap(({ name, sources, endpoints }): Finding[] => {
      const node = itemsOf(read('nodes')).find(({ metadata }) => metadata.name === name);
      const conditions = node?.status?.conditions ?? [];
      const ready = conditions.find(({ type, status }) => type === 'Ready' && status !== 'True');
      const network = conditions.find(
        ({ type, status }) => type === 'NetworkUnavailable' && status === 'True',
      );
      const condition = ready ?? network;
      if (condition === undefined) return [];
      const age = ageText(condition.lastTransitionTime, now);
      const plugin =
        /cni (plugin )?(config )?(not initialized|uninitialized)|network plugin is not ready/i.test(
          condition.message ?? '',
        );
      return [
        {
          code: plugin ? 'ND802' : 'ND801',
          severity: 'error',
          confidence: 'likely',
          object: {
            kind: 'Node',
            name,
            fieldPath: 'status.conditions',
            value: `${condition.type}=${condition.status}`,
          },
          message: `node ${name} is ${condition === network ? 'without network' : 'not Ready'}${age === undefined ? '' : ` since ${age}`}: ${[condition.reason, condition.message].filter((text) => (text ?? '') !== '').join(': ') || `${condition.type}=${condition.status}`}`,
          evidence: [
            fromApi(`node ${name}`, `${condition.type}=${condition.status} (${condition.reason ?? ''})`),
          ],
          fix: {
            text: plugin
              ? 'see whether the DaemonSet of the network plugin runs there'
              : 'see what its kubelet says',
            commands: plugin
              ? [
                  kubectl(
                    'kube-system',
                    'get',
                    'pods',
                    '-o',
                    'wide',
                    '--field-selector',
                    `spec.nodeName=${name}`,
                  ),
                ]
              : [kubectl(undefined, 'describe', 'node', name)],
          },
          hop: 'node',
          // Its pods are taken for not Ready, whatever they are.
          touches: [objectKey('node', { name }), ...endpoints, ...sources],
          // A node that does not report may still forward packets.
          blocks: {
            model: condition === network || plugin ? 'fail' : 'unknown',
            ...(endpoints.length > 0 ? { endpoints } : { sources }),
          },
        },
      ];
    });
  },
};
