import { isIP } from 'node:net';
import { ExitCode, NetdebugError } from '../errors.js';
import { parseDig, parseNslookup, type DnsAnswer } from './dns-parse.js';
import { dnsReadings } from './dns-readings.js';
import type { DnsEvent, DnsQuestion, DnsResult } from './dns-types.js';
import { lookUp } from './getent.js';
import { collectWithin, inParallel, parseTimed, ran, timedArgv, type TellingOptions } from './probe.js';
import { parseResolvConf, searchCandidates } from './resolvconf.js';
import type { RunTool } from './run.js';

export interface DnsRequest {
  readonly name: string;
  /** Asked besides those of resolv.conf. */
  readonly servers: readonly string[];
  /** For each question; rounded up to whole seconds. */
  readonly timeoutMs: number;
  /** For the question to the C library, which may go on long after the servers were asked; default 45 s. */
  readonly lookUpMs?: number;
  /** Over TCP each server is asked for one name only, which tells whether TCP gets there. Default: for all. */
  readonly tcp?: 'one';
}

const AT_ONCE = 8;

/** argv of the two questions for addresses of one candidate. */
export function digArgv(name: string, server: string, transport: 'udp' | 'tcp', timeoutMs: number): string[] {
  const seconds = Math.max(1, Math.ceil(timeoutMs / 1000));
  // +nosearch +nodefname: a candidate is whole. +ignore: a truncated answer over UDP is told as one.
  const flags = [`+time=${seconds}`, '+tries=1', '+nosearch', transport === 'tcp' ? '+tcp' : '+ignore'];
  return ['dig', '-u', `@${server}`, ...flags, '-q', name, '-t', 'A', '-q', name, '-t', 'AAAA'];
}

/**
 * Looks a name up in every way that the pod could. NXDOMAIN, SERVFAIL, silence are results.
 * Throws a {@link NetdebugError}: 7 when the container has neither dig nor nslookup nor getent, 8 when the connection was lost, 130.
 */
export async function dns(
  run: RunTool,
  request: DnsRequest,
  telling: TellingOptions<DnsEvent>,
): Promise<DnsResult> {
  const { name } = request;
  const { onEvent = () => undefined, ...options } = telling;
  const limits = { ...options, timeoutMs: 10_000, limitBytes: 128 * 1024 };
  const said = await collectWithin(run, ['cat', '/etc/resolv.conf'], limits);
  const resolvConf = parseResolvConf(said === 'timeout' ? '' : said.stdout);
  const candidates = searchCandidates(name, resolvConf);
  onEvent({ kind: 'resolvConf', resolvConf, candidates });
  const servers = [...new Set([...resolvConf.nameservers, ...request.servers])];
  const [libc, asked] = await Promise.all([
    lookUp(run, name, options, 'libc only', request.lookUpMs),
    askAll(run, candidates, servers, request, { ...options, onEvent }),
  ]);
  if (asked === undefined && libc.kind === 'noTool')
    throw new NetdebugError('the debug container has neither dig nor nslookup nor getent.', {
      exitCode: ExitCode.container,
      hint: 'Choose an image that has one with --image, and --fresh so that the running debug container is not reused.',
    });
  const answers = asked?.answers ?? [];
  const own = answers.filter(({ server }) => resolvConf.nameservers.includes(server));
  const found = candidates.find((one) =>
    own.some((answer) => answer.name === one && answer.addresses.length > 0),
  );
  const fromServer = [
    ...new Set(own.filter((one) => one.name === found).flatMap(({ addresses }) => addresses)),
  ];
  const addresses = libc.kind === 'addresses' ? libc.addresses : fromServer;
  const facts = { name, resolvConf, candidates, answers, libc, found };
  return {
    kind: 'DnsResult',
    ...facts,
    via: asked?.via ?? 'getent',
    addresses,
    resolves: addresses.length > 0 && (libc.kind === 'addresses' || libc.kind === 'noTool'),
    remarks: dnsReadings({ ...facts, fromServer, timeoutMs: request.timeoutMs }),
  };
}

interface Asked {
  readonly via: 'dig' | 'nslookup';
  readonly answers: (DnsQuestion & DnsAnswer)[];
}

async function askAll(
  run: RunTool,
  names: readonly string[],
  servers: readonly string[],
  { timeoutMs, tcp }: Pick<DnsRequest, 'timeoutMs' | 'tcp'>,
  telling: TellingOptions<DnsEvent>,
): Promise<Asked | undefined> {
  const { onEvent, ...options } = telling;
  if (servers.length === 0) return { via: 'dig', answers: [] };
  const there = await collectWithin(run, ['dig', '-v'], { ...options, timeoutMs: 10_000, limitBytes: 4096 });
  const all = ['udp', 'tcp'] as const;
  const limits = { ...options, limitBytes: 512 * 1024, timeoutMs: 2 * timeoutMs + 15_000 };
  if (ran(there)) {
    const places = names.flatMap((name, at) =>
      servers.flatMap((server) =>
        all
          .filter((transport) => transport === 'udp' || tcp !== 'one' || at === 0)
          .map((transport) => ({ name, server, transport })),
      ),
    );
    const answers = await inParallel(places, AT_ONCE, async ({ name, server, transport }) => {
      const said = await collectWithin(run, digArgv(name, server, transport, timeoutMs), limits);
      const two = parseDig(said === 'timeout' ? ';; timed out' : `${said.stdout}\n${said.stderr}`, 2);
      const both = (['A', 'AAAA'] as const).map((type, at) => ({
        name,
        server,
        type,
        transport,
        ...noneOr(two[at]),
      }));
      onEvent?.({ kind: 'answers', via: 'dig', answers: both });
      return both;
    });
    return { via: 'dig', answers: answers.flat() };
  }
  const places = names.flatMap((name) =>
    servers.flatMap((server) => (['A', 'AAAA'] as const).map((type) => ({ name, server, type }))),
  );
  const answers = await inParallel(places, AT_ONCE, async ({ name, server, type }) => {
    const argv = timedArgv(['nslookup', `-type=${type.toLowerCase()}`, name, server]);
    const said = await collectWithin(run, argv, limits);
    if (said !== 'timeout' && !ran(said)) return undefined;
    const { text, ms } = said === 'timeout' ? { text: 'timed out', ms: undefined } : parseTimed(said.stdout);
    const answer = parseNslookup(text);
    const fitting = answer.addresses.filter((address) => isIP(address) === (type === 'A' ? 4 : 6));
    const one = {
      name,
      server,
      type,
      transport: 'udp' as const,
      ...answer,
      addresses: fitting,
      ...(ms === undefined ? {} : { ms }),
    };
    onEvent?.({ kind: 'answers', via: 'nslookup', answers: [one] });
    return one;
  });
  const known = answers.flatMap((one) => one ?? []);
  return known.length === 0 ? undefined : { via: 'nslookup', answers: known };
}

function noneOr(answer: DnsAnswer | undefined): DnsAnswer {
  return answer ?? { failure: 'failed', addresses: [], aliases: [] };
}
