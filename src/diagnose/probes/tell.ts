import type { DnsResult } from '../../tools/dns-types.js';
import type { HttpResult } from '../../tools/http.js';
import type { MtuResult } from '../../tools/mtu-parse.js';
import type { SocketTable } from '../../tools/sockets.js';
import type { TlsFacts } from '../../tools/tls.js';
import type {
  ObservedDns,
  ObservedHttp,
  ObservedKernel,
  ObservedListeners,
  ObservedMtu,
  ProbeTo,
} from '../observed.js';
import { tellingHeaders } from './here.js';

/** What `dns` found. */
export function dnsTold(from: string, result: DnsResult): ObservedDns {
  const { name, resolvConf, answers, libc, addresses } = result;
  const { nameservers, search, ndots } = resolvConf;
  const known = libc.kind === 'addresses' ? libc.addresses : libc.kind === 'noTool' ? addresses : [];
  const ms = 'ms' in libc ? libc.ms : undefined;
  return {
    from,
    name,
    resolvConf: { nameservers, search, ndots },
    answers: answers.map((one) => ({
      name: one.name,
      server: one.server,
      type: one.type,
      transport: one.transport,
      ...(one.rcode === undefined ? {} : { rcode: one.rcode }),
      addresses: one.addresses,
      ...(one.ms === undefined ? {} : { ms: one.ms }),
      outcome:
        one.rcode !== undefined
          ? 'answered'
          : one.failure === 'timeout' || one.failure === 'refused'
            ? one.failure
            : 'failed',
    })),
    libc: { addresses: known, ...(ms === undefined ? {} : { ms }) },
  };
}

/** What listens, each address and port once. */
export function listenersTold(pod: string, { sockets }: SocketTable): ObservedListeners {
  const seen = new Set<string>();
  return {
    pod,
    sockets: sockets.flatMap(({ protocol, localAddress, localPort, processes }) => {
      const key = `${protocol} ${localAddress} ${localPort}`;
      if (seen.has(key)) return [];
      seen.add(key);
      const process = processes[0]?.name;
      return [
        {
          protocol: protocol === 'tcp' ? ('TCP' as const) : ('UDP' as const),
          address: localAddress,
          port: localPort,
          ...(process === undefined ? {} : { process }),
        },
      ];
    }),
  };
}

/** What `mtu` found on the way to an endpoint. */
export function mtuTold(
  from: string,
  endpoint: string,
  { localMtu, pathMtu, limit, hop }: MtuResult,
): ObservedMtu {
  return {
    from,
    endpoint,
    ...(localMtu === undefined ? {} : { localMtu }),
    ...(pathMtu === undefined ? {} : { pathMtu }),
    limit,
    ...(hop === undefined ? {} : { hop }),
  };
}

const phases = {
  dns: 'dns',
  connect: 'connect',
  tls: 'tls',
  firstByte: 'http',
  body: 'http',
  unknown: 'http',
} as const;

/** What `http` found, and the handshake before it. */
export function httpTold(
  from: string,
  to: ProbeTo,
  { url, responses, phases: times, failure }: HttpResult,
  tls: TlsFacts | undefined,
): ObservedHttp {
  const answer = responses.at(-1);
  return {
    from,
    to,
    url,
    ...(answer === undefined ? {} : { status: answer.status }),
    headers: tellingHeaders(answer?.headers ?? []),
    ...(failure === undefined ? {} : { failure: { phase: phases[failure.phase], text: failure.text } }),
    ...(tls?.via === undefined ? {} : { tls: tlsTold(tls) }),
    ...(times.totalMs === undefined ? {} : { ms: times.totalMs }),
  };
}

function tlsTold({ serverName, chain, verified, problem }: TlsFacts): NonNullable<ObservedHttp['tls']> {
  const [own] = chain;
  const until = Date.parse(own?.notAfter ?? '');
  const distrust = verified === undefined || /^(0 |OK)/.test(verified) ? undefined : verified;
  const error = problem ?? distrust;
  return {
    ...(serverName === undefined ? {} : { serverName }),
    names: own?.names ?? [],
    ...(Number.isNaN(until) ? {} : { notAfter: until }),
    ...(own === undefined ? {} : { subject: own.subject, issuer: own.issuer }),
    ...(error === undefined ? {} : { error }),
  };
}

/** Files of the kernel that say how full it is, and what it lets a pod do. */
const kernelFiles: readonly string[] = [
  '/proc/sys/net/netfilter/nf_conntrack_count',
  '/proc/sys/net/netfilter/nf_conntrack_max',
  '/proc/sys/net/ipv4/ip_local_port_range',
  '/proc/sys/net/ipv4/ip_forward',
  '/proc/sys/net/ipv4/ip_unprivileged_port_start',
  '/proc/net/sockstat',
];

/** Every network namespace has its own: that of a pod says nothing of its node, and a pod forwards nothing. */
const forwardFile = '/proc/sys/net/ipv4/ip_forward';

/** argv that prints those files, each line after the name of its file, also with busybox; files that are not there are left out. */
export const kernelArgv: readonly string[] = ['grep', '-sH', '', ...kernelFiles];

/**
 * Reads it: `net.netfilter.nf_conntrack_max` → `262144`, and the lines of sockstat as `sockstat.TCP` → `inuse 5 orphan 0 tw 7 ...`.
 * @param ofNode It is the network of the node that the files are about.
 */
export function kernelTold(
  pod: string,
  { node, ofNode }: { readonly node?: string; readonly ofNode: boolean },
  text: string,
): ObservedKernel {
  const values: Record<string, string> = {};
  for (const line of text.split('\n').slice(0, 200)) {
    const [, file = '', value = ''] = /^(\/proc\/[\w/]+):(.*)$/.exec(line) ?? [];
    if (!kernelFiles.includes(file)) continue;
    const stat = /^(\w+): (.*)$/.exec(value);
    if (file === '/proc/net/sockstat') {
      if (stat !== null) values[`sockstat.${stat[1] ?? ''}`] = (stat[2] ?? '').slice(0, 200);
    } else if (file !== forwardFile || ofNode)
      values[file.slice('/proc/sys/'.length).replaceAll('/', '.')] = value.trim().replaceAll(/\s+/g, ' ');
  }
  return { pod, ...(node === undefined ? {} : { node }), values };
}
