import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { objectKey } from '../finding.js';
import type { Facts, Source } from '../model/facts.js';
import { systemNamespace } from '../model/pods.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { fromAnswer, isAnswered, lookups, sameAddress } from './live-dns-seen.js';
import {
  allEnded,
  connectsOf,
  fromProbe,
  isSilent,
  nodeOfSource,
  observedOf,
  seenFrom,
} from './live-seen.js';

/** Addresses of Services that lead nowhere from one node, while the endpoints answer. */
export const liveProxy: Check = {
  name: 'live-proxy',
  codes: ['ND812'],
  live: true,
  reads: [...inputs('source', 'pods'), ...inputs('destination', 'services', 'pods', 'endpointslices')],
  mayRead: inputs('system', 'services', 'pods'),
  concerns: (facts) => facts.destination.service?.port !== undefined && observedOf(facts).connects.length > 0,
  find: (facts) => facts.sources.flatMap((source) => nowhere(facts, source)),
};

function nowhere(facts: Facts, source: Source): Finding[] {
  const { service, endpoints } = facts.destination;
  const object = service?.object;
  const node = nodeOfSource(source);
  if (object === undefined || node === undefined || object.spec.clusterIP === 'None') return [];
  const { spec, metadata } = object;
  // Each of these is a cause of its own for the same sight.
  const explained =
    spec.internalTrafficPolicy === 'Local' ||
    spec.sessionAffinity === 'ClientIP' ||
    spec.type === 'ExternalName' ||
    metadata.labels?.['service.kubernetes.io/service-proxy-name'] !== undefined ||
    endpoints.some(({ key }) => key === source.key);
  const connects = connectsOf(facts, source.key, 'service').filter(({ to }) => to.protocol === 'TCP');
  const ready = endpoints.filter((one) => one.ready);
  const answers = ready.length > 0 && ready.every(({ key }) => seenFrom(facts, source.key, key) === 'ok');
  const silent = connects.length > 0 && connects.every(isSilent);
  const refused = connects.length > 0 && connects.every((one) => allEnded(one, 'refused'));
  if (explained || !answers || (!silent && !refused)) return [];
  // The DNS of the cluster is called by the address of a Service, too.
  const viaService = lookups(facts)
    .filter((one) => one.source === source)
    .flatMap((lookup) =>
      lookup.dns.answers
        .filter(({ server }) => facts.dns?.addresses.some((one) => sameAddress(one, server)) === true)
        .map((answer) => ({ lookup, answer })),
    );
  const [other] = viaService;
  const allSilent = other !== undefined && !viaService.some(({ answer }) => isAnswered(answer));
  return [
    {
      code: 'ND812',
      severity: 'error',
      confidence: allSilent ? 'likely' : 'possible',
      object: { kind: 'Node', name: node },
      message: `from node ${node} the address of Service ${metadata.namespace ?? ''}/${metadata.name} is ${silent ? 'silent' : 'refused'}, and its endpoints answer${allSilent ? '; the DNS of the cluster is silent by its address, too' : ''}: kube-proxy there is down or behind`,
      evidence: [
        ...connects.slice(0, 2).map(fromProbe),
        ...ready
          .slice(0, 1)
          .flatMap(({ key }) => connectsOf(facts, source.key, 'endpoint', key).slice(0, 1).map(fromProbe)),
        ...(allSilent ? [fromAnswer(other.lookup, other.answer)] : []),
      ],
      fix: {
        text: 'see its pod on that node and its log; restart it',
        commands: [
          kubectl(systemNamespace, 'get', 'pods', '-o', 'wide', '--field-selector', `spec.nodeName=${node}`),
        ],
      },
      hop: 'node',
      touches: [objectKey('node', { name: node })],
      blocks: { model: 'fail', sources: [source.key] },
    },
  ];
}
