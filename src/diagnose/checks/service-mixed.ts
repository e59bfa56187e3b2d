import { kubectl } from '../command.js';
import { fromApi, objectKey } from '../finding.js';
import { isManifest, makerOf, runningContainers } from '../model/pods.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/**
 * A selector that takes in pods which are none of the Service's. Two workloads behind one Service are often meant (canaries); what is
 * not meant are pods that say themselves they have no such port, next to others that have it, and those of Jobs.
 */
export const serviceMixed: Check = {
  name: 'service-mixed',
  codes: ['ND310'],
  reads: inputs('destination', 'services', 'pods', 'endpointslices'),
  concerns: ({ destination: { service } }) => service?.object?.spec.selector != null,
  find: ({ destination: { service, endpoints, port } }) => {
    const object = service?.object;
    const target = service?.port?.targetPort ?? service?.port?.port;
    if (object === undefined || target === undefined || port === undefined) return [];
    const byMaker = new Map<string, { readonly pods: string[]; strange: boolean }>();
    const members = endpoints.flatMap(({ pod, ready }) =>
      pod === undefined || isManifest(pod) || !ready ? [] : [pod],
    );
    const someHave = members.some((pod) => has(pod, target) === true);
    for (const pod of members) {
      const maker = makerOf(pod) ?? `pod ${pod.metadata.name}`;
      const known = byMaker.get(maker) ?? { pods: [], strange: true };
      known.pods.push(pod.metadata.name);
      known.strange &&= (someHave && has(pod, target) === false) || maker.startsWith('Job ');
      byMaker.set(maker, known);
    }
    const strange = [...byMaker].filter(([, one]) => one.strange);
    if (strange.length === 0 || strange.length === byMaker.size) return [];
    const { namespace = '', name } = object.metadata;
    const wrong = strange.flatMap(([, { pods }]) => pods);
    const selector = Object.entries(object.spec.selector ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    return [
      {
        code: 'ND310',
        severity: 'warning',
        confidence: 'likely',
        object: { kind: 'Service', namespace, name, fieldPath: 'spec.selector', value: selector },
        message: `the selector of Service ${namespace}/${name} (${selector}) also takes in ${strange.map(([maker]) => maker).join(', ')}, whose pods ${strange.some(([maker]) => maker.startsWith('Job ')) ? 'are no servers' : `declare no port ${target}`}: ${wrong.length} of ${members.length} connections go there`,
        evidence: [...byMaker].map(([maker, { pods }]) =>
          fromApi(`endpoints of service ${namespace}/${name}`, `${maker}: ${pods.slice(0, 3).join(', ')}`),
        ),
        fix: {
          text: 'add a label to the selector that only the right pods have',
          commands: [kubectl(namespace, 'get', 'pods', '-l', selector, '--show-labels')],
        },
        hop: 'service',
        touches: [objectKey('service', object.metadata)],
        blocks: {
          model: 'unknown',
          endpoints: wrong.map((pod) => objectKey('pod', { namespace, name: pod })),
        },
      },
    ];
  },
};

/** Whether the containers declare the port; undefined for pods that declare none. */
function has(pod: SnapshotPod, target: number | string): boolean | undefined {
  const ports = runningContainers(pod).flatMap((container) => container.ports ?? []);
  if (ports.length === 0) return undefined;
  return ports.some((port) => port.name === target || port.containerPort === target);
}
