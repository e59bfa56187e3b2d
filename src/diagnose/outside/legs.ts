import type { ObjectReference } from '../../target/reference.js';
import { formatReference } from '../../target/reference.js';
import { podAt } from '../flows/party.js';
import { createScene } from '../flows/scene.js';
import { buildFacts, type Question } from '../model/build.js';
import type { Facts } from '../model/facts.js';
import { isManifest } from '../model/pods.js';
import { parseAddress } from '../policy/address.js';
import { itemsOf } from '../reading.js';
import type { Snapshot } from '../snapshot/types.js';
import { externalDnsOf } from './external-dns.js';
import type { OutsideFacts, RouteKind, Way } from './facts.js';
import { namedHosts } from './hosts.js';
import type { Surroundings } from './ingress.js';
import { legOf } from './leg.js';
import { outsideQuestion } from './target.js';
import { type Found, type Gap, gapOf, waysOf } from './ways.js';

/** Backends that are looked at one by one. */
const mostLegs = 20;

/**
 * The facts of a question: of one about the way from outside a leg for every backend, of any other what `buildFacts` says. Never empty.
 * Throws as `buildFacts` does.
 */
export function buildLegs(snapshot: Snapshot, question: Question): readonly [Facts, ...Facts[]] {
  // Most questions are about the inside, and need no scene of their own.
  const scene = lazily(() => createScene(snapshot, question.namespace));
  const inside = (address: string): boolean => {
    const parsed = parseAddress(address);
    return (
      podAt(scene(), address) !== undefined ||
      (parsed !== undefined && scene().model.ends.address(parsed).role === 'node')
    );
  };
  const asked = outsideQuestion(question, inside);
  if (asked === undefined) return [buildFacts(snapshot, question)];
  const { url, object, client } = asked;
  const around: Surroundings = {
    read: snapshot.read,
    model: scene().model,
    ...(url === undefined ? {} : { url }),
  };
  const gaps: Gap[] = [];
  const found = waysOf(around, question, asked, gaps);
  if (asked.onlyIfServed && found.ways.length === 0 && found.missed.length === 0) {
    const facts = buildFacts(snapshot, question);
    // Only of a URL anybody expects that it is served here.
    return [question.to.type === 'url' ? { ...facts, cut: [...facts.cut, ...gaps] } : facts];
  }
  const whole = isWhole(snapshot);
  if (whole) gaps.push(...unreadSecrets(snapshot, found.ways));
  const outside: OutsideFacts = {
    client: client === 'pod' ? 'pod' : 'outside',
    ...(url === undefined ? {} : { url }),
    target: targetOf(object, question, url?.host ?? ''),
    ways: found.ways,
    missed: found.missed,
    hosts: namedHosts(snapshot.read),
    gateways: gatewaysOf(found),
    externalDns: externalDnsOf(itemsOf(snapshot.read('pods'))),
    whole,
    ...(typeof client === 'object' && client.address !== undefined ? { address: client.address } : {}),
  };
  // An open Service alone is asked about as before, and what clients outside meet besides.
  if (client === 'nobody' && object?.kind === 'service') {
    const [way] = found.ways;
    return [
      { ...buildFacts(snapshot, question), outside: { ...outside, ...(way === undefined ? {} : { way }) } },
    ];
  }
  const leading = found.ways.filter(({ backend }) => backend !== undefined);
  const byBackend = new Map<string, Way>();
  for (const way of leading) {
    const { namespace = '', name = '', port = '', kind = '' } = way.backend ?? {};
    const through =
      way.kind === 'ingress'
        ? way.class.name
        : way.kind === 'route'
          ? way.parent?.gateway?.metadata.name
          : '';
    const key = JSON.stringify([
      way.kind === 'service' ? way.key : way.kind,
      through,
      kind,
      namespace,
      name,
      port,
    ]);
    if (!byBackend.has(key)) byBackend.set(key, way);
  }
  const chosen = [...byBackend.values()];
  if (chosen.length > mostLegs)
    gaps.push({
      what: `${chosen.length - mostLegs} of ${chosen.length} backends`,
      why: `only ${mostLegs} are looked at`,
    });
  const base = {
    snapshot,
    question,
    ...(outside.address === undefined ? {} : { address: outside.address }),
    outside,
  };
  const [first = found.ways[0], ...others] = chosen.slice(0, mostLegs);
  return [legOf(base, first, gaps), ...others.map((way) => legOf(base, way, []))];
}

/** Secrets that ways name and that could not be read, each by its name. */
function unreadSecrets({ read }: Snapshot, ways: readonly Way[]): Gap[] {
  const gaps = ways.flatMap((way) => {
    if (way.kind !== 'ingress' || way.tls?.secretName === undefined) return [];
    const { namespace = '' } = way.ingress.metadata;
    const reading = read('secrets', namespace, way.tls.secretName);
    return reading.state === 'unknown'
      ? [gapOf(`secret ${namespace}/${way.tls.secretName}`, reading.why)]
      : [];
  });
  return [...new Map(gaps.map((gap) => [gap.what, gap])).values()];
}

function targetOf(
  object: ObjectReference | undefined,
  { namespace }: Question,
  host: string,
): OutsideFacts['target'] {
  if (object === undefined) return { kind: 'Host', name: host };
  const words: Readonly<Record<string, 'Service' | 'Ingress' | 'Gateway' | RouteKind>> = {
    service: 'Service',
    ingress: 'Ingress',
    gateway: 'Gateway',
    httproute: 'HTTPRoute',
    grpcroute: 'GRPCRoute',
    tlsroute: 'TLSRoute',
    tcproute: 'TCPRoute',
  };
  return {
    kind: words[object.kind] ?? 'Service',
    namespace: object.namespace ?? namespace,
    name: object.name,
  };
}

function gatewaysOf({ ways, gateway }: Found): OutsideFacts['gateways'] {
  const passed = ways.flatMap((way) => (way.kind === 'route' ? (way.parent?.gateway ?? []) : []));
  return [...new Set([...(gateway === undefined ? [] : [gateway]), ...passed])];
}

/** The way of a pod to the address outside: its DNS, and what policies say of leaving. For legs whose client is a pod. */
export function approachOf(snapshot: Snapshot, question: Question): Facts {
  const { to } = question;
  const host =
    to.type === 'url' ? { type: 'host' as const, host: to.host, port: to.port, protocol: to.protocol } : to;
  const shown = buildFacts(snapshot, { ...question, to: host });
  return { ...shown, asked: { ...shown.asked, to: formatReference(to) } };
}

/** Whether it is the picture of a cluster: nodes, or pods that some node runs. */
function isWhole({ read }: Snapshot): boolean {
  const nodes = read('nodes');
  return itemsOf(nodes).length > 0 || itemsOf(read('pods')).some((pod) => !isManifest(pod));
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
