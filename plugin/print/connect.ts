import { isIP } from 'node:net';
import type { Clock } from '../../src/debugger/types.js';
import type { Attempt } from '../../src/tools/connect-parse.js';
import type { ConnectedPlace, ConnectEvent, ConnectRequest, ConnectResult } from '../../src/tools/connect.js';
import type { Outcome } from '../../src/tools/probe.js';
import type { TlsFacts } from '../../src/tools/tls.js';
import type { Colours } from './colour.js';
import { type GrowingTable, growingTable, type Show } from './growing.js';
import { sanitizeLine } from './sanitize.js';
import { table } from './table.js';

/** What an outcome means, in one word or a few. */
export const outcomeWords: Readonly<Record<Outcome, string>> = {
  connected: 'connected',
  answered: 'answered',
  noAnswer: 'no answer',
  refused: 'refused',
  timeout: 'timed out',
  hostUnreachable: 'no route to host',
  networkUnreachable: 'network unreachable',
  reset: 'reset',
  notPermitted: 'not permitted',
  unknownHost: 'unknown host',
  failed: 'failed',
};

/** What may lie behind an outcome; the sentences of what it does not mean are in docs/commands/connect.md. */
const readings: Readonly<Partial<Record<Outcome, string>>> = {
  refused:
    'refused: nothing listens there (or only on 127.0.0.1), a Service has no endpoint, or a policy rejects instead of dropping',
  timeout:
    'timed out: a policy or a firewall drops the packets, or nobody has this address; a closed port would refuse',
  hostUnreachable:
    'no route to host: the address does not answer ARP (its pod is gone), or a firewall says so',
  networkUnreachable: 'network unreachable: the pod has no route or no address of this family',
  notPermitted: 'not permitted: a rule or a route inside the pod forbids it',
  noAnswer:
    'no answer is inconclusive: an open UDP port that has nothing to say, a dropped datagram and a lost answer look the same',
  unknownHost:
    'unknown host: there is no such name, or no DNS server answers; kubectl netdebug dns tells which',
};

/** A row for each attempt, as they end. */
export function connectRows(
  { places, protocol, count }: ConnectRequest,
  show: Show,
  clock: Clock,
): Pick<GrowingTable, 'end'> & { readonly onEvent: (event: ConnectEvent) => void } {
  const widest = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length));
  const numbers = count === 1 ? headingOf(protocol) : 'ATTEMPT';
  const rows = growingTable(
    ['TO', 'ADDRESS', numbers, 'MS', 'OUTCOME'],
    [
      widest(places.map(({ label }) => label)),
      // The address of a name is not known yet.
      widest(places.map(({ host, port }) => withPort(isIP(host) === 0 ? '255.255.255.255' : host, port))),
      numbers.length,
      6,
    ],
    show,
    clock,
  );
  return {
    end: rows.end,
    onEvent: ({ place, address, number, attempt }) => {
      const { outcome, ms } = attempt;
      const good = outcome === 'connected' || outcome === 'answered';
      rows.add(places.indexOf(place) + number / 10_000, [
        place.label,
        address === undefined ? '' : withPort(address, place.port),
        count === 1 ? `${good ? 1 : 0}/1` : `${number}/${count}`,
        ms === undefined ? '' : milliseconds(ms),
        outcomeText(attempt),
      ]);
    },
  };
}

function headingOf(protocol: 'tcp' | 'udp'): string {
  return protocol === 'tcp' ? 'CONNECTED' : 'ANSWERED';
}

/** The end of `connect`: where there was more than one attempt, a row for each address; what TLS showed, and what it may mean. */
export function connectText(result: ConnectResult, colours: Colours): string {
  const lines: string[] = [];
  if (result.places.some(({ attempts }) => attempts.length > 1)) {
    const rows = result.places.map((place) => [
      place.label,
      place.address === undefined ? '' : withPort(place.address, place.port),
      `${place.succeeded}/${place.attempts.length}`,
      times(place),
      outcomes(place),
    ]);
    lines.push('', table(['TO', 'ADDRESS', headingOf(result.protocol), 'MS', 'OUTCOME'], rows).trimEnd());
  }
  for (const place of result.places) {
    if (place.tls !== undefined) lines.push('', ...tlsLines(place, place.tls, colours));
  }
  const seen = new Set(result.places.flatMap(({ attempts }) => attempts.map(({ outcome }) => outcome)));
  const meant = [...seen].flatMap((outcome) => readings[outcome] ?? []);
  lines.push('', ...meant.map((text) => colours.warning(text)));
  if (result.odd.length > 0)
    lines.push(colours.bad(`${result.odd.map(sanitizeLine).join(', ')} differs from the other endpoints`));
  lines.push(colours.faint(`tried by ${result.via}`));
  return `${lines.join('\n')}\n`;
}

function withPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** One time, or the least, the middle and the most of those that are known. */
function times({ attempts }: ConnectedPlace): string {
  const known = attempts.flatMap(({ ms }) => ms ?? []).sort((a, b) => a - b);
  const [least, most] = [known[0], known.at(-1)];
  if (least === undefined || most === undefined) return '';
  if (known.length === 1) return milliseconds(least);
  return [least, known[Math.floor(known.length / 2)] ?? least, most].map(milliseconds).join('/');
}

function milliseconds(ms: number): string {
  return ms < 10 ? ms.toFixed(2) : ms.toFixed(0);
}

function outcomes({ attempts, outcome }: ConnectedPlace): string {
  const counted = new Map<Outcome, number>();
  for (const one of attempts) counted.set(one.outcome, (counted.get(one.outcome) ?? 0) + 1);
  if (counted.size > 1) return [...counted].map(([one, n]) => `${n} ${outcomeWords[one]}`).join(', ');
  return outcomeText({ ...attempts[0], outcome });
}

function outcomeText({ outcome, errno, text }: Attempt): string {
  const detail = errno ?? (outcome === 'failed' || outcome === 'unknownHost' ? text : undefined);
  return `${outcomeWords[outcome]}${detail === undefined ? '' : ` (${detail})`}`;
}

function tlsLines(place: ConnectedPlace, tls: TlsFacts, colours: Colours): string[] {
  const to = place.address === undefined ? place.label : withPort(place.address, place.port);
  const asked = tls.serverName === undefined ? '' : ` as ${tls.serverName}`;
  const agreed = [tls.protocol, tls.cipher, tls.application].filter((one) => one !== undefined).join(', ');
  const took = tls.ms === undefined ? '' : ` in ${tls.ms.toFixed(0)} ms`;
  const lines = [`TLS with ${to}${asked}: ${agreed === '' ? 'no handshake' : `${agreed}${took}`}`];
  if (tls.problem !== undefined) lines.push(colours.bad(`  ${tls.problem}`));
  tls.chain.forEach((one, index) => {
    lines.push(`  ${index} ${one.subject}`);
    if (index === 0 && one.names.length > 0) lines.push(`    names: ${one.names.join(', ')}`);
    lines.push(`    issued by ${one.issuer}, valid to ${one.notAfter} (${one.daysLeft} days)`);
  });
  if (tls.asksForCertificate === true) lines.push('  the server asks for a client certificate');
  if (tls.verified !== undefined) lines.push(`  the container's authorities: ${tls.verified}`);
  return lines.map((line) => (line.includes('\u001b') ? line : sanitizeLine(line)));
}
