import { parseLabelSelector } from '../../target/labels.js';
import { isFinished } from '../../target/pods.js';
import { compileSelector, matches } from '../policy/selector.js';
import { Tri } from '../policy/tri.js';
import type { SnapshotPod } from '../snapshot/types.js';
import { plainHost } from './match.js';

/** An ExternalDNS that runs in the cluster, with what its arguments say. Source: `external-dns --help`. */
export interface ExternalDns {
  /** `external-dns/external-dns-1` */
  readonly text: string;
  readonly pod: SnapshotPod;
  /** `service`, `ingress`, `gateway-httproute`, ... */
  readonly sources: readonly string[];
  /** Every value of a flag, in order; `''` for one without a value. */
  readonly flag: (name: string) => readonly string[];
  readonly policy: string;
  readonly owner?: string;
}

/** Every running ExternalDNS among these pods, once for each set of arguments. */
export function externalDnsOf(pods: readonly SnapshotPod[]): readonly ExternalDns[] {
  const found = new Map<string, ExternalDns>();
  for (const pod of pods) {
    if (isFinished(pod)) continue;
    const container = pod.spec.containers.find(
      ({ name, image }) => /(^|\/)external-dns(:|@|$)/.test(image ?? '') || name === 'external-dns',
    );
    if (container === undefined) continue;
    const args = [...(container.command ?? []), ...(container.args ?? [])];
    // Settings may as well be in the environment (EXTERNAL_DNS_SOURCE), which is never read: without arguments nothing is known.
    if (!args.some((arg) => arg.startsWith('--source'))) continue;
    const flag = (name: string): string[] =>
      args.flatMap((arg, index) => {
        if (arg.startsWith(`--${name}=`)) return [arg.slice(name.length + 3)];
        if (arg !== `--${name}`) return [];
        const next = args[index + 1];
        return [next === undefined || next.startsWith('--') ? '' : next];
      });
    const owner = flag('txt-owner-id').at(-1);
    const key = JSON.stringify(args);
    if (found.has(key)) continue;
    found.set(key, {
      text: `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`,
      pod,
      sources: flag('source'),
      flag,
      policy: flag('policy').at(-1) ?? 'sync',
      ...(owner === undefined ? {} : { owner }),
    });
  }
  return [...found.values()];
}

/** An object as ExternalDNS looks at it. */
export interface Recorded {
  /** `service`, `ingress`, `gateway-httproute`, ...: the source that reads it. */
  readonly source: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Names that it stands for. */
  readonly hosts: readonly string[];
  /** Of a Service: its type. */
  readonly type?: string;
  /** Of an Ingress: its class. */
  readonly className?: string;
}

/** The flag that keeps an ExternalDNS from making records of an object, and its values; undefined where none does. */
export function excludedBy(
  { sources, flag }: ExternalDns,
  object: Recorded,
): { readonly flag: string; readonly values: readonly string[] } | undefined {
  const no = (name: string) => ({ flag: `--${name}`, values: flag(name) });
  if (!sources.includes(object.source)) return { flag: '--source', values: sources };
  const namespaces = flag('namespace').filter((one) => one !== '');
  if (namespaces.length > 0 && !namespaces.includes(object.namespace)) return no('namespace');
  if (!selects(flag('label-filter'), object.labels)) return no('label-filter');
  if (!selects(flag('annotation-filter'), object.annotations)) return no('annotation-filter');
  const within = (domains: readonly string[]): boolean =>
    object.hosts.some((host) => domains.some((domain) => inDomain(host, domain)));
  const domains = flag('domain-filter').filter((one) => one !== '');
  if (object.hosts.length > 0 && domains.length > 0 && !within(domains)) return no('domain-filter');
  const excluded = flag('exclude-domains').filter((one) => one !== '');
  if (
    object.hosts.length > 0 &&
    object.hosts.every((host) => excluded.some((domain) => inDomain(host, domain)))
  )
    return no('exclude-domains');
  if (object.source === 'ingress') {
    const classes = flag('ingress-class').filter((one) => one !== '');
    if (classes.length > 0 && !classes.includes(object.className ?? '')) return no('ingress-class');
  }
  if (object.source === 'service') {
    const types = flag('service-type-filter').filter((one) => one !== '');
    if (types.length > 0 && !types.includes(object.type ?? 'ClusterIP')) return no('service-type-filter');
  }
  return undefined;
}

function selects(filters: readonly string[], labels: Readonly<Record<string, string>>): boolean {
  return filters
    .filter((one) => one !== '')
    .every((text) => {
      try {
        return matches(compileSelector(parseLabelSelector(text)), { labels, complete: true }) !== Tri.no;
      } catch {
        // A filter that cannot be read keeps nothing out as far as anybody here knows.
        return true;
      }
    });
}

function inDomain(host: string, domain: string): boolean {
  const bare = plainHost(domain.replace(/^\./, ''));
  return host === bare || host.endsWith(`.${bare}`);
}
