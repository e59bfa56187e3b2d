import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Endpoint, Facts, Source } from '../model/facts.js';
import { makerOf } from '../model/pods.js';
import type { SnapshotService } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import {
  allEnded,
  connectsOf,
  fromProbe,
  isLoopback,
  observedOf,
  seenFrom,
  seenOf,
  together,
} from './live-seen.js';

/** What connections to a Service and to each of its endpoints say together: a stranger among them, a client that is pinned, a pod that calls itself. */
export const liveService: Check = {
  name: 'live-service',
  codes: ['ND310', 'ND316', 'ND317', 'ND322'],
  live: true,
  reads: [...inputs('source', 'pods'), ...inputs('destination', 'services', 'pods', 'endpointslices')],
  concerns: (facts) =>
    facts.destination.service?.object !== undefined && observedOf(facts).connects.length > 0,
  find: (facts) => {
    const object = facts.destination.service?.object;
    if (object === undefined) return [];
    return [
      ...facts.sources.flatMap((source) => [
        ...pinned(facts, source, object),
        ...itself(facts, source, object),
      ]),
      ...stranger(facts, object),
      ...localNodePort(facts, object),
    ];
  },
};

function about({ metadata }: SnapshotService): Pick<Finding, 'object' | 'hop' | 'touches'> {
  const { namespace = '', name } = metadata;
  return {
    object: { kind: 'Service', namespace, name },
    hop: 'service',
    touches: [objectKey('service', metadata)],
  };
}

/** Endpoints by what one source saw of them. */
function sorted(
  facts: Facts,
  source: Source,
): { readonly ok: readonly Endpoint[]; readonly fail: readonly Endpoint[] } {
  const seen = (wanted: string): readonly Endpoint[] =>
    facts.destination.endpoints.filter(({ key }) => seenFrom(facts, source.key, key) === wanted);
  return { ok: seen('ok'), fail: seen('fail') };
}

/** Endpoints of another maker than all those that answer: the selector takes in more than was meant. */
function stranger(facts: Facts, object: SnapshotService): Finding[] {
  if (object.spec.selector == null) return [];
  for (const source of facts.sources) {
    const { ok, fail } = sorted(facts, source);
    const denied = (endpoint: Endpoint): boolean =>
      facts.links.some(
        (link) =>
          link.source === source &&
          link.endpoint === endpoint &&
          link.verdict !== undefined &&
          link.verdict.verdict !== 'allow',
      );
    // A pod that nobody made tells of no workload.
    const makers = (endpoints: readonly Endpoint[]): readonly string[] => [
      ...new Set(endpoints.map(({ pod }) => (pod === undefined ? undefined : makerOf(pod)) ?? '')),
    ];
    const good = makers(ok);
    const bad = makers(fail);
    // What fails on other nodes only fails because of those, and one maker says nothing about the selector.
    const byNode = fail.every(({ node }) => ok.every((one) => one.node !== node));
    if (ok.length === 0 || fail.length === 0 || bad.some((one) => good.includes(one))) continue;
    if ([...bad, ...good].includes('')) continue;
    if (byNode || fail.some(denied)) continue;
    const { namespace = '', name } = object.metadata;
    const selector = Object.entries(object.spec.selector)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    return [
      {
        ...about(object),
        code: 'ND310',
        severity: 'error',
        confidence: 'likely',
        object: { kind: 'Service', namespace, name, fieldPath: 'spec.selector', value: selector },
        message: `${fail.length} of ${ok.length + fail.length} endpoints of Service ${namespace}/${name} do not answer (${fail.map(({ text }) => text).join(', ')}), and they are of ${bad.join(', ')}; those that do are of ${good.join(', ')}`,
        evidence: [
          ...fail
            .slice(0, 2)
            .flatMap(({ key }) => connectsOf(facts, source.key, 'endpoint', key).map(fromProbe)),
          fromApi(`service ${namespace}/${name}`, `spec.selector: ${selector}`),
        ],
        fix: {
          text: 'add a label to the selector that only the right pods have',
          commands: [kubectl(namespace, 'get', 'pods', '-l', selector, '--show-labels')],
        },
        blocks: { model: 'fail', endpoints: fail.map(({ key }) => key) },
      },
    ];
  }
  return [];
}

