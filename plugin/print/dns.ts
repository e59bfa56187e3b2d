import type { DnsAnswer } from '../../src/tools/dns-parse.js';
import type { DnsResult } from '../../src/tools/dns-types.js';
import type { Colours } from './colour.js';
import { sanitizeLine } from './sanitize.js';
import { table } from './table.js';

/** The result of `dns`: resolv.conf in words, a row for each question, what the C library says. */
export function dnsText(result: DnsResult, colours: Colours): string {
  const { name, resolvConf, candidates, answers, libc, addresses } = result;
  const { nameservers, search, ndots, options } = resolvConf;
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
  ].map(sanitizeLine);
  const tcp = answers.some(({ transport }) => transport === 'tcp');
  const rows = candidates.flatMap((candidate) =>
    [...new Set(answers.map(({ server }) => server))].flatMap((server) =>
      (['A', 'AAAA'] as const).map((type) => {
        const of = (transport: 'udp' | 'tcp'): DnsAnswer | undefined =>
          answers.find(
            (one) =>
              one.name === candidate &&
              one.server === server &&
              one.type === type &&
              one.transport === transport,
          );
        const [udp, over] = [of('udp'), of('tcp')];
        const found = udp !== undefined && udp.addresses.length > 0 ? udp : (over ?? udp);
        const answer = [...(found?.aliases ?? []).map((alias) => `-> ${alias}`), ...(found?.addresses ?? [])];
        return [candidate, server, type, cell(udp), ...(tcp ? [cell(over)] : []), answer.join(' ')];
      }),
    ),
  );
  if (rows.length > 0)
    lines.push(table(['NAME', 'SERVER', 'TYPE', 'UDP', ...(tcp ? ['TCP'] : []), 'ANSWER'], rows));
  lines.push(sanitizeLine(libcLine(libc)));
  for (const remark of result.remarks) lines.push(colours.warning(sanitizeLine(remark)));
  const end = `${name} ${result.resolves ? `resolves to ${addresses.join(', ')}` : 'does not resolve'}`;
  lines.push(
    (result.resolves ? colours.good : colours.bad)(sanitizeLine(end)),
    colours.faint(`asked by ${result.via}`),
  );
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
