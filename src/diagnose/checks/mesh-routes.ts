import { nearNames } from '../../target/near.js';
import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import { effectiveRule } from '../mesh/destination.js';
import { objectText } from '../mesh/text.js';
import { matchesHost, resolveHost } from '../mesh/hosts.js';
import type { Routed } from '../mesh/routes.js';
import type { ClientView } from '../mesh/types.js';
import type { Facts } from '../model/facts.js';
import { itemsOf } from '../reading.js';
import { hasLabels } from '../snapshot/templates.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { culprit, inMesh } from './mesh-say.js';

/** VirtualServices that send connections where nothing is: hosts nobody knows, ports a Service lacks, subsets without a rule or without pods. */
export const meshRoutes: Check = {
  name: 'mesh-routes',
  codes: ['ND705'],
  reads: [],
  mayRead: [
    ...inputs('cluster', 'services', 'serviceentries', 'destinationrules'),
    ...inputs('destination', 'pods', 'namespaces'),
  ],
  concerns: inMesh,
  find: (facts) => {
    const seen = new Set<string>();
    return (facts.mesh?.views ?? []).flatMap((view) =>
      view.routes.flatMap((routed): Finding[] => {
        const key = JSON.stringify([routed.by.metadata, routed.fieldPath, view.end.namespace]);
        if (seen.has(key)) return [];
        seen.add(key);
        const problem = problemOf(facts, view, routed);
        return problem === undefined ? [] : [finding(facts, routed, problem)];
      }),
    );
  },
};

interface Problem {
  readonly field: string;
  readonly value: string;
  readonly what: string;
  readonly evidence: readonly (readonly [string, string])[];
  readonly fix: string;
  readonly commands: readonly string[];
}

