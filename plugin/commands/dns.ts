import { isIP } from 'node:net';
import { ExitCode } from '../../src/errors.js';
import type { Command } from '../command.js';
import type { Flags } from '../options/flags.js';
import type { Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { type Words, wordsOf } from '../options/words.js';
import { coloursFor } from '../print/colour.js';
import { parseDestination, parseProbe, parseTimeout, probeFlags, probeIn, timeoutFlag } from '../probe.js';
import type { PodAddress, SessionContext } from '../context.js';
import { inPod, type PodCommandRequest } from '../target.js';

/** What `dns` was asked for. */
export interface DnsCommandRequest extends PodCommandRequest {
  /** A Service is asked for by the name it has in the cluster, where its namespace is known. */
  readonly name: string | { readonly service: string; readonly namespace: string | undefined };
  readonly servers: readonly string[];
  readonly timeoutMs: number;
}

const flags: Flags = {
  nameserver: {
    kind: 'list',
    placeholder: 'ADDRESS',
    describe: 'a name server to ask besides those of resolv.conf; may be given again',
    group: 'Flags',
  },
  timeout: timeoutFlag('for each question, whole seconds (default 3s)'),
};

/** `kubectl netdebug dns POD NAME`. */
export const dnsCommand: Command = {
  name: 'dns',
  usage: 'POD NAME [FLAGS]',
  completes: { NAME: 'services' },
  summary: 'how a name is looked up in a pod, question by question',
  about:
    'Reads the resolv.conf of a pod, asks every name server for every name that the search list makes of NAME, A and AAAA, over UDP and TCP, and compares that with what the C library says. The exit code is 1 when the name does not resolve. It needs dig in the debug image; nslookup or getent tell less.',
  examples: [
    { about: 'A Service by its short name', words: 'dns web-0 api' },
    {
      about: 'Past the Service of the DNS, a CoreDNS pod itself',
      words: 'dns web-0 svc/api --nameserver 10.244.1.7',
    },
  ],
  flags: probeFlags(flags),
  prepare: (words, settings) => {
    const request = parseDns(words, settings);
    return (environment) => inPod(request, environment, (context, at) => dnsFrom(context, at, request));
  },
};

/** Words → request. Throws a usage error. */
export function parseDns(words: Words, settings: Settings): DnsCommandRequest {
  const { request, others } = parseProbe(words, settings, ['NAME']);
  const servers = wordsOf(words, 'nameserver');
  const wrong = servers.find((server) => isIP(server) === 0);
  if (wrong !== undefined)
    throw usageError(`--nameserver: ${JSON.stringify(wrong)} is not an address`, words.command);
  return { ...request, name: nameOf(others[0] ?? '', words), servers, timeoutMs: parseTimeout(words, 3_000) };
}

function nameOf(text: string, words: Words): DnsCommandRequest['name'] {
  const reference = parseDestination(text);
  if (reference.type === 'host' && reference.port === undefined) return reference.host;
  if (reference.type === 'url') return reference.host;
  if (reference.type === 'object' && reference.kind === 'service')
    return { service: reference.name, namespace: reference.namespace };
  throw usageError(
    `${JSON.stringify(text)} is no name to look up`,
    words.command,
    'expected a host name such as api or api.shop.svc.cluster.local, or svc/NAME',
  );
}

async function dnsFrom(context: SessionContext, at: PodAddress, request: DnsCommandRequest): Promise<number> {
  const { environment, output } = context;
  const [{ dns, digArgv }, { dnsRows, dnsText }] = await Promise.all([
    import('../../src/tools/dns.js'),
    import('../print/dns.js'),
  ]);
  const { servers, timeoutMs } = request;
  const name =
    typeof request.name === 'string'
      ? request.name
      : `${request.name.service}.${request.name.namespace ?? at.namespace}.svc`;
  return probeIn(context, at, {
    argv: () => digArgv(name, servers[0] ?? 'SERVER', 'udp', timeoutMs),
    doing: `looking up ${name}`,
    probe: (run, options, show) => {
      const rows = dnsRows(name, show, options.clock);
      return dns(run, { name, servers, timeoutMs }, { ...options, onEvent: rows.onEvent }).finally(rows.end);
    },
    print: (result) => dnsText(result, coloursFor('stdout', output.color, environment)),
    exit: ({ resolves }) => (resolves ? ExitCode.ok : ExitCode.found),
  });
}
