import type { TraceHop } from '../../src/tools/trace-parse.js';
import type { TraceResult } from '../../src/tools/trace.js';
import type { Colours } from './colour.js';
import { sanitizeLine } from './sanitize.js';

/** A trace whose addresses have names where they are known. */
export interface NamedTrace extends TraceResult {
  readonly names: Readonly<Record<string, string>>;
}

const widths = [3, 15, 15] as const;

/** The headings of the rows. */
export const traceHeading = `${rowOf(['HOP', 'ADDRESS', 'MS', 'WHO'])}\n`;

/** A row for a hop. `nameOf`: who has an address, if that is known. */
export function traceRow(
  { ttl, addresses, ms, remark }: TraceHop,
  nameOf: (address: string) => string | undefined,
): string {
  const who = addresses.flatMap((address) => nameOf(address) ?? []).join(' ');
  return `${rowOf([
    String(ttl),
    addresses.join(' ') || '*',
    ms.map((one) => one.toFixed(2)).join(' ') + (remark === undefined ? '' : ` ${remark}`),
    addresses.length === 0 ? 'no answer' : who,
  ])}\n`;
}

function rowOf(cells: readonly string[]): string {
  return cells
    .map((cell, at) => `${sanitizeLine(cell).padEnd(widths[at] ?? 0)}   `)
    .join('')
    .trimEnd();
}

/** The end of `trace`, behind the rows. */
export function traceText(result: NamedTrace, colours: Colours): string {
  const { destination, hops, reached, via } = result;
  const last = hops.findLastIndex(({ addresses }) => addresses.length > 0);
  const silent = hops.length - last - 1;
  const end = reached
    ? colours.good(sanitizeLine(`${destination} is reached in ${last + 1} ${last === 0 ? 'hop' : 'hops'}`))
    : colours.bad(
        sanitizeLine(
          `${destination} is not reached: ${last < 0 ? 'nobody answers' : `the last that answers is hop ${last + 1}`}${silent > 0 ? `, ${silent} more are silent` : ''}`,
        ),
      );
  return `${[end, colours.faint(`traced by ${via}`)].join('\n')}\n`;
}
