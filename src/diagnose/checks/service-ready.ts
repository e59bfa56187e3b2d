import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { ageText, isManifest, readyCondition, statusesOf } from '../model/pods.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** A Service whose pods are there, and none of which is Ready. */
export const serviceReady: Check = {
  name: 'service-ready',
  codes: ['ND303', 'ND304', 'ND305', 'ND415'],
  reads: inputs('destination', 'services', 'pods', 'endpointslices'),
  concerns: ({ destination: { service } }) => service?.object !== undefined,
  find: ({ now, destination: { service } }) => {
    const object = service?.object;
    if (service === undefined || object === undefined || object.spec.publishNotReadyAddresses === true)
      return [];
    if (service.endpoints.some(({ ready }) => ready) || object.spec.type === 'ExternalName') return [];
    const { metadata, spec } = object;
    const { namespace = '', name } = metadata;
    const touches = [objectKey('service', metadata)];
    const headless: Finding[] =
      spec.clusterIP === 'None' && service.host !== undefined
        ? [
            {
              code: 'ND415',
              severity: 'error',
              confidence: 'likely',
              object: { kind: 'Service', namespace, name, fieldPath: 'spec.clusterIP', value: 'None' },
              message: `Service ${namespace}/${name} is headless and has no ready endpoint: its name has no address`,
              evidence: [fromApi(`service ${namespace}/${name}`, 'clusterIP: None, no ready endpoint')],
              fix: { text: 'let its pods become Ready', commands: [] },
              hop: 'dns',
              touches,
              blocks: { model: 'fail' },
            },
          ]
        : [];
    // The pods may all be Ready and the port without a number: that is the matter of ND308.
    const pods = service.selected.filter((pod) => !isManifest(pod));
    if (
      pods.length === 0 ||
      pods.some((pod) => readyCondition(pod) && pod.metadata.deletionTimestamp === undefined)
    )
      return headless;
    const ending = service.endpoints.filter(({ terminating }) => terminating);
    if (pods.every(({ metadata: { deletionTimestamp } }) => deletionTimestamp !== undefined)) {
      const serving = ending.filter((one) => one.serving).length;
      return [
        {
          code: 'ND305',
          severity: serving > 0 ? 'warning' : 'error',
          confidence: 'proven',
          object: { kind: 'Service', namespace, name },
          message: `every pod of Service ${namespace}/${name} is being deleted${serving > 0 ? `; ${serving} still serve, and only until they end` : ''}`,
          evidence: pods
            .slice(0, 5)
            .map((pod) =>
              fromApi(podText(pod), `deletionTimestamp: ${pod.metadata.deletionTimestamp ?? ''}`),
            ),
          fix: {
            text: 'see why no new pods come (maxUnavailable, a workload that was deleted), and let old ones serve on with a preStop hook',
            commands: [kubectl(namespace, 'get', 'pods', '-o', 'wide')],
          },
          hop: 'service',
          touches,
          ...(serving > 0 ? {} : { blocks: { model: 'fail' } as const }),
        },
        ...headless,
      ];
    }
    return [
      ...pods.flatMap((pod) => gateless(pod, touches)),
      {
        code: 'ND303',
        severity: 'error',
        confidence: 'proven',
        object: { kind: 'Service', namespace, name },
        message: `Service ${namespace}/${name} has ${pods.length === 1 ? 'one pod, which is' : `${pods.length} pods, none of which is`} ${pods.length === 1 ? 'not ' : ''}Ready: ${pods
          .slice(0, 3)
          .map((pod) => whyText(pod, now))
          .join('; ')}`,
        evidence: pods.slice(0, 5).map((pod) => fromApi(podText(pod), readyText(pod))),
        fix: {
          text: 'see why they are not Ready',
          commands: [kubectl(namespace, 'describe', 'pod', pods[0]?.metadata.name ?? '')],
        },
        hop: 'service',
        touches: [...touches, ...pods.map(({ metadata: each }) => objectKey('pod', each))],
        blocks: { model: 'fail' },
      },
      ...headless,
    ];
  },
};

function podText({ metadata }: SnapshotPod): string {
  return `pod ${metadata.namespace ?? ''}/${metadata.name}`;
}

function readyText({ status }: SnapshotPod): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return `Ready=${ready?.status ?? '(absent)'}${ready?.message === undefined ? '' : `: ${ready.message}`}`;
}

function whyText(pod: SnapshotPod, now: number): string {
  const { name, creationTimestamp } = pod.metadata;
  const waiting = statusesOf(pod).filter(({ ready }) => ready !== true);
  const state = waiting.map(
    ({ name: container, state: now }) =>
      `${container} ${now?.waiting?.reason ?? (now?.running === undefined ? 'not running' : 'running, not ready')}`,
  );
  const age = ageText(creationTimestamp, now);
  return `${name} (${state.join(', ') || (pod.status?.phase ?? '')}${age === undefined ? '' : `, ${age} old`})`;
}

/** Gates that nobody has opened, of a pod whose containers are all ready. */
function gateless(pod: SnapshotPod, touches: readonly string[]): Finding[] {
  const { namespace = '', name } = pod.metadata;
  const conditions = pod.status?.conditions ?? [];
  if (!conditions.some(({ type, status }) => type === 'ContainersReady' && status === 'True')) return [];
  return (pod.spec.readinessGates ?? []).flatMap(({ conditionType }): Finding[] => {
    if (conditions.some(({ type }) => type === conditionType)) return [];
    return [
      {
        code: 'ND304',
        severity: 'error',
        confidence: 'proven',
        object: { kind: 'Pod', namespace, name, fieldPath: 'spec.readinessGates', value: conditionType },
        message: `pod ${namespace}/${name} waits for the condition ${conditionType}, which nobody has set; its containers are ready`,
        evidence: [fromApi(podText(pod), `no condition ${conditionType}`)],
        fix: {
          text: 'see whether the controller that sets this condition runs, or take the gate away',
          commands: [],
        },
        hop: 'service',
        touches: [...touches, objectKey('pod', pod.metadata)],
      },
    ];
  });
}