function problemOf(
  { read, mesh }: Facts,
  view: ClientView,
  { by, destination }: Routed,
): Problem | undefined {
  const own = by.metadata.namespace ?? '';
  if (destination.host == null || mesh === undefined) return undefined;
  const host = resolveHost(destination.host, own);
  const [name = '', namespace = '', svc] = host.split('.');
  // Hosts outside may be known to registries that the cluster does not show.
  const local = svc === 'svc' && host.endsWith('.svc.cluster.local');
  const services = read('services', namespace);
  if (!local || services.state !== 'there') return undefined;
  const service = services.items.find(
    (one) => one.metadata.name === name && one.metadata.namespace === namespace,
  );
  const places = [...new Set([view.end.namespace ?? '', namespace, own, mesh.config.rootNamespace])];
  if (service === undefined) {
    const entries = places.map((place) => read('serviceentries', place));
    const known = entries.some(
      (reading) =>
        reading.state === 'unknown' ||
        itemsOf(reading).some(({ spec }) => (spec?.hosts ?? []).some((one) => matchesHost(one, host))),
    );
    if (known) return undefined;
    const near = nearNames(
      name,
      services.items.map(({ metadata }) => metadata.name),
    );
    return {
      field: 'host',
      value: destination.host,
      what: `host ${destination.host} is no Service (${host})${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''}`,
      evidence: [[`services of ${namespace}`, `no ${name}`]],
      fix: 'name a Service that exists',
      commands: [kubectl(namespace, 'get', 'services')],
    };
  }
  const ports = service.spec.ports ?? [];
  const number = destination.port?.number;
  if (number != null && !ports.some(({ port }) => port === number)) {
    const listed = ports.map(({ port }) => port).join(', ');
    return {
      field: 'port.number',
      value: String(number),
      what: `port ${number} is none of Service ${namespace}/${name}, which has ${listed}`,
      evidence: [[`service ${namespace}/${name}`, `spec.ports: ${listed}`]],
      fix: 'name the port of the Service, not of its pods',
      commands: [],
    };
  }
  if (destination.subset == null || destination.subset === '') return undefined;
  const rules = places.map((place) => read('destinationrules', place));
  if (rules.some(({ state }) => state === 'unknown')) return undefined;
  const effective = effectiveRule(
    rules.flatMap((reading) => itemsOf(reading)),
    { namespace: view.end.namespace ?? '', labels: view.end.pod?.metadata.labels },
    { name: host, namespace },
    mesh.config.rootNamespace,
  );
  const subset = effective?.subsets.get(destination.subset);
  if (subset === undefined) {
    const known = [...(effective?.subsets.keys() ?? [])].join(', ');
    const rule = effective?.rules[0];
    return {
      field: 'subset',
      value: destination.subset,
      what: `subset ${destination.subset} of ${name} is defined by no DestinationRule${rule === undefined ? '' : `; ${objectText('DestinationRule', rule)} defines ${known || 'none'}`}`,
      evidence: [[`destinationrules for ${host}`, known === '' ? 'no subsets' : `subsets ${known}`]],
      fix: 'define the subset, or name one that is',
      commands: [],
    };
  }
  const pods = read('pods', namespace);
  const behind = itemsOf(pods).filter((pod) => hasLabels(pod, service.spec.selector));
  const labels = Object.entries(subset.subset.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  const live = behind.filter((pod) => labels.length === 0 || hasLabels(pod, subset.subset.labels));
  if (pods.state !== 'there' || service.spec.selector == null || live.length > 0) return undefined;
  const keys = Object.keys(subset.subset.labels ?? {});
  const there = [
    ...new Set(
      behind.map((pod) => keys.map((key) => `${key}=${pod.metadata.labels?.[key] ?? ''}`).join(',')),
    ),
  ];
  return {
    field: 'subset',
    value: destination.subset,
    what: `subset ${destination.subset} of ${objectText('DestinationRule', subset.rule)} (${labels.join(',')}) selects none of the ${behind.length} pods of Service ${namespace}/${name}${there.length > 0 ? `, which have ${there.slice(0, 3).join(' and ')}` : ''}`,
    evidence: [
      [
        objectText('DestinationRule', subset.rule),
        `spec.subsets[${subset.index}].labels: ${labels.join(',')}`,
      ],
      [`pods of service ${namespace}/${name}`, there.slice(0, 3).join('; ') || 'none'],
    ],
    fix: 'let the labels of the subset and of the pods agree',
    commands: [
      kubectl(
        namespace,
        'get',
        'pods',
        '-l',
        Object.entries(service.spec.selector)
          .map(([key, value]) => `${key}=${value}`)
          .join(','),
        '--show-labels',
      ),
    ],
  };
}

function finding({ sources, mesh }: Facts, { by, fieldPath, share }: Routed, problem: Problem): Finding {
  const name = objectText('VirtualService', by);
  const field = `${fieldPath}.${problem.field}`;
  const keys = (mesh?.views ?? [])
    .filter(({ routes }) => routes.some((one) => one.by === by && one.fieldPath === fieldPath))
    .map(({ end }) => end.key);
  const all = share === 'all';
  return {
    code: 'ND705',
    severity: all ? 'error' : 'warning',
    confidence: 'likely',
    object: culprit('VirtualService', by, field, problem.value),
    message: `${name} sends ${all ? 'every connection' : 'some of the connections'} of ${sources[0]?.text ?? 'the client'} to ${fieldPath}: ${problem.what}`,
    evidence: [
      fromApi(name, `${field}: ${problem.value}`),
      ...problem.evidence.map(([about, excerpt]) => fromApi(about, excerpt)),
    ],
    fix: {
      text: problem.fix,
      commands:
        problem.commands.length > 0
          ? problem.commands
          : [kubectl(by.metadata.namespace, 'edit', 'virtualservice', by.metadata.name)],
    },
    hop: 'mesh',
    touches: [...keys, `service ${mesh?.host?.namespace ?? ''}/${mesh?.host?.name.split('.')[0] ?? ''}`],
    blocks: { model: all ? 'fail' : 'unknown', sources: keys },
  };
}
