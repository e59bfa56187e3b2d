import { parseAddress } from '../policy/address.js';
import type { CorefileLine } from '../snapshot/corefile.js';
import { lineText, parseCorefile, zoneOf } from '../snapshot/corefile.js';
import { goPattern } from './go-pattern.js';

/** A server block with the snippets that it imports. */
export interface DnsBlock {
  readonly zones: readonly string[];
  readonly lines: readonly CorefileLine[];
  /** It imports files that nobody has read: what is not in it may be there. */
  readonly open: boolean;
}

/** A line of the Corefile that answers for a name, or puts another in its place, before the Services are looked at. */
export interface Capture {
  readonly line: CorefileLine;
  /** `answers NXDOMAIN`, `turns it into x`: goes after "line ...". */
  readonly effect: string;
  /** What it makes of the name is another name, and not an answer. */
  readonly renames: boolean;
  /** It gives an address. */
  readonly address?: string;
}

/** The server blocks of a Corefile. */
export function dnsBlocks(text: string): readonly DnsBlock[] {
  const servers = parseCorefile(text);
  const isSnippet = (keys: readonly string[]): boolean => /^\(.*\)$/.test(keys[0] ?? '');
  const snippets = new Map(
    servers.filter(({ keys }) => isSnippet(keys)).map(({ keys, lines }) => [keys[0]?.slice(1, -1), lines]),
  );
  // Files that are imported between the blocks may bring more blocks.
  const imports = servers.some(({ keys }) => keys[0] === 'import');
  return servers
    .filter(({ keys }) => !isSnippet(keys) && keys[0] !== 'import')
    .map(({ keys, lines }) => {
      const expanded = lines.flatMap((line) =>
        line.words[0] === 'import' ? (snippets.get(line.words[1] ?? '') ?? [line]) : [line],
      );
      return {
        zones: keys.map(zoneOf),
        lines: expanded,
        open: imports || expanded.some(({ words }) => words[0] === 'import'),
      };
    });
}

/** The block that answers for a name: that with the longest zone which holds it. */
export function blockFor(blocks: readonly DnsBlock[], name: string): DnsBlock | undefined {
  const depth = ({ zones }: DnsBlock): number =>
    Math.max(-1, ...zones.filter((zone) => isWithin(name, zone)).map((zone) => zone.length));
  return blocks.filter((block) => depth(block) >= 0).toSorted((a, b) => depth(b) - depth(a))[0];
}

/** Whether a name is a zone or below it. The empty zone holds everything. */
export function isWithin(name: string, zone: string): boolean {
  return zone === '' || name === zone || name.endsWith(`.${zone}`);
}

/** The zones in which a block knows Services; undefined where it does not look at any. Reverse zones are left out. */
export function serviceZones({ lines, zones }: DnsBlock): readonly string[] | undefined {
  const own = lines.filter(({ words }) => words[0] === 'kubernetes');
  if (own.length === 0) return undefined;
  return own
    .flatMap(({ words }) => (words.length > 1 ? words.slice(1).map(zoneOf) : zones))
    .filter((zone) => !zone.endsWith('.arpa') && !zone.includes('/'));
}

/**
 * What stands before the Services in a block, in the order in which CoreDNS runs its plugins (rewrite, template, hosts), whatever the
 * order of the lines is. Source: plugin.cfg of coredns, and the pages of the three plugins.
 */
export function captureOf(block: DnsBlock, name: string, type: 'A' | 'AAAA'): Capture | undefined {
  const lines = (plugin: string): CorefileLine[] => block.lines.filter(({ words }) => words[0] === plugin);
  for (const line of lines('rewrite')) {
    const renamed = rewritten(line, name);
    if (renamed !== undefined && renamed !== name)
      return { line, effect: `turns it into ${renamed}`, renames: true };
  }
  for (const line of lines('template')) {
    const effect = templated(line, block, name, type);
    if (effect === 'next') continue;
    if (effect === undefined) break;
    return { line, renames: false, ...effect };
  }
  for (const line of lines('hosts')) {
    const found = hosted(line, block, name, type);
    if (found !== undefined) return { line, renames: false, ...found };
  }
  return undefined;
}

