import sparkly from 'sparkly';
import type { ThroughputEvent, ThroughputResult } from '../../src/tools/throughput-types.js';
import type { Colours } from './colour.js';
import { outcomeWords } from './connect.js';
import { sanitizeLine } from './sanitize.js';

/** One second that is over. `names`: the two pods. */
export function throughputEventText(
  { direction, sample }: ThroughputEvent,
  names: readonly [string, string],
): string {
  const [from, to] = direction === 'forward' ? names : [names[1], names[0]];
  return (
    sanitizeLine(`${from} -> ${to}  ${sample.second.toFixed(0)} s  ${shown(sample.mbitPerSecond)} Mbit/s`) +
    '\n'
  );
}

/** The result of `throughput`: a line for each direction, with how it went over time. `names`: the two pods. */
export function throughputText(
  result: ThroughputResult,
  names: readonly [string, string],
  colours: Colours,
): string {
  const lines = result.directions.map(({ direction, mbitPerSecond, retransmits, samples, failure }) => {
    const [from, to] = direction === 'forward' ? names : [names[1], names[0]];
    const way = sanitizeLine(`${from} -> ${to}`);
    if (failure !== undefined)
      return `${way}  ${colours.bad(sanitizeLine(`${outcomeWords[failure.outcome]}: ${failure.text}`))}`;
    const rates = samples.map((one) => one.mbitPerSecond);
    const [least, most] = [Math.min(...rates), Math.max(...rates)];
    const chart =
      rates.length > 1
        ? `  ${sparkly(rates, { minimum: 0, maximum: most })} ${shown(least)} to ${shown(most)}`
        : '';
    const lost = retransmits === undefined ? '' : `, ${retransmits} retransmits`;
    return `${way}  ${shown(mbitPerSecond ?? 0)} Mbit/s${lost}${chart}`;
  });
  if (
    result.directions.some(({ failure, mbitPerSecond = 0 }) => failure === undefined && mbitPerSecond < 0.1)
  )
    lines.push(colours.warning('connected, and almost nothing got through: see kubectl netdebug mtu'));
  const streams = result.streams === 1 ? '1 stream' : `${result.streams} streams`;
  const via =
    result.via === 'iperf3' ? 'iperf3' : 'nc and dd of busybox (no iperf3; retransmits are those of the pod)';
  return `${['', ...lines, colours.faint(`${via}, TCP, ${result.seconds} s each way, ${streams}`)].join('\n')}\n`;
}

function shown(mbit: number): string {
  return mbit < 10 ? mbit.toFixed(2) : mbit.toFixed(0);
}
