import type { SourceSummary } from '../../src/capture/source-summary.js';
import type { LiveStatistics } from '../../src/capture/statistics.js';
import type { EndedBy } from '../../src/capture/ended.js';
import type { CaptureSummary } from '../../src/capture/summary.js';
import { formatDuration } from '../options/duration.js';
import { formatSize } from '../options/size.js';
import { table } from './table.js';

/** The live line: packets, bytes, rates, drops. */
export function captureLiveText(statistics: LiveStatistics): string {
  const { packets, bytes, packetsPerSecond, bytesPerSecond, droppedByKernel, droppedByInterface, elapsedMs } =
    statistics;
  const { running, expected } = statistics;
  const dropped =
    droppedByKernel === undefined ? [] : [`${count(droppedByKernel + (droppedByInterface ?? 0))} dropped`];
  return [
    ...(expected > 1
      ? [running === expected ? `${running} sources` : `${running} of ${expected} sources`]
      : []),
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
  trigger: 'the trigger came',
  interrupt: 'interrupted',
  reader: 'the reader closed',
  tool: 'tcpdump ended',
  lost: 'the connection was lost',
  gone: 'the pod went away',
  sink: 'the packets could not be written',
};

/** The last lines: what was written, what tcpdump counted, whether the last record is whole; of several sources a row each. */
export function captureSummaryText(summary: CaptureSummary, destination: string): string {
  const { packets, bytes, endedBy, durationMs, sources } = summary;
  const { captured, receivedByFilter, droppedByKernel, droppedByInterface, latePackets } = summary;
  const several = sources.length > 1;
  const counters = [
    ...(several ? [`${sources.length} sources`] : []),
    `${known(captured)} captured`,
    `${known(receivedByFilter)} received by filter`,
    `${known(droppedByKernel)} dropped by kernel`,
    ...(droppedByInterface !== undefined && droppedByInterface > 0
      ? [`${count(droppedByInterface)} dropped by interface`]
      : []),
    ...(latePackets > 0 ? [`${count(latePackets)} out of order`] : []),
    `${several ? 'last records' : 'last record'} ${summary.whole ? 'whole' : 'cut'}`,
  ];
  const loss = lossText(summary);
  return [
    `${packetsText(packets)}, ${formatSize(bytes)} to ${destination} in ${formatDuration(durationMs)}: ${endings[endedBy]}`,
    counters.join(', '),
    ...(several ? [sourcesTable(sources).trimEnd()] : []),
    ...(loss === undefined ? [] : [loss]),
    ...summary.notes.map((note) => `note: ${note}`),
  ].join('\n');
}

function sourcesTable(sources: readonly SourceSummary[]): string {
  return table(
    ['SOURCE', 'PACKETS', 'BYTES', 'DROPPED', 'GAPS', 'LATE', 'LAST RECORD', 'ENDED'],
    sources.map((source) => [
      source.name,
      count(source.packets),
      formatSize(source.bytes),
      known(sumKnown(source.droppedByKernel, source.droppedByInterface)),
      count(source.gaps.length),
      count(source.latePackets),
      source.whole ? 'whole' : 'cut',
      endings[source.endedBy],
    ]),
  );
}

function sumKnown(kernel: number | undefined, device: number | undefined): number | undefined {
  return kernel === undefined ? undefined : kernel + (device ?? 0);
}

/** A capture that lost packets lies about what was there, and has to say so. */
function lossText({ receivedByFilter, lost, packets }: CaptureSummary): string | undefined {
  if (lost === 0) return undefined;
  const share = Math.min(100, (100 * lost) / Math.max(receivedByFilter ?? packets, lost));
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
