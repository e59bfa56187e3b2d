import type { Conversation, ConversationReport, Party, Traffic } from '../../src/capture/conversations.js';
import { formatDuration } from '../options/duration.js';
import { formatSize } from '../options/size.js';
import { table } from './table.js';

/** Conversations and protocols as two tables, for a person. `nameOf` gives an address its name, e.g. a pod's. */
export function conversationsText(
  report: ConversationReport,
  nameOf: (address: string) => string | undefined = () => undefined,
): string {
  const { total, protocols, conversations, others, approximate } = report;
  if (total.packets === 0) return 'no packets, hence no conversations\n';
  const party = ({ address, port }: Party): string => {
    const name = nameOf(address);
    const shown = name ?? (port !== undefined && address.includes(':') ? `[${address}]` : address);
    return port === undefined ? shown : `${shown}:${port}`;
  };
  const conversationRows = conversations.map((one) => [
    one.protocol,
    party(one.from),
    party(one.to),
    ...traffic(one.sent),
    ...traffic(one.received),
    formatDuration(durationMs(one)),
  ]);
  const rest =
    others.packets === 0
      ? ''
      : `and ${others.packets === 1 ? '1 packet' : `${count(others.packets)} packets`}, ${formatSize(others.bytes)} of others${approximate ? ' (more conversations than are kept count of: small ones are among them)' : ''}\n`;
  return [
    table(['PROTOCOL', 'FROM', 'TO', 'SENT', 'BYTES', 'RECEIVED', 'BYTES', 'LASTED'], conversationRows),
    rest,
    '\n',
    table(
      ['PROTOCOL', 'PACKETS', 'BYTES', 'SHARE'],
      protocols.map((one) => [one.protocol, ...traffic(one), share(one.bytes, total.bytes)]),
    ),
  ].join('');
}

function traffic({ packets, bytes }: Traffic): readonly [string, string] {
  return [count(packets), formatSize(bytes)];
}

function durationMs({ first, last }: Conversation): number {
  return (last.seconds - first.seconds) * 1000 + (last.nanoseconds - first.nanoseconds) / 1e6;
}

function share(part: number, whole: number): string {
  return `${((100 * part) / Math.max(whole, 1)).toFixed(1)} %`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
