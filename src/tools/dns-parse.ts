import { isIP } from 'node:net';
import { outcomeOfWords } from './probe.js';
import { printable } from './text.js';

/** What a name server answered to one question, or why nothing came. */
export interface DnsAnswer {
  /** `NOERROR`, `NXDOMAIN`, `SERVFAIL`, `REFUSED`, ...; absent when there was no answer. */
  readonly rcode?: string;
  /** Why no answer came. */
  readonly failure?: 'timeout' | 'refused' | 'unreachable' | 'failed';
  readonly addresses: readonly string[];
  /** The names on the way, when it is an alias. */
  readonly aliases: readonly string[];
  /** Of the first address, seconds. */
  readonly ttl?: number;
  /** The answer did not fit into a datagram. */
  readonly truncated?: boolean;
  readonly ms?: number;
}

const noAnswer = (words: string): DnsAnswer => {
  const outcome = outcomeOfWords(words)?.outcome;
  const failure =
    outcome === 'refused'
      ? 'refused'
      : outcome === 'hostUnreachable' || outcome === 'networkUnreachable'
        ? 'unreachable'
        : outcome === 'timeout'
          ? 'timeout'
          : 'failed';
  return { failure, addresses: [], aliases: [] };
};

/** Reads what one `dig -u` printed for several questions: an answer for each, in their order. */
export function parseDig(text: string, questions: number): DnsAnswer[] {
  const answers: DnsAnswer[] = [];
  let block: string[] = [];
  for (const line of text.split('\n')) {
    block.push(line);
    if (line.startsWith(';; Query time:')) {
      answers.push(digBlock(block));
      block = [];
    } else if (/no servers could be reached|couldn't get address/.test(line)) {
      answers.push(noAnswer(block.join('\n')));
      block = [];
    }
  }
  const missing = Array.from({ length: Math.max(0, questions - answers.length) }, () =>
    noAnswer(block.join('\n')),
  );
  return [...answers, ...missing].slice(0, questions);
}

const RECORD = /^(\S+)\s+(\d+)\s+IN\s+(A|AAAA|CNAME)\s+(\S+)$/;

function digBlock(lines: readonly string[]): DnsAnswer {
  const text = lines.join('\n');
  const status = /->>HEADER<<-.* status: ([A-Z0-9]+)/.exec(text)?.[1];
  if (status === undefined) return noAnswer(text);
  const records = lines.flatMap((line) => {
    const [, , ttl, type, value = ''] = RECORD.exec(line) ?? [];
    return type === undefined ? [] : [{ ttl: Number(ttl), type, value: printable(value) }];
  });
  const addresses = records.filter(({ type, value }) => type !== 'CNAME' && isIP(value) !== 0);
  const time = /^;; Query time: (\d+) (u|m)sec/m.exec(text);
  const truncated = /^;; flags:[^;]*\btc\b/m.test(text) || text.includes('Truncated, retrying in TCP');
  const [first] = addresses;
  return {
    rcode: status,
    addresses: addresses.map(({ value }) => value),
    aliases: records.filter(({ type }) => type === 'CNAME').map(({ value }) => value),
    ...(first === undefined ? {} : { ttl: first.ttl }),
    ...(truncated ? { truncated } : {}),
    ...(time === null ? {} : { ms: time[2] === 'u' ? Number(time[1]) / 1000 : Number(time[1]) }),
  };
}

/** Reads nslookup, of busybox or of bind, for one question. */
export function parseNslookup(text: string): DnsAnswer {
  const refused = /(?:can't find|Got) \S+: ([A-Z0-9]+)|Got ([A-Z]+) reply/.exec(text);
  const [, ...found] = text.split(/^Name:/m);
  const addresses = found
    .flatMap((one) => [...one.matchAll(/^Address(?: \d+)?:\s*(\S+)/gm)].map(([, ip = '']) => ip))
    .filter((ip) => isIP(ip) !== 0);
  const aliases = [...text.matchAll(/canonical name = (\S+)/g)].map(([, name = '']) => printable(name));
  if (addresses.length > 0) return { rcode: 'NOERROR', addresses: [...new Set(addresses)], aliases };
  const rcode = refused?.[1] ?? refused?.[2];
  if (rcode !== undefined) return { rcode, addresses: [], aliases };
  // busybox says of each of its tries that it was refused, and gives up as after silence.
  if (/timed out|no servers/i.test(text) && !/connection refused/i.test(text))
    return { failure: 'timeout', addresses: [], aliases: [] };
  if (/No answer|^Non-authoritative answer|^Server:/m.test(text) && !/refused|unreachable|can't/i.test(text))
    return { rcode: 'NOERROR', addresses: [], aliases };
  return noAnswer(text);
}
