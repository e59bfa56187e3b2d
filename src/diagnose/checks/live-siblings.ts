import type { Evidence, Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import type { Facts, Source } from '../model/facts.js';
import { statusesOf } from '../model/pods.js';
import type { ObservedLog } from '../observed.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { fromLog, logsOf } from './live-log-lines.js';
import {
  allEnded,
  connectsOf,
  fromProbe,
  isLoopback,
  listening,
  observedOf,
  onPort,
  seenOf,
  socketsOf,
} from './live-seen.js';

const refusals: ReadonlySet<string> = new Set([
  'connection-refused',
  'database-unreachable',
  'grpc-unavailable',
]);

/** Containers of one pod that call each other: localhost of the wrong family, a sibling that is not up yet, or is called by its name. */
export const liveSiblings: Check = {
  name: 'live-siblings',
  codes: ['ND104', 'ND105', 'ND106'],
  live: true,
  reads: [...inputs('source', 'pods', 'services'), ...inputs('destination', 'pods')],
  concerns: ({ observed, sources }) => observed !== undefined && sources.length > 0,
  find: (facts) =>
    facts.sources.flatMap((source) => [
      ...otherFamily(facts, source),
      ...tooEarly(facts, source),
      ...byName(facts, source),
    ]),
};

/** The port, where a pod is asked about itself and not by way of a Service. */
function ownPort({ destination }: Facts, { key }: Source): number | undefined {
  return destination.service?.object === undefined
    ? destination.endpoints.find((endpoint) => endpoint.key === key)?.port
    : undefined;
}

function podOf({ pod }: Source): {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
} {
  return { kind: 'Pod', namespace: pod?.metadata.namespace ?? '', name: pod?.metadata.name ?? '' };
}

/** Refused on one family of localhost and served on the other, and somebody goes for the refused one first. */
function otherFamily(facts: Facts, source: Source): Finding[] {
  const port = ownPort(facts, source);
  if (port === undefined) return [];
  const tried = connectsOf(facts, source.key, 'loopback').filter(({ to }) => to.port === port);
  const sockets = socketsOf(facts, source.key);
  const families = (['127.0.0.1', '::1'] as const).map((address) => {
    const connects = tried.filter(({ to }) => to.address === address);
    const served = connects.some((one) => seenOf(one) === 'ok');
    const refused = connects.some((one) => allEnded(one, 'refused'));
    return { address, served, refused, connects };
  });
  const refused = families.find((one) => one.refused);
  const served = families.find((one) => one.served);
  if (refused === undefined || served === undefined) return [];
  const libc = observedOf(facts).dns.find((one) => one.from === source.key && one.name === 'localhost')?.libc;
  const first = libc?.addresses[0] === refused.address;
  const lines = logsOf(facts, [source.key]).filter(
    ({ pattern, peer }) =>
      refusals.has(pattern) && peer?.host === refused.address && (peer.port ?? port) === port,
  );
  // Most programs try the next address after a refusal: without a sign that somebody does not, nothing is wrong.
  if (!first && lines.length === 0) return [];
  return [
    {
      code: 'ND104',
      severity: 'warning',
      confidence: lines.length > 0 ? 'proven' : 'likely',
      object: { ...podOf(source), value: `${served.address}:${port}` },
      message: `in ${source.text} port ${port} is served on ${served.address} and refused on ${refused.address}, which localhost means ${first ? 'first' : 'as well'}`,
      evidence: [
        ...refused.connects.slice(0, 1).map(fromProbe),
        ...served.connects.slice(0, 1).map(fromProbe),
        ...(sockets === undefined ? [] : [listening(source.key, onPort(sockets, 'TCP', port))]),
        ...lines.slice(0, 2).map(fromLog),
      ],
      fix: { text: `call ${served.address}, or let the application listen on both families`, commands: [] },
      hop: 'endpoint',
      touches: [source.key],
    },
  ];
}

/** Refused first and served then, or a container that ended over a refusal of what is served now. */
function tooEarly(facts: Facts, source: Source): Finding[] {
  const port = ownPort(facts, source);
  const { pod } = source;
  if (pod === undefined || port === undefined) return [];
  const tried = [
    ...connectsOf(facts, source.key, 'loopback'),
    ...connectsOf(facts, source.key, 'endpoint', source.key),
  ].filter(({ to }) => to.port === port);
  const turned = tried.filter(({ attempts }) => {
    const [first] = attempts;
    return first?.outcome === 'refused' && attempts.at(-1)?.outcome === 'connected';
  });
  const young = statusesOf(pod).filter(({ started, ready }) => started === false || ready === false);
  const served =
    tried.some((one) => seenOf(one) === 'ok') ||
    onPort(socketsOf(facts, source.key) ?? [], 'TCP', port).length > 0;
  const ended = logsOf(facts, [source.key]).filter(
    (line) => line.previous && refusals.has(line.pattern) && isOwn(line, port) && served,
  );
  if (turned.length === 0 && ended.length === 0) return [];
  const evidence: readonly Evidence[] = [
    ...turned.slice(0, 2).map(fromProbe),
    ...young.map(({ name, started, ready }) =>
      fromApi(source.key, `container ${name}: started ${started === true}, ready ${ready === true}`),
    ),
    ...ended.slice(0, 2).map(fromLog),
  ];
  const [line] = ended;
  return [
    {
      code: 'ND106',
      severity: 'warning',
      confidence: 'likely',
      object: podOf(source),
      message:
        line === undefined
          ? `in ${source.text} port ${port} was refused and then served: the container behind it was not up yet`
          : `container ${line.container} of ${source.text} ended after port ${port} of the pod was refused, and it is served now: it started before its sibling`,
      evidence,
      fix: {
        text: 'make the sibling a native sidecar (an init container with restartPolicy Always and a startupProbe), or try again in the application',
        commands: [],
      },
      hop: 'endpoint',
      touches: [source.key],
    },
  ];
}

function isOwn({ peer }: ObservedLog, port: number): boolean {
  return peer?.port === port && (peer.host === 'localhost' || isLoopback(peer.host));
}

/** A name that does not resolve and is that of a container of the pod, and of no Service beside it. */
function byName(facts: Facts, source: Source): Finding[] {
  const { pod, namespace } = source;
  if (pod === undefined) return [];
  const services = facts.read('services', namespace);
  if (services.state !== 'there') return [];
  const called = facts.destination.service?.host ?? '';
  return pod.spec.containers.flatMap(({ name }): Finding[] => {
    const lines = logsOf(facts, [source.key]).filter(
      ({ codes, peer, container }) => codes.includes('ND105') && peer?.host === name && container !== name,
    );
    const [line] = lines;
    // Of what containers call besides, this flow knows nothing.
    if (line === undefined || (called !== name && ownPort(facts, source) === undefined)) return [];
    if (services.items.some(({ metadata }) => metadata.name === name)) return [];
    return [
      {
        code: 'ND105',
        severity: called === name ? 'error' : 'warning',
        confidence: 'proven',
        object: podOf(source),
        message: `container ${line.container} of ${source.text} calls its sibling by the name ${name}, which is no host name: containers of a pod share localhost`,
        evidence: [
          fromApi(source.key, `container ${name}; no Service ${name} in ${namespace ?? ''}`),
          fromLog(line),
        ],
        fix: {
          text: `call localhost${line.peer?.port === undefined ? '' : `:${line.peer.port}`}`,
          commands: [],
        },
        hop: 'source',
        touches: [source.key],
      },
    ];
  });
}
