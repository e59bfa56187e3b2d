import { parseDocument } from 'yaml';
import type { KubeEvent, KubeObject } from '../../kube/types.js';
import { formatCorefile, parseCorefile, type CorefileLine } from './corefile.js';
import type { SecretShape } from './types-outside.js';
import type { ConfigMap, SnapshotKind } from './types.js';

/** So many events of one list are kept, the latest of them. */
const mostEvents = 1000;
/** Longer messages of events are cut, in characters. */
const longestMessage = 400;
/** Longer data of a ConfigMap is not looked at, in characters. */
const longestData = 262_144;

type KeptData = Readonly<Record<string, Readonly<Record<string, (text: string) => string>>>>;

/** What is kept of the ConfigMaps of kube-system, by name and key. Every other one is dropped where it is read, as it may hold anything. */
const keptData: KeptData = {
  coredns: { Corefile: reducedCorefile },
  'node-local-dns': { Corefile: reducedCorefile },
  'kube-proxy': {
    'config.conf': (text) => reducedYaml(text, ['mode', 'nodePortAddresses', 'iptables', 'clusterCIDR']),
  },
  'kubelet-config': { kubelet: (text) => reducedYaml(text, ['clusterDomain', 'clusterDNS']) },
  'cilium-config': { 'kube-proxy-replacement': (text) => text.slice(0, 40) },
};

/** The configuration of an Istio mesh, in istio-system: what checks ask of it. */
const keptOfIstio: KeptData = {
  istio: {
    mesh: (text) =>
      reducedYaml(text, [
        ...['rootNamespace', 'trustDomain', 'trustDomainAliases', 'outboundTrafficPolicy', 'enableAutoMtls'],
      ]),
  },
};

/** The ConfigMaps of kube-system that are read, each by its name. */
export const configMapNames = Object.keys(keptData) as readonly string[];

/** An object as a snapshot keeps it: of events and ConfigMaps only what checks read, undefined for what they never do. */
export function reduced<T extends KubeObject>(kind: SnapshotKind, object: T): T | undefined {
  if (kind === 'configmaps') return reducedConfigMap(object) as T | undefined;
  if (kind === 'secrets') return reducedSecret(object) as T;
  return kind === 'events' ? (reducedEvent(object) as unknown as T | undefined) : object;
}

/** A list as a snapshot keeps it. */
export function reducedList<T extends KubeObject>(kind: SnapshotKind, items: readonly T[]): readonly T[] {
  if (kind !== 'events' && kind !== 'configmaps' && kind !== 'secrets') return items;
  const kept = items.flatMap((item) => reduced(kind, item) ?? []);
  if (kept.length <= mostEvents || kind !== 'events') return kept;
  return kept.toSorted((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1)).slice(0, mostEvents);
}

function timeOf(event: KubeEvent): string {
  return event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? '';
}

/** Only warnings tell what is wrong. */
function reducedEvent(event: KubeEvent): KubeEvent | undefined {
  const { metadata, involvedObject, reason, message, type, count, lastTimestamp, eventTime } = event;
  if (type === 'Normal') return undefined;
  const { name, namespace, creationTimestamp } = metadata;
  const { kind, name: about, namespace: place, fieldPath } = involvedObject ?? {};
  const kept = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace, creationTimestamp },
    involvedObject: { kind, name: about, namespace: place, fieldPath },
    ...{ reason, message: reducedMessage(message), type, count, lastTimestamp, eventTime },
  };
  // Fields that are not there stay away, as in what the API server sends.
  return JSON.parse(JSON.stringify(kept)) as KubeEvent;
}

/** What a command of a probe printed is left out: nobody knows what is in it. */
function reducedMessage(message: string | undefined): string | undefined {
  const [, head, said = ''] = /^(\w+ probe (?:failed|errored))[^:]*: ([^]*)$/.exec(message ?? '') ?? [];
  if (head !== undefined && !/^(HTTP probe failed|Get "|dial |timeout:|service unhealthy)/.test(said))
    return head;
  return message?.slice(0, longestMessage);
}

function reducedConfigMap({ metadata, data }: ConfigMap): ConfigMap | undefined {
  const { name, namespace } = metadata;
  const kept = { 'kube-system': keptData, 'istio-system': keptOfIstio }[namespace ?? ''];
  const keys = kept !== undefined && Object.hasOwn(kept, name) ? kept[name] : undefined;
  if (keys === undefined) return undefined;
  const entries = Object.entries(keys).flatMap(([key, reduce]) => {
    const text = data?.[key];
    return typeof text !== 'string' || text.length > longestData ? [] : [[key, reduce(text)] as const];
  });
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: namespace ?? '' },
    data: Object.fromEntries(entries),
  };
}

/**
 * A Secret without its values. A cluster is asked for metadata alone, so that type and keys are not known; files have both, and a saved
 * snapshot keeps the keys.
 */
function reducedSecret(object: KubeObject): SecretShape {
  const { name, namespace } = object.metadata;
  const { type, keys, data, stringData } = object as SecretShape & {
    readonly data?: object | null;
    readonly stringData?: object | null;
  };
  const whole = type !== undefined || data != null || stringData != null;
  const own = [...Object.keys(data ?? {}), ...Object.keys(stringData ?? {})];
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    ...(whole ? { type: type ?? 'Opaque' } : {}),
    ...(keys !== undefined ? { keys } : whole ? { keys: own } : {}),
  };
}

/** Plugins whose lines hold no keys or passwords. Of others only the name is kept. */
const plainPlugins = new Set([
  ...['kubernetes', 'forward', 'proxy', 'template', 'rewrite', 'hosts', 'loop', 'cache', 'bind', 'health'],
  ...['ready', 'reload', 'loadbalance', 'errors', 'log', 'prometheus', 'autopath', 'import', 'lameduck'],
  ...['minimal', 'any', 'acl', 'file', 'auto', 'view', 'header', 'nodata', 'dns64', 'bufsize', 'local'],
]);
/** Where these stand in a block, files with keys or passwords follow. */
const secretWords = /^(endpoint|tls|kubeconfig|credentials|.*(secret|password|token|key).*)$/i;

function reducedCorefile(text: string): string {
  const lines = (all: readonly CorefileLine[]): CorefileLine[] =>
    all.filter(({ words }) => !secretWords.test(words[0] ?? ''));
  return formatCorefile(
    parseCorefile(text).map(({ keys, lines: plugins }) => ({
      keys,
      lines: plugins.map(({ words, block }) =>
        plainPlugins.has(words[0] ?? '')
          ? { words, block: lines(block) }
          : { words: words.slice(0, 1), block: [] },
      ),
    })),
  );
}

/** The top-level fields of a YAML or JSON text that are named, as JSON; empty for a text that is neither. */
function reducedYaml(text: string, fields: readonly string[]): string {
  const document = parseDocument(text, { logLevel: 'silent' });
  if (document.errors.length > 0) return '{}';
  const found = document.toJS({ maxAliasCount: 10 }) as Readonly<Record<string, unknown>> | null;
  if (typeof found !== 'object' || found === null) return '{}';
  return JSON.stringify(
    Object.fromEntries(fields.flatMap((name) => (name in found ? [[name, found[name]]] : []))),
  );
}
