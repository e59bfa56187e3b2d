import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { makerOf } from '../model/pods.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inMesh } from './mesh-say.js';

/** An application that ends so soon after its proxy began may well have called before that was ready. */
const raceMs = 15_000;

/** Pods whose application and proxy start and end out of step: an application that was too early, a Job whose proxy keeps it from ending. */
export const meshStart: Check = {
  name: 'mesh-start',
  codes: ['ND709'],
  reads: [],
  concerns: inMesh,
  find: (facts) => {
    const ends = new Map([...facts.sources, ...facts.destination.endpoints].map((one) => [one.key, one.pod]));
    return [...ends].flatMap(([key, pod]): Finding[] => {
      const member = facts.mesh?.members.get(key);
      // A native sidecar is up before the application, and does not keep a Job from ending.
      if (pod === undefined || member?.kind !== 'sidecar' || member.native || member.proxy === undefined)
        return [];
      return [...hungJob(key, pod, member.proxy), ...tooEarly(facts, key, pod, member.proxy)];
    });
  },
};

function hungJob(key: string, pod: SnapshotPod, proxy: string): Finding[] {
  const statuses = pod.status?.containerStatuses ?? [];
  const own = statuses.filter(({ name }) => name !== proxy);
  const running = statuses.find(({ name }) => name === proxy)?.state?.running !== undefined;
  const ended = own.length > 0 && own.every(({ state }) => state?.terminated !== undefined);
  if (!running || !ended || makerOf(pod)?.startsWith('Job ') !== true) return [];
  const { namespace = '', name } = pod.metadata;
  return [
    {
      ...base(pod, key),
      severity: 'warning',
      confidence: 'proven',
      message: `pod ${namespace}/${name} of a Job is done, and its proxy (container ${proxy}) runs on: the Job never ends`,
      evidence: [
        fromApi(
          `pod ${namespace}/${name}`,
          `${own.map((one) => one.name).join(', ')} ended, ${proxy} runs, and is no native sidecar`,
        ),
      ],
      fix: {
        text: 'let the mesh use native sidecars (ENABLE_NATIVE_SIDECARS of istiod), or let the application end its proxy: POST /quitquitquit on port 15020',
        commands: [
          kubectl(
            namespace,
            'exec',
            name,
            '-c',
            proxy,
            '--',
            'pilot-agent',
            'request',
            'POST',
            'quitquitquit',
          ),
        ],
      },
    },
  ];
}

function tooEarly({ observed }: Facts, key: string, pod: SnapshotPod, proxy: string): Finding[] {
  if (holds(pod, proxy)) return [];
  const statuses = pod.status?.containerStatuses ?? [];
  const proxyAt = Date.parse(statuses.find(({ name }) => name === proxy)?.state?.running?.startedAt ?? '');
  const { namespace = '', name } = pod.metadata;
  return statuses.flatMap((status): Finding[] => {
    const last = status.lastState?.terminated;
    const ended = Date.parse(last?.finishedAt ?? '');
    const early = ended - proxyAt < raceMs && ended >= proxyAt - raceMs;
    if (status.name === proxy || last === undefined || last.exitCode === 0 || !early) return [];
    const said = observed?.logs.find(
      (one) =>
        one.pod === key &&
        one.container === status.name &&
        one.previous &&
        one.codes.some((code) => /^ND(709|106|306)$/.test(code)),
    );
    const seconds = Math.max(0, Math.round((ended - proxyAt) / 1000));
    return [
      {
        ...base(pod, key),
        severity: 'warning',
        confidence: said === undefined ? 'possible' : 'likely',
        message: `container ${status.name} of pod ${namespace}/${name} ended with exit code ${last.exitCode} ${seconds} s after its proxy began, and the application does not wait for the proxy: what it called before that was ready failed`,
        evidence: [
          fromApi(
            `pod ${namespace}/${name}`,
            `${status.name} ended at ${last.finishedAt ?? ''}, ${proxy} began ${new Date(proxyAt).toISOString()}, restarts ${status.restartCount ?? 0}`,
          ),
          ...(said === undefined
            ? []
            : [
                {
                  source: 'log' as const,
                  about: `${key}, container ${status.name}, before its restart`,
                  excerpt: said.sample,
                },
              ]),
        ],
        fix: {
          text: 'let the application wait: annotation proxy.istio.io/config with holdApplicationUntilProxyStarts, or native sidecars',
          commands: holdCommands(pod),
        },
      },
    ];
  });
}

/** Istio puts a proxy that is waited for first, before the application. */
function holds({ spec, metadata }: SnapshotPod, proxy: string): boolean {
  if (
    /holdApplicationUntilProxyStarts["']?\s*:\s*["']?true/.test(
      metadata.annotations?.['proxy.istio.io/config'] ?? '',
    )
  )
    return true;
  return spec.containers.length > 1 && spec.containers[0]?.name === proxy;
}

function holdCommands(pod: SnapshotPod): readonly string[] {
  const [kind = '', name] = makerOf(pod)?.split(' ') ?? [];
  if (name === undefined || !['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind)) return [];
  const annotations = { 'proxy.istio.io/config': '{"holdApplicationUntilProxyStarts": true}' };
  const patch = JSON.stringify({ spec: { template: { metadata: { annotations } } } });
  return [kubectl(pod.metadata.namespace, 'patch', kind.toLowerCase(), name, '-p', patch)];
}

function base({ metadata }: SnapshotPod, key: string): Pick<Finding, 'code' | 'object' | 'hop' | 'touches'> {
  const { namespace = '', name } = metadata;
  return {
    code: 'ND709',
    object: { kind: 'Pod', namespace, name, fieldPath: 'spec.containers[].name', value: 'istio-proxy' },
    hop: 'mesh',
    touches: [key],
  };
}
