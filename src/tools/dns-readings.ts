import type { DnsAnswer } from './dns-parse.js';
import type { DnsQuestion, DnsResult } from './dns-types.js';

type Asked = DnsQuestion & DnsAnswer;

/** What is remarkable in a look-up, one sentence each; none when all is as it should be. */
export function dnsReadings(
  facts: Pick<DnsResult, 'resolvConf' | 'candidates' | 'answers' | 'libc' | 'found'> & {
    readonly fromServer: readonly string[];
    /** How long each question was waited for. */
    readonly timeoutMs: number;
  },
): string[] {
  const { resolvConf, candidates, answers, libc, found, fromServer, timeoutMs } = facts;
  const said: string[] = [];
  const { nameservers, ndots } = resolvConf;
  if (nameservers.length === 0) said.push('resolv.conf names no server: the C library asks 127.0.0.1');
  // The C library waits longer than we do: what it got in the end came from a server that is slow, not dead.
  const slow = libc.kind === 'addresses' && libc.ms !== undefined && libc.ms >= timeoutMs;
  const nobodySaid = answers.every(({ rcode }) => rcode === undefined);
  for (const server of new Set(answers.map((one) => one.server)))
    said.push(...serverReadings(server, answers, slow, timeoutMs));
  const at = found === undefined ? -1 : candidates.indexOf(found);
  if (at > 0)
    said.push(
      `${at} ${at === 1 ? 'name is' : 'names are'} asked for in vain before ${found ?? ''} (ndots ${ndots}); that name with its dot would be asked for at once`,
    );
  if (found !== undefined && libc.kind === 'unknown')
    said.push(
      `the server knows ${found}, the C library finds nothing: see nsswitch.conf, /etc/hosts and the options`,
    );
  if (libc.kind === 'addresses' && found === undefined && answers.length > 0 && !(slow && nobodySaid))
    said.push(
      'only the C library knows the name, no server does: it stands in /etc/hosts, or another resolver answers',
    );
  if (
    libc.kind === 'addresses' &&
    fromServer.length > 0 &&
    !libc.addresses.some((one) => fromServer.includes(one))
  )
    said.push(`the C library says ${libc.addresses.join(', ')}, the server ${fromServer.join(', ')}`);
  if (libc.kind === 'timeout') said.push('the C library waited and got no answer');
  // The steps of resolv.conf(5): a lost datagram, a dead first server.
  const waited = libc.kind === 'addresses' || (libc.kind === 'unknown' && !nobodySaid) ? libc.ms : undefined;
  if (waited !== undefined && waited >= 2_400)
    said.push(
      `the C library took ${(waited / 1000).toFixed(1)} s: the server is slow, a datagram was lost, or a server before the one that answers is dead`,
    );
  return said;
}

function serverReadings(
  server: string,
  answers: readonly Asked[],
  slow: boolean,
  timeoutMs: number,
): string[] {
  const mine = answers.filter((one) => one.server === server);
  const over = (transport: 'udp' | 'tcp'): Asked[] => mine.filter((one) => one.transport === transport);
  const dead = (all: readonly Asked[]): boolean =>
    all.length > 0 && all.every(({ failure }) => failure !== undefined);
  const said: string[] = [];
  const [udp, tcp] = [over('udp'), over('tcp')];
  // One refusal says more than any silence: nodes send only so many of them in a second.
  const how = (['refused', 'unreachable', 'timeout'] as const).find((one) =>
    mine.some(({ failure }) => failure === one),
  );
  if (dead(mine) && how === 'timeout' && slow)
    said.push(
      `${server} answers nothing within ${timeoutMs / 1000} s, but the C library, which waits longer, got its answer: DNS is slow; a longer --timeout shows it`,
    );
  else if (dead(mine)) said.push(`${server} ${failureWords[how ?? 'failed']}`);
  else if (dead(tcp))
    said.push(
      `${server} answers over UDP and not over TCP: a policy may allow only UDP 53, and large answers fail`,
    );
  else if (dead(udp)) said.push(`${server} answers over TCP and not over UDP`);
  const partly = mine.filter(({ failure }) => failure !== undefined).length;
  if (partly > 0 && !dead(udp) && !dead(tcp) && !dead(mine))
    said.push(`${server} left ${partly} of ${mine.length} questions without an answer`);
  for (const rcode of ['SERVFAIL', 'REFUSED'] as const) {
    const names = new Set(mine.filter((one) => one.rcode === rcode).map((one) => one.name));
    if (names.size > 0)
      said.push(`${server} says ${rcode} to ${[...names].join(', ')}: ${rcodeWords[rcode]}`);
  }
  if (mine.some(({ truncated }) => truncated === true))
    said.push(`${server} cut an answer that did not fit into a datagram`);
  return said;
}

const rcodeWords = {
  SERVFAIL: 'it could not ask further (its forwarder, or the API server)',
  REFUSED: 'it does not serve this name, or a DNS proxy forbids it',
} as const;

const failureWords = {
  timeout: 'answers nothing: port 53 is blocked, or nobody is there',
  refused: 'refuses connections and datagrams: no DNS server there, or its Service has no endpoint',
  unreachable: 'cannot be reached: no route to it',
  failed: 'gives no answer',
} as const;
