import type { PingEvent } from '../../src/tools/ping-parse.js';
import type { PingSummary } from '../../src/tools/ping.js';
import type { Colours } from './colour.js';
import { sanitizeLine } from './sanitize.js';

/** One event of a running ping as a line, in ping's own manner. */
export function pingEventLine(event: PingEvent, colours: Colours): string {
  switch (event.kind) {
    case 'PingStart':
      return `PING ${sanitizeLine(event.destination)} (${sanitizeLine(event.address)})\n`;
    case 'PingReply': {
      const time = event.timeMs === undefined ? '' : ` time=${event.timeMs} ms`;
      const remark = `${event.duplicate ? ' (DUP!)' : ''}${event.remark === '' ? '' : ` ${event.remark}`}`;
      const line = `${event.bytes} bytes from ${event.from}: icmp_seq=${event.sequence} ttl=${event.ttl}${time}`;
      return `${sanitizeLine(line)}${remark === '' ? '' : colours.warning(sanitizeLine(remark))}\n`;
    }
    case 'PingUnanswered':
      return `${colours.warning(`no answer yet for icmp_seq=${event.sequence}`)}\n`;
    case 'PingUnreachable': {
      const sequence = event.sequence === undefined ? '' : ` icmp_seq=${event.sequence}`;
      return `${colours.bad(sanitizeLine(`From ${event.from}${sequence} ${event.reason}`))}\n`;
    }
    case 'PingTrouble':
      return `${colours.bad(sanitizeLine(event.text))}\n`;
  }
}

/** The last lines: how many came back, and how fast. */
export function pingSummaryText(summary: PingSummary, colours: Colours): string {
  const { transmitted, received, duplicates, errors, lossPercent, times } = summary;
  const loss = `${lossPercent}% packet loss`;
  const colour = lossPercent === 0 ? colours.good : lossPercent === 100 ? colours.bad : colours.warning;
  const counts = [
    `${transmitted} packets transmitted`,
    `${received} received`,
    ...(duplicates > 0 ? [`+${duplicates} duplicates`] : []),
    ...(errors > 0 ? [`+${errors} errors`] : []),
    colour(loss),
  ];
  const lines = ['', `--- ${sanitizeLine(summary.destination)} ping statistics ---`, counts.join(', ')];
  if (times !== undefined) {
    const values = [
      times.minMs,
      times.avgMs,
      times.maxMs,
      ...(times.mdevMs === undefined ? [] : [times.mdevMs]),
    ];
    const names = `min/avg/max${times.mdevMs === undefined ? '' : '/mdev'}`;
    lines.push(`rtt ${names} = ${values.map((value) => value.toFixed(3)).join('/')} ms`);
  }
  return `${lines.join('\n')}\n`;
}