function rewritten(line: CorefileLine, name: string): string | undefined {
  const words = line.words.slice(1).filter((word, index) => index > 0 || !/^(stop|continue)$/.test(word));
  const rule = words[0] === 'name' ? words : line.block.find((one) => one.words[0] === 'name')?.words;
  if (rule === undefined) return undefined;
  const named = /^(exact|prefix|suffix|substring|regex)$/.test(rule[1] ?? '');
  const [how = 'exact', from = '', to = ''] = named ? rule.slice(1) : ['exact', ...rule.slice(1)];
  const plain = (text: string): string => text.replace(/\.$/, '').toLowerCase();
  switch (how) {
    case 'exact':
      return plain(from) === name ? plain(to) : undefined;
    case 'prefix':
      return name.startsWith(from) ? to + name.slice(from.length) : undefined;
    case 'suffix':
      return name.endsWith(plain(from)) && plain(from) !== ''
        ? name.slice(0, -plain(from).length) + plain(to)
        : undefined;
    case 'substring':
      return from !== '' && name.includes(from) ? name.replace(from, () => to) : undefined;
    case 'regex': {
      const match = goPattern(from)?.exec(`${name}.`);
      if (match == null) return undefined;
      return plain(to.replace(/\{(\d)\}/g, (_, index: string) => match[Number(index)] ?? ''));
    }
    default:
      return undefined;
  }
}

/** `next`: another template may have it; undefined: its pattern cannot be judged, and nothing more is said. */
function templated(
  { words, block: lines }: CorefileLine,
  block: DnsBlock,
  name: string,
  type: string,
): Pick<Capture, 'effect' | 'address'> | 'next' | undefined {
  const [, , asked = '', ...zones] = words;
  const own = zones.length > 0 ? zones.map(zoneOf) : block.zones;
  if ((asked !== type && asked !== 'ANY') || !own.some((zone) => isWithin(name, zone))) return 'next';
  const patterns = lines
    .filter((line) => line.words[0] === 'match')
    .flatMap((line) => line.words.slice(1))
    .map((text) => goPattern(text));
  if (patterns.includes(undefined)) return undefined;
  if (patterns.length > 0 && !patterns.some((pattern) => pattern?.test(`${name}.`) === true))
    return falls(lines, name)
      ? 'next'
      : { effect: 'answers for names that its pattern does not fit, too, as it lacks fallthrough' };
  const answer = lines
    .find((line) => line.words[0] === 'answer')
    ?.words.slice(1)
    .join(' ');
  const rcode = lines.find((line) => line.words[0] === 'rcode')?.words[1];
  if (answer === undefined) return { effect: `answers ${rcode ?? 'nothing'}` };
  const [, address] = /\sA{1,4}\s+(\S+)/.exec(answer) ?? [];
  return { effect: `answers ${address ?? 'something else'}`, ...(address === undefined ? {} : { address }) };
}

function hosted(
  { words, block: lines }: CorefileLine,
  block: DnsBlock,
  name: string,
  type: string,
): Pick<Capture, 'effect' | 'address'> | undefined {
  const zones = words.length > 2 ? words.slice(2).map(zoneOf) : block.zones;
  if (!zones.some((zone) => isWithin(name, zone))) return undefined;
  const entry = lines.find(
    (line) =>
      line.words.slice(1).some((one) => one.replace(/\.$/, '').toLowerCase() === name) &&
      parseAddress(line.words[0] ?? '') !== undefined,
  );
  const address = entry?.words[0] ?? '';
  if (entry !== undefined && address.includes(':') === (type === 'AAAA'))
    return { effect: `answers ${address}`, address };
  if (entry !== undefined || falls(lines, name)) return undefined;
  return { effect: 'answers for every name that it does not have, too, as it lacks fallthrough' };
}

/** Whether a block says that names which it does not know go to the next plugin. */
function falls(lines: readonly CorefileLine[], name: string): boolean {
  const line = lines.find(({ words }) => words[0] === 'fallthrough');
  if (line === undefined) return false;
  const zones = line.words.slice(1).map(zoneOf);
  return zones.length === 0 || zones.some((zone) => isWithin(name, zone));
}

/** The servers to which a block forwards a name; undefined where it forwards nothing. */
export function forwardsOf({ lines }: DnsBlock, name: string): readonly string[] | undefined {
  const own = lines.filter(
    ({ words }) =>
      (words[0] === 'forward' || words[0] === 'proxy') && isWithin(name, zoneOf(words[1] ?? '.')),
  );
  return own.length === 0 ? undefined : own.flatMap(({ words }) => words.slice(2));
}

/** The line of a plugin as it stands in the file. */
export function captureText({ line, effect }: Capture): string {
  return `"${lineText(line)}" ${effect}`;
}
