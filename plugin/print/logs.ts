import sparkly from 'sparkly';
import type { LogGroup } from '../../src/logs/count.js';
import type { ReadLog, ReadProgress } from '../../src/logs/read.js';
import { type LogSource, sourceName } from '../../src/logs/sources.js';
import type { LogHit, LogPeer } from '../../src/logs/types.js';
import { formatSize } from '../options/size.js';
import { sanitizeLine } from './sanitize.js';
import { table } from './table.js';

/** A group, and what its peer is in the cluster, e.g. `svc shop/api`. */
export interface NamedGroup extends LogGroup {
  readonly object: string | undefined;
}

/** All that `logs` found. */
export interface LogReport {
  readonly groups: readonly NamedGroup[];
  readonly logs: readonly ReadLog[];
  readonly hits: number;
  readonly ungrouped: number;
  readonly notRead: readonly string[];
}

const columnsOfTrend = 24;

/** What is being read, for the status line. */
export function readingText({ done, of, bytes }: ReadProgress): string {
  return `reading logs: ${done} of ${of}, ${formatSize(bytes)}`;
}

/** One line as it comes, with the lines around it. */
export function hitText(hit: LogHit, source: LogSource, object: string | undefined): string {
  const about = hit.peer === undefined ? '' : ` ${peerText(hit.peer, object)}`;
  const head = `${timeText(hit.timeMs)}${sourceName(source)} ${hit.pattern.name}${about}`;
  if (hit.before.length + hit.after.length === 0) return `${sanitizeLine(head)}: ${sanitizeLine(hit.line)}\n`;
  const around = (lines: readonly string[]): string =>
    lines.map((line) => `    ${sanitizeLine(line)}\n`).join('');
  return `${sanitizeLine(head)}\n${around(hit.before)}  > ${sanitizeLine(hit.line)}\n${around(hit.after)}\n`;
}

/** One line as data. */
export function hitDocument(hit: LogHit, source: LogSource, object: string | undefined): object {
  const { pattern, peer, line, timeMs, before, after } = hit;
  return {
    ...sourceOf(source),
    time: isoTime(timeMs),
    pattern: pattern.name,
    severity: pattern.severity,
    codes: pattern.codes,
    peer: peerDocument(peer, object),
    line,
    ...(before.length + after.length > 0 ? { before, after } : {}),
  };
}

/** The counts as data: groups with their minutes, and what became of each log. */
export function logReportDocument({ groups, logs, hits, ungrouped, notRead }: LogReport): object {
  return {
    hits,
    ungrouped,
    groups: groups.map((group) => ({
      pattern: group.pattern.name,
      meaning: group.pattern.meaning,
      severity: group.pattern.severity,
      codes: group.pattern.codes,
      peer: peerDocument(group.peer, group.object),
      count: group.count,
      first: isoTime(group.firstMs),
      last: isoTime(group.lastMs),
      minutes: [...group.minutes]
        .sort(([a], [b]) => a - b)
        .map(([minute, count]) => ({ minute: isoTime(minute * 60_000), count })),
      logs: [...group.sources].map(([name, count]) => ({ name, count })),
      sample: group.sample,
    })),
    logs: logs.map(({ bytes, lines, hits: found, error, ...source }) => ({
      ...sourceOf(source),
      bytes,
      lines,
      hits: found,
      error: error?.message,
    })),
    notRead,
  };
}

/** The counts as a table; under it, what each pattern means and one of its lines. Nothing found: no text. */
export function logReportText({ groups, ungrouped }: LogReport, wide: boolean): string {
  if (groups.length === 0) return '';
  const minutes = groups.flatMap((group) => [...group.minutes.keys()]);
  const span = {
    first: minutes.reduce((a, b) => Math.min(a, b), Infinity),
    last: minutes.reduce((a, b) => Math.max(a, b), -Infinity),
  };
  const headings = ['COUNT', 'PATTERN', 'PEER', 'LAST', 'TREND', 'CODES', 'LOGS'];
  const rows = groups.map((group) => [
    String(group.count),
    group.pattern.name,
    group.peer === undefined ? undefined : peerText(group.peer, group.object),
    isoTime(group.lastMs)?.replace(/\.\d+Z$/, 'Z'),
    trend(group.minutes, span),
    group.pattern.codes.slice(0, wide ? undefined : 2).join(','),
    logsText(group.sources, wide ? Infinity : 1),
  ]);
  const samples = groups.slice(0, wide ? undefined : 5).map((group) => {
    const who = group.peer === undefined ? '' : ` (${peerText(group.peer, group.object)})`;
    return (
      sanitizeLine(`${group.pattern.name}${who}: ${group.pattern.meaning}`) +
      `\n  ${sanitizeLine(group.sample).slice(0, 300)}\n`
    );
  });
  const more =
    ungrouped > 0
      ? `\n${ungrouped} lines are counted under their pattern alone: there were too many peers\n`
      : '';
  return `${table(headings, rows)}\n${samples.join('')}${more}`;
}

/** Hits over the time of all groups, in so many columns; empty where the logs carry no time. */
function trend(
  minutes: ReadonlyMap<number, number>,
  { first, last }: { readonly first: number; readonly last: number },
): string {
  if (minutes.size === 0 || last < first) return '';
  const columns = Math.min(columnsOfTrend, last - first + 1);
  const counts = Array.from({ length: columns }, () => 0);
  for (const [minute, count] of minutes) {
    const at = Math.floor(((minute - first) * columns) / (last - first + 1));
    counts[at] = (counts[at] ?? 0) + count;
  }
  // A minute without lines is a hole, so that silence is not taken for little.
  return sparkly(
    counts.map((count) => (count === 0 ? NaN : count)),
    { minimum: 0 },
  ).replaceAll(' ', '·');
}

function logsText(sources: ReadonlyMap<string, number>, most: number): string {
  const byCount = [...sources].sort(([, a], [, b]) => b - a);
  const shown = byCount
    .slice(0, most)
    .map(([name, count]) => (sources.size === 1 ? name : `${name} ${count}`));
  const rest = byCount.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** `svc shop/api:80 (10.96.0.20)`, or the address as it stands in the line. */
function peerText({ host, port }: LogPeer, object: string | undefined): string {
  const end = port === undefined ? '' : `:${port}`;
  if (object === undefined) return `${host.includes(':') ? `[${host}]` : host}${end}`;
  return `${object}${end} (${host})`;
}

function peerDocument(peer: LogPeer | undefined, object: string | undefined): object | undefined {
  return peer === undefined ? undefined : { ...peer, object };
}

function sourceOf({ namespace, pod, container, previous }: LogSource): object {
  return { namespace, pod, container, previous };
}

function timeText(timeMs: number | undefined): string {
  return timeMs === undefined ? '' : `${new Date(timeMs).toISOString()} `;
}

function isoTime(timeMs: number | undefined): string | undefined {
  return timeMs === undefined ? undefined : new Date(timeMs).toISOString();
}
