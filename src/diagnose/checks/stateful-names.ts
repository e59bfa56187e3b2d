import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { itemsOf } from '../reading.js';
import { isPodOf } from '../snapshot/templates.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** A StatefulSet whose pods have no names of their own, because its serviceName leads nowhere. */
export const statefulNames: Check = {
  name: 'stateful-names',
  codes: ['ND319'],
  reads: inputs('destination', 'statefulsets', 'services'),
  concerns: ({ destination: { workload, endpoints, service } }) =>
    workload?.kind === 'statefulset' ||
    (service === undefined &&
      endpoints.some(
        ({ pod }) => pod?.metadata.ownerReferences?.some(({ kind }) => kind === 'StatefulSet') === true,
      )),
  find: ({ read, destination: { namespace = '', workload, endpoints } }) => {
    const services = itemsOf(read('services', namespace));
    const sets = itemsOf(read('statefulsets', namespace)).filter(
      (set) =>
        set.metadata.name ===
          (workload?.kind === 'statefulset' ? workload.object.metadata.name : undefined) ||
        endpoints.some(({ pod }) => pod !== undefined && isPodOf(set, pod)),
    );
    return sets.flatMap(({ metadata, spec }): Finding[] => {
      const wanted = spec.serviceName ?? '';
      const service = services.find((one) => one.metadata.name === wanted);
      if (wanted === '' || service?.spec.clusterIP === 'None') return [];
      const template = spec.template?.metadata?.labels ?? {};
      const headless = services.find(
        (one) =>
          one.spec.clusterIP === 'None' &&
          Object.entries(one.spec.selector ?? {}).every(([key, value]) => template[key] === value),
      );
      return [
        {
          code: 'ND319',
          severity: 'warning',
          confidence: 'proven',
          object: {
            kind: 'StatefulSet',
            namespace,
            name: metadata.name,
            fieldPath: 'spec.serviceName',
            value: wanted,
          },
          message: `StatefulSet ${namespace}/${metadata.name} names Service ${wanted}, which ${service === undefined ? 'does not exist' : 'is not headless'}: its pods have no names such as ${metadata.name}-0.${wanted}${headless === undefined ? '' : `; ${headless.metadata.name} would be a headless one`}`,
          evidence: [
            fromApi(`statefulset ${namespace}/${metadata.name}`, `serviceName: ${wanted}`),
            fromApi(
              `services of namespace ${namespace}`,
              service === undefined
                ? `no ${wanted}`
                : `${wanted} has clusterIP ${service.spec.clusterIP ?? ''}`,
            ),
          ],
          fix: {
            text:
              service === undefined
                ? `create a headless Service ${wanted}; serviceName itself cannot be changed`
                : `make ${wanted} headless (it has to be made anew), as serviceName cannot be changed`,
            commands:
              service === undefined
                ? [kubectl(namespace, 'create', 'service', 'clusterip', wanted, '--clusterip=None')]
                : [],
          },
          hop: 'dns',
          touches: [objectKey('statefulset', metadata)],
        },
      ];
    });
  },
};
