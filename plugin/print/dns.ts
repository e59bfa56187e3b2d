import type { Clock } from '../../src/debugger/types.js';
import type { DnsAnswer } from '../../src/tools/dns-parse.js';
import type { DnsEvent, DnsQuestion, DnsResult } from '../../src/tools/dns-types.js';
import type { Colours } from './colour.js';
import { type GrowingTable, growingTable, type Show } from './growing.js';
import { sanitizeLine } from './sanitize.js';

/** What `dns` prints while it asks: resolv.conf in words, then a row for each question as soon as all ways of asking it are answered. */
export function dnsRows(
  name: string,
  show: Show,
  clock: Clock,
): Pick<GrowingTable, 'end'> & { readonly onEvent: (event: DnsEvent) => void } {
  const asked: (DnsQuestion & DnsAnswer)[] = [];
  let candidates: readonly string[] = [];
  let rows: GrowingTable | undefined;
  const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length));
  const onEvent = (event: DnsEvent): void => {
    if (event.kind === 'resolvConf') {
      candidates = event.candidates;
      show(headText(name, event.resolvConf));
      return;
    }
    const { via, answers } = event;
    asked.push(...answers);
    const tcp = via === 'dig';
    rows ??= growingTable(
      ['NAME', 'SERVER', 'TYPE', 'UDP', ...(tcp ? ['TCP'] : []), 'ANSWER'],
      [widest(candidates), widest(answers.map(({ server }) => server)), 4, ...(tcp ? [15, 15] : [15])],
      show,
      clock,
    );
    for (const one of answers) {
      const same = asked.filter(
        ({ name, server, type }) => name === one.name && server === one.server && type === one.type,
      );
      if (tcp && same.length < 2) continue;
      const of = (transport: 'udp' | 'tcp'): DnsAnswer | undefined =>
        same.find((two) => two.transport === transport);
      const [udp, over] = [of('udp'), of('tcp')];
      const found = udp !== undefined && udp.addresses.length > 0 ? udp : (over ?? udp);
      const answer = [...(found?.aliases ?? []).map((alias) => `-> ${alias}`), ...(found?.addresses ?? [])];
      rows.add(candidates.indexOf(one.name) + (one.type === 'A' ? 0 : 0.5), [
        ...[one.name, one.server, one.type, cell(udp)],
        ...(tcp ? [cell(over)] : []),
        answer.join(' '),
      ]);
    }
  };
  return { onEvent, end: () => rows?.end() };
}

/** resolv.conf in words, and in which order a name is looked up. */
function headText(name: string, { nameservers, search, ndots, options }: DnsResult['resolvConf']): string {
  const list = (words: readonly string[]): string => (words.length === 0 ? 'none' : words.join(', '));
  const dots = name.split('.').length - 1;
  const order = name.endsWith('.')
    ? `${name} ends with a dot: it is asked for as it is`
    : dots >= ndots
      ? `${name} has ${dots} dots, ndots is ${ndots}: as it is first, then the search list`
      : `${name} has ${dots} ${dots === 1 ? 'dot' : 'dots'}, ndots is ${ndots}: the search list first`;
  const lines = [
    `nameservers: ${list(nameservers)}`,
    `search: ${list(search)}${options.length === 0 ? '' : `; options: ${options.join(' ')}`}`,
    order,
    '',
  ];
  return `${lines.map(sanitizeLine).join('\n')}\n`;
}

/** The end of `dns`, behind the rows: what the C library says, what is remarkable, and whether the name resolves. */
export function dnsText(result: DnsResult, colours: Colours): string {
  const { name, answers, libc, addresses, remarks, resolves, via } = result;
  const lines = [...(answers.length > 0 ? [''] : []), sanitizeLine(libcLine(libc))];
  for (const remark of remarks) lines.push(colours.warning(sanitizeLine(remark)));
  const end = `${name} ${resolves ? `resolves to ${addresses.join(', ')}` : 'does not resolve'}`;
  lines.push((resolves ? colours.good : colours.bad)(sanitizeLine(end)), colours.faint(`asked by ${via}`));
  return `${lines.join('\n')}\n`;
}

function cell(answer: DnsAnswer | undefined): string {
  if (answer === undefined) return '-';
  const { rcode, failure, ms } = answer;
  if (failure === 'timeout') return 'no answer';
  const word = rcode ?? failure ?? '';
  return ms === undefined || rcode === undefined
    ? word
    : `${word} ${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

function libcLine(libc: DnsResult['libc']): string {
  const ms = libc.kind === 'addresses' || libc.kind === 'unknown' ? libc.ms : undefined;
  const took = ms === undefined ? '' : ` in ${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
  switch (libc.kind) {
    case 'addresses':
      return `C library (getent): ${libc.addresses.join(', ')}${took}${libc.canonical === undefined ? '' : `, as ${libc.canonical}`}`;
    case 'unknown':
      return `C library (getent): finds nothing${took}`;
    case 'timeout':
      return `C library (getent): no answer`;
    case 'noTool':
      return 'C library: not asked, there is no getent in the image';
  }
}
