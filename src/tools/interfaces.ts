import { ExitCode, NetdebugError } from '../errors.js';
import { parseIpJson, parseIpText } from './interfaces-ip.js';
import { parseProcTables } from './interfaces-proc.js';
import type { InterfaceTables } from './interfaces-types.js';
import { codeOf, collectWithin, firstWords, ran, type ProbeOptions } from './probe.js';
import { parseResolvConf, type ResolvConf } from './resolvconf.js';
import type { RunTool } from './run.js';

export interface InterfacesResult extends InterfaceTables {
  readonly kind: 'InterfacesResult';
  /** `ip -j` and busybox's ip know neighbours of IPv6 as well; /proc knows no secondary IPv4 address by its device. */
  readonly via: 'ip -j' | 'ip' | 'proc';
  readonly resolvConf: ResolvConf;
}

/** Before each part of what a script prints. */
const cut = 'netdebug-part';

const partScript = `for c in "$@"; do echo '${cut}'; $c 2>/dev/null; done`;

/** Words of commands without any blank in them: they are split by the shell at theirs. */
const jsonParts = ['ip -j -s link', 'ip -j addr', 'ip -j -4 route', 'ip -j -6 route', 'ip -j neigh'];
const textParts = ['ip addr', 'ip -4 route', 'ip -6 route', 'ip neigh', 'cat /proc/net/dev'];
const procParts = [
  'cat /proc/net/dev',
  'cat /proc/net/route',
  'cat /proc/net/fib_trie',
  'cat /proc/net/arp',
  'cat /proc/net/if_inet6',
  'cat /proc/net/ipv6_route',
  'grep . /sys/class/net/*/mtu /sys/class/net/*/operstate /sys/class/net/*/address',
];

/** argv of one way of reading; all its parts in one go. */
export function interfacesArgv(way: 'ip -j' | 'ip' | 'proc' = 'ip -j'): string[] {
  const parts = { 'ip -j': jsonParts, ip: textParts, proc: procParts }[way];
  return ['sh', '-c', partScript, 'netdebug', ...parts];
}

const LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * Addresses, routes, neighbours and counters of the pod's network namespace, by the first way that answers: ip with JSON, ip as text
 * (busybox), /proc/net. Throws a {@link NetdebugError}: 8 when none does or the connection was lost, 130.
 */
export async function interfaces(run: RunTool, options: ProbeOptions): Promise<InterfacesResult> {
  const limits = { ...options, limitBytes: LIMIT_BYTES, timeoutMs: 30_000 };
  const conf = await collectWithin(run, ['cat', '/etc/resolv.conf'], limits);
  const resolvConf = parseResolvConf(conf === 'timeout' ? '' : conf.stdout);
  const details: string[] = [];
  for (const via of ['ip -j', 'ip', 'proc'] as const) {
    const said = await collectWithin(run, interfacesArgv(via), limits);
    if (ran(said)) {
      const [, ...parts] = said.stdout.split(`${cut}\n`);
      const tables = { 'ip -j': parseIpJson, ip: parseIpText, proc: parseProcTables }[via](parts);
      if (tables !== undefined && tables.links.length > 0)
        return { kind: 'InterfacesResult', via, ...tables, resolvConf };
    }
    details.push(
      `${via}: ${said === 'timeout' ? 'no answer in time' : firstWords(said.stderr) || `exit code ${codeOf(said)}`}`,
    );
  }
  throw new NetdebugError('the interfaces of the pod could not be read in any way.', {
    exitCode: ExitCode.incomplete,
    hint: 'Choose an image that has ip with --image, and --fresh so that the running debug container is not reused.',
    details,
  });
}
