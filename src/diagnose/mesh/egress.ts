import { contains, parseAddress, parseCidr } from '../policy/address.js';
import type { MeshConfig } from './config.js';
import { matchesHost, resolveHost } from './hosts.js';
import type { ServiceEntry, Sidecar } from './objects.js';
import { byAge, isExported, isSelective, selects } from './select.js';

interface Client {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
}

/** The Sidecar object of a workload: one that selects it, else that of its namespace, else that of the root namespace; the oldest of each. */
export function sidecarOf(
  all: readonly Sidecar[],
  client: Client,
  rootNamespace: string,
): Sidecar | undefined {
  const sorted = byAge(all);
  const find = (namespace: string, selective: boolean): Sidecar | undefined =>
    sorted.find(
      ({ metadata, spec }) =>
        metadata.namespace === namespace &&
        isSelective(spec?.workloadSelector) === selective &&
        selects(spec?.workloadSelector, client.labels),
    );
  return find(client.namespace, true) ?? find(client.namespace, false) ?? find(rootNamespace, false);
}

/** Whether a host of a namespace is among those that a Sidecar lets its proxies know. Without a Sidecar, or without egress in it, all are. */
export function inScope(
  sidecar: Sidecar | undefined,
  client: Client,
  host: { readonly name: string; readonly namespace: string; readonly port: number | undefined },
): boolean {
  const egress = sidecar?.spec?.egress ?? [];
  if (egress.length === 0) return true;
  const asked = egress.filter(
    ({ port }) => port?.number == null || host.port === undefined || port.number === host.port,
  );
  return asked.some(({ hosts }) =>
    (hosts ?? []).some((text) => {
      const [place = '', pattern] = text.includes('/') ? text.split('/') : ['*', text];
      if (place === '~' || pattern === undefined) return false;
      const there =
        place === '*' || place === host.namespace || (place === '.' && host.namespace === client.namespace);
      return there && matchesHost(resolveHost(pattern, host.namespace), host.name);
    }),
  );
}

/** What becomes of connections to what a proxy does not know, and who says so. */
export function outboundMode(
  sidecar: Sidecar | undefined,
  config: MeshConfig,
): { readonly mode: string; readonly by?: Sidecar } {
  const own = sidecar?.spec?.outboundTrafficPolicy;
  // Without a mode it is REGISTRY_ONLY, the first value of the enumeration.
  return sidecar !== undefined && own != null
    ? { mode: own.mode ?? 'REGISTRY_ONLY', by: sidecar }
    : { mode: config.outbound };
}

/** How far ServiceEntries know a destination outside: not at all, on other ports only, or as it is called. */
export function knownOutside(
  all: readonly ServiceEntry[],
  client: Client,
  sidecar: Sidecar | undefined,
  destination: {
    readonly host: string | undefined;
    readonly address: string | undefined;
    readonly port: number | undefined;
  },
): { readonly known: 'no' | 'otherPort' | 'yes'; readonly by?: ServiceEntry } {
  let near: ServiceEntry | undefined;
  for (const entry of byAge(all)) {
    const { metadata, spec } = entry;
    const own = metadata.namespace ?? '';
    if (!isExported(spec?.exportTo, own, client.namespace)) continue;
    const hosts = (spec?.hosts ?? []).map((host) => resolveHost(host, own));
    const named = hosts.find(
      (host) => destination.host !== undefined && matchesHost(host, destination.host.toLowerCase()),
    );
    const [first] = hosts;
    const meant = named ?? (holds(spec?.addresses ?? [], destination.address) ? first : undefined);
    if (meant === undefined) continue;
    if (!inScope(sidecar, client, { name: meant, namespace: own, port: destination.port })) continue;
    const ports = spec?.ports ?? [];
    const open = ports.length === 0 || destination.port === undefined;
    if (open || ports.some(({ number }) => number === destination.port)) return { known: 'yes', by: entry };
    near ??= entry;
  }
  return near === undefined ? { known: 'no' } : { known: 'otherPort', by: near };
}

/** Whether the annotation that leaves blocks of addresses alone, or the one that takes only some, lets an address go around the proxy. */
export function excludedRange(
  annotations: Readonly<Record<string, string>> | undefined,
  address: string | undefined,
): boolean {
  const list = (name: string): readonly string[] | undefined =>
    annotations?.[`traffic.sidecar.istio.io/${name}`]?.split(',').map((one) => one.trim());
  if (address === undefined) return false;
  if (holds(list('excludeOutboundIPRanges') ?? [], address)) return true;
  const only = list('includeOutboundIPRanges');
  return only !== undefined && !only.includes('*') && !holds(only, address);
}

function holds(blocks: readonly string[], text: string | undefined): boolean {
  const address = text === undefined ? undefined : parseAddress(text);
  if (address === undefined) return false;
  return blocks.some((block) => {
    const cidr = parseCidr(block.includes('/') ? block : `${block}/${block.includes(':') ? 128 : 32}`);
    return cidr !== undefined && contains(cidr, address);
  });
}
