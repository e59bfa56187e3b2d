import { lookup as systemLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { KubeApi } from './api.js';

/** Where an API server answers. */
export interface ServerAddress {
  /** IPv4 or IPv6, without brackets. */
  readonly address: string;
  readonly port: number;
}

/** Answer of `GET /api` (meta/v1 APIVersions), which every authenticated user may ask for. */
interface ApiVersions {
  readonly serverAddressByClientCIDRs?: readonly { readonly serverAddress?: string }[];
}

type Lookup = (
  host: string,
  options: { readonly all: true },
) => Promise<readonly { readonly address: string }[]>;

const limitMs = 3_000;
/** More than a load balancer has; what is beyond is left out. */
const mostAddresses = 16;

/**
 * The addresses of the API server as far as they can be known from here: those that its host name has on this machine, and the one that it
 * says of itself. Never rejects; what cannot be found out is left out.
 */
export async function serverAddresses(
  api: Pick<KubeApi, 'server' | 'get'>,
  lookup: Lookup = systemLookup,
): Promise<readonly ServerAddress[]> {
  const { hostname, port, protocol } = new URL(api.server);
  const host = hostname.replace(/^\[|\]$/g, '');
  const ownPort = Number(port) || (protocol === 'http:' ? 80 : 443);
  const resolved = isIP(host) !== 0 ? [{ address: host }] : lookup(host, { all: true }).catch(() => []);
  const said = api
    .get<ApiVersions>('/api', { timeoutMs: limitMs })
    .then(({ serverAddressByClientCIDRs = [] }) => serverAddressByClientCIDRs.flatMap(parseAddress))
    .catch(() => []);
  const found = [...(await resolved).map(({ address }) => ({ address, port: ownPort })), ...(await said)];
  const unique = new Map(found.map((each) => [`${each.address} ${each.port}`, each]));
  return [...unique.values()].filter(({ address }) => isIP(address) !== 0).slice(0, mostAddresses);
}

function parseAddress({ serverAddress = '' }: { readonly serverAddress?: string }): readonly ServerAddress[] {
  const match = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(serverAddress);
  if (match === null) return [];
  return [{ address: match[1] ?? match[2] ?? '', port: Number(match[3]) }];
}
