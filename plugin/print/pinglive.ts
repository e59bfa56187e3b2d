import sparkly from 'sparkly';
import type { PingTrack } from '../../src/tools/ping-track.js';
import type { Colours } from './colour.js';
import { sanitizeLine } from './sanitize.js';
import { table } from './table.js';

/** One destination and how it is doing. */
export interface PingRow {
  readonly shown: string;
  readonly address: string;
  readonly track: PingTrack;
}

/** How many of the last packets the sparkline shows. */
export const recentPackets = 30;

/** A table with a line for each destination: loss, times, jitter, and the last packets. */
export function pingTableText(rows: readonly PingRow[], colours: Colours): string {
  const body = rows.map(({ shown, address, track }) => {
    const { sent, received, lossPercent, lastMs, minMs, avgMs, maxMs, jitterMs, recent } = track;
    return [
      shown === address ? shown : `${shown} (${address})`,
      `${received}/${sent}`,
      `${lossPercent}%`,
      milliseconds(lastMs),
      minMs === undefined
        ? undefined
        : [minMs, avgMs, maxMs].map((value) => (value ?? 0).toFixed(2)).join('/'),
      milliseconds(jitterMs),
      sparkline(recent),
    ];
  });
  const text = table(['DEST', 'RECEIVED', 'LOSS', 'LAST MS', 'MIN/AVG/MAX', 'JITTER', 'RECENT'], body);
  const [head = '', ...lines] = text.split('\n');
  return [
    head,
    ...lines.map((line, at) => {
      const loss = rows[at]?.track.lossPercent ?? 0;
      return loss === 0 ? line : loss === 100 ? colours.bad(line) : colours.warning(line);
    }),
  ].join('\n');
}

/** Times as bars from zero, `×` for a packet that did not come back (yet). */
function sparkline(recent: PingTrack['recent']): string {
  if (recent.length === 0) return '';
  const bars = sparkly(
    recent.map((sample) => (sample === 'lost' ? NaN : sample)),
    { minimum: 0 },
  );
  return sanitizeLine(bars.replaceAll(' ', '×'));
}

function milliseconds(value: number | undefined): string | undefined {
  return value?.toFixed(2);
}
