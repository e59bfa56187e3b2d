import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { itemsOf } from '../reading.js';
import { snapshotKinds } from '../snapshot/kinds.js';
import type { SnapshotService, Workload } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

const scalable = ['deployments', 'statefulsets'] as const;

/** Workloads behind a Service that were scaled to nothing, or do not get on; pods of the last rollout that answer make it no matter. */
export const serviceWorkloads: Check = {
  name: 'service-workloads',
  codes: ['ND324'],
  reads: inputs('destination', 'services', 'pods', 'endpointslices', ...scalable),
  concerns: ({ destination: { service } }) => service?.object?.spec.selector != null,
  find: (facts) => {
    const { service } = facts.destination;
    const object = service?.object;
    if (service === undefined || object === undefined || object.spec.type === 'ExternalName') return [];
    if (Object.keys(object.spec.selector ?? {}).length === 0) return [];
    return service.endpoints.some(({ ready }) => ready) ? [] : idleWorkloads(facts, object);
  },
};

/** Workloads whose pods the Service would select, with no replicas wanted, or that say themselves that they do not get on. */
function idleWorkloads({ read }: Facts, { metadata, spec }: SnapshotService): Finding[] {
  const { namespace = '' } = metadata;
  return scalable.flatMap((kind) =>
    itemsOf(read(kind, namespace)).flatMap((workload): Finding[] => {
      const labels = workload.spec.template?.metadata?.labels ?? {};
      const meant = Object.entries(spec.selector ?? {}).every(([key, value]) => labels[key] === value);
      const owned = workload.metadata.ownerReferences?.some(({ controller }) => controller === true) === true;
      if (!meant || owned) return [];
      const stuck = stuckCondition(workload);
      const idle = workload.spec.replicas === 0;
      if (!idle && stuck === undefined) return [];
      const { kind: kindName } = snapshotKinds[kind];
      const { name } = workload.metadata;
      return [
        {
          code: 'ND324',
          severity: 'error',
          confidence: 'proven',
          object: idle
            ? { kind: kindName, namespace, name, fieldPath: 'spec.replicas', value: '0' }
            : { kind: kindName, namespace, name, fieldPath: 'status.conditions', value: stuck?.reason ?? '' },
          message: idle
            ? `${kindName} ${namespace}/${name}, whose pods Service ${metadata.name} selects, is scaled to 0`
            : `${kindName} ${namespace}/${name} does not get on: ${stuck?.message ?? stuck?.reason ?? ''}`,
          evidence: [
            fromApi(
              `${kindName.toLowerCase()} ${namespace}/${name}`,
              idle
                ? 'spec.replicas: 0'
                : `${stuck?.type ?? ''}=${stuck?.status ?? ''} (${stuck?.reason ?? ''})`,
            ),
          ],
          fix: idle
            ? {
                text: 'scale it up',
                commands: [kubectl(namespace, 'scale', `${kindName.toLowerCase()}/${name}`, '--replicas=1')],
              }
            : {
                text: 'see why, or go back',
                commands: [kubectl(namespace, 'rollout', 'undo', `${kindName.toLowerCase()}/${name}`)],
              },
          hop: 'service',
          touches: [objectKey('service', metadata), objectKey(kindName, workload.metadata)],
        },
      ];
    }),
  );
}

function stuckCondition({ status }: Workload) {
  return (status?.conditions ?? []).find(
    ({ type, status: state }) =>
      (type === 'Progressing' && state === 'False') || (type === 'ReplicaFailure' && state === 'True'),
  );
}
