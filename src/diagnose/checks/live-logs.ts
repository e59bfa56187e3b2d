import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts, Source } from '../model/facts.js';
import { addressesOf } from '../model/pods.js';
import type { ObservedLog } from '../observed.js';
import { contains, parseAddress, parseCidr } from '../policy/address.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { fromLog, isAboutDestination, logsOf } from './live-log-lines.js';
import { connectsOf, observedOf, socketsOf } from './live-seen.js';

/** Fewer refusals in the minutes that were read are what every restart leaves behind. */
const several = 3;

const refusals: ReadonlySet<string> = new Set([
  'connection-refused',
  'database-unreachable',
  'broker-unreachable',
]);
const deadEnds: ReadonlySet<string> = new Set(['connection-refused', 'connect-timeout', 'no-route-to-host']);

/** What the log of a client alone says of this flow, where no packet was sent that would know better. */
export const liveLogs: Check = {
  name: 'live-logs',
  codes: ['ND102', 'ND414', 'ND808'],
  live: true,
  reads: [...inputs('source', 'pods'), ...inputs('destination', 'pods', 'services', 'endpointslices')],
  mayRead: inputs('cluster', 'pods', 'services', 'nodes'),
  concerns: (facts) => observedOf(facts).logs.length > 0 && facts.sources.length > 0,
  find: (facts) =>
    facts.sources.flatMap((source) => {
      // What was written before a restart is over.
      const lines = logsOf(facts, [source.key]).filter(({ previous }) => !previous);
      return [
        ...refused(
          facts,
          source,
          lines.filter((line) => isAboutDestination(facts, line)),
        ),
        ...tooLong(
          facts,
          source,
          lines.filter((line) => isAboutDestination(facts, line)),
        ),
        ...oldAddress(facts, source, lines),
      ];
    }),
};

function wasTried({ key }: Source, facts: Facts): boolean {
  return (['service', 'endpoint', 'destination'] as const).some(
    (role) => connectsOf(facts, key, role).length > 0,
  );
}

/** Refused again and again by a destination that has endpoints: as far as a log can tell, nothing listens there. */
function refused(facts: Facts, source: Source, lines: readonly ObservedLog[]): Finding[] {
  const { endpoints } = facts.destination;
  const hits = lines.filter(({ pattern }) => refusals.has(pattern));
  const count = hits.reduce((sum, one) => sum + one.count, 0);
  const usable = endpoints.filter(({ ready, pod }) => ready && pod !== undefined);
  const denied = facts.links.some((link) => link.source === source && link.verdict?.verdict === 'deny');
  const [first] = usable;
  const pod = first?.pod?.metadata;
  if (pod === undefined || count < several || denied || wasTried(source, facts)) return [];
  if (usable.some(({ key }) => socketsOf(facts, key) !== undefined)) return [];
  return [
    {
      code: 'ND102',
      severity: 'warning',
      confidence: 'possible',
      object: { kind: 'Pod', namespace: pod.namespace ?? '', name: pod.name },
      message: `the log of ${source.text} says ${count} times that ${facts.asked.to} refused the connection, and its endpoints are ready: perhaps nothing listens on ${first?.port ?? 'the port'}`,
      evidence: hits.slice(0, 2).map(fromLog),
      fix: {
        text: 'see what it listens on',
        commands: [`kubectl netdebug netstat ${pod.name} -n ${pod.namespace ?? ''}`],
      },
      hop: 'endpoint',
      touches: usable.map(({ key }) => key),
    },
  ];
}

function tooLong(facts: Facts, source: Source, lines: readonly ObservedLog[]): Finding[] {
  const [line] = lines.filter(({ pattern }) => pattern === 'message-too-long');
  const measured = observedOf(facts).mtu.some(
    ({ from, limit }) => from === source.key && limit !== 'unreachable',
  );
  if (line === undefined || measured) return [];
  return [
    {
      code: 'ND808',
      severity: 'warning',
      confidence: 'likely',
      object: {
        kind: 'Pod',
        namespace: source.pod?.metadata.namespace ?? '',
        name: source.pod?.metadata.name ?? source.text,
      },
      message: `the log of ${source.text} says that a packet to ${facts.asked.to} was too long for the way`,
      evidence: [fromLog(line)],
      fix: {
        text: 'measure the way',
        commands: [`kubectl netdebug mtu ${source.pod?.metadata.name ?? source.text} ${facts.asked.to}`],
      },
      hop: 'node',
      touches: [source.key],
    },
  ];
}

/** Lines about an address on the port of the destination that nobody has any more, and that was its own by the line or by its range. */
function oldAddress(facts: Facts, source: Source, lines: readonly ObservedLog[]): Finding[] {
  const { service, endpoints } = facts.destination;
  const object = service?.object;
  if (object === undefined || facts.destination.outside) return [];
  const ports = new Set([service?.port?.port, ...endpoints.map(({ port }) => port)]);
  const addresses = [
    object.spec.clusterIP ?? '',
    ...(object.spec.clusterIPs ?? []),
    ...endpoints.flatMap((one) => [
      one.address ?? '',
      ...(one.pod === undefined ? [] : addressesOf(one.pod)),
    ]),
  ].filter((one) => one !== '' && one !== 'None');
  const current = [...new Set(addresses)];
  const named = new RegExp(String.raw`(?<![\w-])${object.metadata.name}(?![\w-])`);
  for (const line of lines) {
    const address = parseAddress(line.peer?.host ?? '');
    if (address === undefined || line.peer === undefined || !deadEnds.has(line.pattern)) continue;
    if (line.peer.port === undefined || !ports.has(line.peer.port) || isKnown(facts, line.peer.host))
      continue;
    const byName = named.test(line.sample);
    const range = itemsOf(facts.read('nodes')).some(({ spec }) =>
      (spec?.podCIDRs ?? []).some((text) => {
        const block = parseCidr(text);
        return block !== undefined && contains(block, address);
      }),
    );
    if (current.length === 0 || (!byName && !range)) continue;
    return [
      {
        code: 'ND414',
        severity: 'warning',
        confidence: byName ? 'likely' : 'possible',
        object: {
          kind: 'Pod',
          namespace: source.pod?.metadata.namespace ?? '',
          name: source.pod?.metadata.name ?? '',
        },
        message: `${source.text} still calls ${line.peer.host}:${line.peer.port}, which nobody has any more; ${service?.namespace ?? ''}/${service?.name ?? ''} is at ${current.slice(0, 3).join(', ')}`,
        evidence: [
          fromLog(line),
          fromApi(objectKey('service', object.metadata), `addresses ${current.slice(0, 4).join(', ')}`),
        ],
        fix: {
          text: 'let the application look names up again (networkaddress.cache.ttl of Java, keep-alive of connection pools), or restart it',
          commands: [],
        },
        hop: 'source',
        touches: [source.key],
      },
    ];
  }
  return [];
}

/** Whether a pod, a Service or a node has this address now. What could not be read counts as having it. */
function isKnown(facts: Facts, text: string): boolean {
  const wanted = parseAddress(text)?.value.toString();
  const pods = facts.read('pods');
  const services = facts.read('services');
  const nodes = facts.read('nodes');
  if (pods.state !== 'there' || services.state !== 'there' || nodes.state !== 'there') return true;
  const all = [
    ...pods.items.flatMap(addressesOf),
    ...services.items.flatMap(({ spec }) => [spec.clusterIP ?? '', ...(spec.clusterIPs ?? [])]),
    ...nodes.items.flatMap(({ status }) => (status?.addresses ?? []).map(({ address }) => address)),
  ];
  return all.some((one) => parseAddress(one)?.value.toString() === wanted);
}
