import type { LiveStatistics } from '../../src/capture/statistics.js';
import type { CaptureSummary, EndedBy } from '../../src/capture/summary.js';
import { formatDuration } from '../options/duration.js';
import { formatSize } from '../options/size.js';

/** The live line: packets, bytes, rates, drops. */
export function captureLiveText(statistics: LiveStatistics): string {
  const { packets, bytes, packetsPerSecond, bytesPerSecond, droppedByKernel, droppedByInterface, elapsedMs } =
    statistics;
  const dropped =
    droppedByKernel === undefined ? [] : [`${count(droppedByKernel + (droppedByInterface ?? 0))} dropped`];
  return [
    packetsText(packets),
    formatSize(bytes),
    `${count(Math.round(packetsPerSecond))} packets/s`,
    `${formatSize(bytesPerSecond)}/s`,
    ...dropped,
    formatDuration(elapsedMs),
  ].join(', ');
}

const endings: Readonly<Record<EndedBy, string>> = {
  limit: 'the limit was reached',
  interrupt: 'interrupted',
  reader: 'the reader closed',
  tool: 'tcpdump ended',
  lost: 'the connection was lost',
  sink: 'the packets could not be written',
};

/** The last lines: what was written, what tcpdump counted, whether the last record is whole. */
export function captureSummaryText(summary: CaptureSummary, destination: string): string {
  const {
    packets,
    bytes,
    endedBy,
    durationMs,
    captured,
    receivedByFilter,
    droppedByKernel,
    droppedByInterface,
  } = summary;
  const counters = [
    `${known(captured)} captured`,
    `${known(receivedByFilter)} received by filter`,
    `${known(droppedByKernel)} dropped by kernel`,
    ...(droppedByInterface !== undefined && droppedByInterface > 0
      ? [`${count(droppedByInterface)} dropped by interface`]
      : []),
    `last record ${summary.whole ? 'whole' : 'cut'}`,
  ];
  const loss = lossText(summary);
  return [
    `${packetsText(packets)}, ${formatSize(bytes)} to ${destination} in ${formatDuration(durationMs)}: ${endings[endedBy]}`,
    counters.join(', '),
    ...(loss === undefined ? [] : [loss]),
    ...summary.notes.map((note) => `note: ${note}`),
  ].join('\n');
}

/** A capture that lost packets lies about what was there, and has to say so. */
function lossText({
  receivedByFilter,
  droppedByKernel,
  droppedByInterface,
}: CaptureSummary): string | undefined {
  const dropped = (droppedByKernel ?? 0) + (droppedByInterface ?? 0);
  if (dropped === 0 || receivedByFilter === undefined) return undefined;
  const share = Math.min(100, (100 * dropped) / Math.max(receivedByFilter, dropped));
  return `warning: ${share < 0.1 ? 'less than 0.1' : share.toFixed(1)} % of the packets were lost: narrow the filter, or give a larger --buffer-size or a smaller --snaplen`;
}

function packetsText(packets: number): string {
  return packets === 1 ? '1 packet' : `${count(packets)} packets`;
}

function known(value: number | undefined): string {
  return value === undefined ? 'unknown' : count(value);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
