import type { TraceResult } from '../../src/tools/trace.js';
import type { Colours } from './colour.js';
import { sanitizeLine } from './sanitize.js';
import { table } from './table.js';

/** A trace whose addresses have names where they are known. */
export interface NamedTrace extends TraceResult {
  readonly names: Readonly<Record<string, string>>;
}

/** The result of `trace`: a row for each hop; silent ones at the end are counted, not shown. */
export function traceText(result: NamedTrace, colours: Colours): string {
  const { destination, hops, reached, names, via } = result;
  const last = hops.findLastIndex(({ addresses }) => addresses.length > 0);
  const rows = hops.slice(0, last + 1).map(({ ttl, addresses, ms, remark }) => [
    String(ttl),
    addresses.join(' ') || '*',
    ms.map((one) => one.toFixed(2)).join(' ') + (remark === undefined ? '' : ` ${remark}`),
    addresses
      .map((address) => names[address] ?? '')
      .join(' ')
      .trim() || (addresses.length === 0 ? 'no answer' : ''),
  ]);
  const lines = [table(['HOP', 'ADDRESS', 'MS', 'WHO'], rows).trimEnd()];
  const silent = hops.length - last - 1;
  const end = reached
    ? colours.good(sanitizeLine(`${destination} is reached in ${last + 1} ${last === 0 ? 'hop' : 'hops'}`))
    : colours.bad(
        sanitizeLine(
          `${destination} is not reached: ${last < 0 ? 'nobody answers' : `the last that answers is hop ${last + 1}`}${silent > 0 ? `, ${silent} more are silent` : ''}`,
        ),
      );
  return `${[...lines, end, colours.faint(`traced by ${via}`)].join('\n')}\n`;
}
