import type { KubeEvent } from '../../kube/types.js';
import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { eventEvidence, eventsOf, timeOf } from '../model/events.js';
import type { Facts } from '../model/facts.js';
import { readyCondition, statusesOf } from '../model/pods.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** A container that has run for so long is no longer starting, milliseconds. */
const startedMs = 60_000;
/** An event that was seen within this time is still true, milliseconds. */
const freshMs = 5 * 60_000;

/** What the kubelet met where a readiness probe is aimed at the wrong place. Refused connections are of starting applications, too. */
const misses: readonly { readonly sign: RegExp; readonly what: string; readonly fix: string }[] = [
  {
    sign: /server gave HTTP response to HTTPS client/,
    what: 'asks with HTTPS, and the application answers with HTTP',
    fix: 'take scheme: HTTPS out of the probe',
  },
  {
    sign: /statuscode: 400|malformed HTTP response/,
    what: 'asks with HTTP where the application seems to expect something else, such as HTTPS',
    fix: 'set scheme: HTTPS in the probe where the application speaks TLS',
  },
  {
    sign: /statuscode: 404/,
    what: 'asks for a path that the application does not have (404)',
    fix: 'correct the path of the probe',
  },
  {
    sign: /connect: connection refused/,
    what: 'knocks at a port on which nothing listens, although the container has run for a while',
    fix: 'let the probe knock where the application listens',
  },
];

/** Readiness probes that fail, by what the kubelet says of them, of pods that are not Ready. */
export const probeEvents: Check = {
  name: 'probe-events',
  codes: ['ND109'],
  live: true,
  reads: inputs('destination', 'pods', 'events'),
  concerns: ({ destination: { endpoints } }) =>
    endpoints.some(
      ({ pod }) => pod?.spec.containers.some((one) => one.readinessProbe !== undefined) === true,
    ),
  find: (facts) => {
    const pods = new Map(
      facts.destination.endpoints.flatMap(({ pod }) => (pod === undefined ? [] : [[pod.metadata.name, pod]])),
    );
    return [...pods.values()].flatMap((pod) => misaimed(pod, facts));
  },
};

function misaimed(pod: SnapshotPod, facts: Facts): Finding[] {
  if (readyCondition(pod) || pod.metadata.deletionTimestamp !== undefined) return [];
  const { namespace = '', name } = pod.metadata;
  return pod.spec.containers.flatMap((container, index): Finding[] => {
    const status = statusesOf(pod).find((one) => one.name === container.name);
    const started = Date.parse(status?.state?.running?.startedAt ?? '');
    if (
      container.readinessProbe === undefined ||
      status?.ready === true ||
      !(facts.now - started > startedMs)
    )
      return [];
    const event = eventsOf(facts, pod).find((one) => isFresh(one, container.name, facts.now));
    const miss = misses.find(({ sign }) => sign.test(event?.message ?? ''));
    if (event === undefined || miss === undefined) return [];
    return [
      {
        code: 'ND109',
        severity: 'error',
        confidence: 'likely',
        object: {
          kind: 'Pod',
          namespace,
          name,
          fieldPath: `spec.containers[${index}].readinessProbe`,
        },
        message: `the readiness probe of container ${container.name} of pod ${namespace}/${name} ${miss.what}: the pod never becomes Ready`,
        evidence: [
          eventEvidence(event),
          fromApi(
            `pod ${namespace}/${name}`,
            `container ${container.name} runs since ${status?.state?.running?.startedAt ?? ''}, ready: false`,
          ),
        ],
        fix: { text: miss.fix, commands: [kubectl(namespace, 'describe', 'pod', name)] },
        hop: 'endpoint',
        touches: [objectKey('pod', pod.metadata)],
      },
    ];
  });
}

function isFresh(event: KubeEvent, container: string, now: number): boolean {
  const { reason, message, involvedObject } = event;
  const about = involvedObject?.fieldPath;
  return (
    reason === 'Unhealthy' &&
    message?.startsWith('Readiness probe failed') === true &&
    (about === undefined || about === `spec.containers{${container}}`) &&
    Math.abs(now - timeOf(event)) < freshMs
  );
}