/** Every attempt through the Service fails, some endpoints answer, and the Service keeps a client at one. */
function pinned(facts: Facts, source: Source, object: SnapshotService): Finding[] {
  if (object.spec.sessionAffinity !== 'ClientIP') return [];
  const connects = connectsOf(facts, source.key, 'service');
  const { ok, fail } = sorted(facts, source);
  const [bad] = fail;
  if (together(connects) !== 'fail' || ok.length === 0 || bad === undefined) return [];
  const { namespace = '', name } = object.metadata;
  return [
    {
      ...about(object),
      code: 'ND316',
      severity: 'error',
      confidence: 'likely',
      object: { kind: 'Service', namespace, name, fieldPath: 'spec.sessionAffinity', value: 'ClientIP' },
      message: `Service ${namespace}/${name} keeps each client at one endpoint (sessionAffinity ClientIP): ${source.text} never gets through, ${fail.map(({ text }) => text).join(', ')} does not answer, and ${ok.map(({ text }) => text).join(', ')} does`,
      evidence: [
        ...connects.slice(0, 2).map(fromProbe),
        ...connectsOf(facts, source.key, 'endpoint', bad.key).slice(0, 1).map(fromProbe),
        ...connectsOf(facts, source.key, 'endpoint', ok[0]?.key).slice(0, 1).map(fromProbe),
      ],
      fix: {
        text: `mend ${bad.text}; until then a shorter sessionAffinityConfig.clientIP.timeoutSeconds lets clients go`,
        commands: [],
      },
      touches: [objectKey('service', object.metadata), ...fail.map(({ key }) => key)],
      blocks: { model: 'fail', sources: [source.key] },
    },
  ];
}

/** A pod that is an endpoint itself, gets no answer through the Service in silence, and answers when it is called straight. */
function itself(facts: Facts, source: Source, object: SnapshotService): Finding[] {
  const ready = facts.destination.endpoints.filter((one) => one.ready);
  const own = ready.find(({ key }) => key === source.key);
  if (own === undefined || object.spec.clusterIP === 'None') return [];
  const connects = connectsOf(facts, source.key, 'service');
  const straight = [
    ...connectsOf(facts, source.key, 'endpoint', own.key),
    ...connectsOf(facts, source.key, 'loopback'),
  ].filter(({ to }) => to.port === own.port);
  const others = ready.filter((one) => one !== own);
  const alone = others.length === 0;
  const attempts = connects.flatMap((one) => one.attempts);
  const silent = attempts.filter(({ outcome }) => outcome === 'timeout');
  const quiet = alone
    ? silent.length === attempts.length
    : silent.length > 0 && together(connects) === 'mixed';
  const othersAnswer = others.every(({ key }) => seenFrom(facts, source.key, key) === 'ok');
  if (attempts.length === 0 || !quiet || together(straight) !== 'ok' || !othersAnswer) return [];
  const { namespace = '', name } = object.metadata;
  return [
    {
      ...about(object),
      code: 'ND317',
      severity: alone ? 'error' : 'warning',
      confidence: 'likely',
      message: `${source.text} is ${alone ? 'the only endpoint' : 'itself an endpoint'} of Service ${namespace}/${name} and does not reach itself through it (${silent.length} of ${attempts.length} attempts in silence): hairpin mode of the network plugin is off`,
      evidence: [...connects.slice(0, 2).map(fromProbe), ...straight.slice(0, 1).map(fromProbe)],
      fix: {
        text: 'call localhost from inside the pod, or set hairpinMode in the configuration of the network plugin',
        commands: [],
      },
      blocks: { model: alone ? 'fail' : 'unknown', sources: [source.key], endpoints: [own.key] },
    },
  ];
}

/** A node port that is refused on 127.0.0.1 and served on an address of the node. */
function localNodePort(facts: Facts, object: SnapshotService): Finding[] {
  const ports = new Set(
    (object.spec.ports ?? []).flatMap(({ nodePort }) => (nodePort === undefined ? [] : [nodePort])),
  );
  const tried = observedOf(facts).connects.filter(({ to }) => ports.has(to.port) && to.role !== 'endpoint');
  const local = tried.find((one) => isLoopback(one.to.address) && allEnded(one, 'refused', 'timeout'));
  const served = tried.find((one) => !isLoopback(one.to.address) && seenOf(one) === 'ok');
  const { namespace = '', name } = object.metadata;
  if (local === undefined || served?.to.port !== local.to.port) return [];
  return [
    {
      ...about(object),
      code: 'ND322',
      severity: 'warning',
      confidence: 'likely',
      message: `node port ${local.to.port} of Service ${namespace}/${name} is served on ${served.to.address} and not on ${local.to.address}: kube-proxy in mode nftables serves no node port on loopback`,
      evidence: [fromProbe(local), fromProbe(served)],
      fix: { text: `call ${served.to.address}:${served.to.port}`, commands: [] },
    },
  ];
}
