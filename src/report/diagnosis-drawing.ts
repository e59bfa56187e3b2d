import { htmlEscape } from 'escape-goat';
import { secondsText } from './diagnosis-probes.js';
import { type DocumentHop, stateOfHop, type Way } from './diagnosis-ways.js';
import { plainLine } from './plain.js';

/** One box of the drawing, and those that come after it. */
interface Box {
  readonly hop: DocumentHop;
  /** The endpoints where a way ends here, else empty. */
  ends: readonly string[];
  readonly after: Box[];
  /** Whether something before it is closed: nothing gets here. */
  readonly cut: boolean;
  x: number;
  y: number;
}

/** More boxes side by side than this would be too small to read: such ways are drawn downwards on every page. */
const mostColumns = 8;
/** Ways that are drawn; a picture of more is no help. */
const mostWays = 8;
const marks = { pass: '✓', fail: '✗', unknown: '?', none: '–' } as const;
const names: Readonly<Record<string, string>> = {
  client: 'Client',
  name: 'DNS record',
  address: 'Address',
  'ingress-controller': 'Controller',
  gateway: 'Gateway',
  route: 'Route',
  mesh: 'Mesh',
  source: 'From',
  dns: 'DNS',
  egress: 'Egress',
  service: 'Service',
  node: 'Node',
  ingress: 'Ingress',
  endpoint: 'Endpoint',
};
/** Sizes in pixels: a page of 1280 holds seven boxes side by side. */
const wide = { width: 152, height: 66, gapX: 16, gapY: 16, letters: 18, codes: 18 };
const narrow = { width: 340, height: 48, gapY: 18, indent: 16, letters: 42, codes: 18 };

/** The ways drawn twice, from left to right and from top to bottom, for the style to choose by the width of the page. */
export function waysDrawing(ways: readonly Way[]): string {
  const drawn = ways.slice(0, mostWays);
  const left = ways.length - drawn.length;
  const more = left === 0 ? '' : htmlEscape`<p class="faint">and ${left} more ways, in the table below</p>\n`;
  if (drawn.some(({ hops }) => hops.length > mostColumns))
    return `${downSvg(treeOf(drawn), 'down always')}${more}`;
  return `${acrossSvg(treeOf(drawn))}${downSvg(treeOf(drawn))}${more}`;
}

/** Ways that begin alike share their first boxes. */
function treeOf(ways: readonly Way[]): Box[] {
  const roots: Box[] = [];
  for (const { hops, endpoints } of ways) {
    let level = roots;
    let cut = false;
    for (const [index, hop] of hops.entries()) {
      const last = index === hops.length - 1;
      const same = last
        ? undefined
        : level.find((box) => box.ends.length === 0 && JSON.stringify(box.hop) === JSON.stringify(hop));
      const box: Box = same ?? {
        hop,
        ends: last ? endpoints : [],
        after: [],
        cut: cut && hop.probe !== 'pass',
        x: 0,
        y: 0,
      };
      if (same === undefined) level.push(box);
      level = box.after;
      cut ||= stateOfHop(hop) === 'fail';
    }
  }
  return roots;
}

function acrossSvg(roots: readonly Box[]): string {
  const height = wide.height + (roots.some(hasCodes) ? wide.codes : 0);
  let row = 0;
  let columns = 0;
  const place = (box: Box, column: number): void => {
    columns = Math.max(columns, column + 1);
    box.x = column * (wide.width + wide.gapX) + 1;
    for (const next of box.after) place(next, column + 1);
    const [first] = box.after;
    box.y = first === undefined ? row++ * (height + wide.gapY) + 1 : first.y;
  };
  for (const root of roots) place(root, 0);
  const size = {
    width: columns * (wide.width + wide.gapX) - wide.gapX + 2,
    height: row * (height + wide.gapY) - wide.gapY + 2,
  };
  const lines = joined(roots, (from, to) => {
    const [x1, y1, x2, y2] = [from.x + wide.width, from.y + 33, to.x, to.y + 33];
    const middle = (x1 + x2) / 2;
    return `M${x1} ${y1}H${middle}V${y2}H${x2}`;
  });
  return svg('across', size, lines + boxes(roots, { ...wide, height }));
}

function downSvg(roots: readonly Box[], name = 'down'): string {
  let bottom = 1;
  const heightOf = (box: Box): number => narrow.height + (box.hop.codes.length > 0 ? narrow.codes : 0);
  const place = (box: Box, depth: number): void => {
    box.x = depth * narrow.indent + 1;
    box.y = bottom;
    bottom += heightOf(box) + narrow.gapY;
    for (const next of box.after) place(next, box.after.length > 1 ? depth + 1 : depth);
  };
  for (const root of roots) place(root, 0);
  const lines = joined(roots, (from, to) =>
    from.x === to.x
      ? `M${from.x + 20} ${from.y + heightOf(from)}V${to.y}`
      : `M${from.x + 7} ${from.y + heightOf(from)}V${to.y + 24}H${to.x}`,
  );
  const size = { width: narrow.width, height: bottom - narrow.gapY + 1 };
  return svg(name, size, lines + boxes(roots, { ...narrow, width: narrow.width - 2 }, heightOf));
}

function hasCodes({ hop, after }: Box): boolean {
  return hop.codes.length > 0 || after.some(hasCodes);
}

function svg(name: string, { width, height }: { width: number; height: number }, inside: string): string {
  return `<svg class="${name}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="The path, drawn; the same stands in the table below">
${inside}</svg>
`;
}

function joined(boxesOf: readonly Box[], path: (from: Box, to: Box) => string): string {
  return boxesOf
    .flatMap((box) => [
      ...box.after.map((next) => {
        const state = next.cut ? 'cut' : stateOfHop(next.hop);
        return `<path class="line ${state}" d="${path(box, next)}"/>\n`;
      }),
      joined(box.after, path),
    ])
    .join('');
}

interface BoxSize {
  readonly width: number;
  readonly height: number;
  readonly letters: number;
}

/** `heightOf` says that the drawing goes down: boxes end at one edge, and are as high as they have to be. */
function boxes(all: readonly Box[], size: BoxSize, heightOf?: (box: Box) => number): string {
  return all
    .map((box) => {
      const { hop, ends, cut, x, y } = box;
      const state = stateOfHop(hop);
      const [name, down] = [names[hop.at] ?? hop.at, heightOf !== undefined];
      const width = down ? size.width - x + 1 : size.width;
      const height = heightOf?.(box) ?? size.height;
      const title = `${name}: ${hop.what}${ends.length === 0 ? '' : ` (${ends.join(', ')})`}`;
      const more = ends.length > 1 ? ` +${ends.length - 1}` : '';
      const letters = size.letters - more.length - (down ? Math.ceil((x - 1) / 7) : 0);
      const about = shortened(plainLine(ends[0] ?? hop.what), letters);
      const right = x + width - 11;
      const text = htmlEscape`<title>${plainLine(title)}</title>
<rect class="box" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>
<rect class="edge" x="${x}" y="${y + 8}" width="4" height="${height - 16}" rx="2"/>
<text class="mark" x="${x + 14}" y="${y + 20}">${marks[state]}</text>
<text class="name" x="${x + 31}" y="${y + 20}">${plainLine(name)}</text>
<text class="what" x="${x + 14}" y="${y + 38}">${about}${more}</text>`;
      const told = down
        ? label('columns', columnsText(hop, ` ${timeText(hop)}`), right, y + 20, true)
        : label('columns', columnsText(hop), x + 14, y + 55) +
          label('columns', timeText(hop), right, y + 20, true);
      const codes = label('codes', hop.codes.slice(0, 3).join(' '), x + 14, y + (down ? 56 : 73));
      return `<g class="hop ${state}${cut ? ' cut' : ''}">${text}\n${told}${codes}</g>\n${boxes(box.after, size, heightOf)}`;
    })
    .join('');
}

function columnsText({ model, probe }: DocumentHop, time = ''): string {
  return `model ${marks[model]}${probe === 'none' ? '' : `  probe ${marks[probe]}${time.trimEnd()}`}`;
}

function timeText({ ms }: DocumentHop): string {
  return ms === undefined ? '' : secondsText(ms);
}

function label(name: string, text: string, x: number, y: number, end = false): string {
  if (text === '') return '';
  return `<text class="${name}" x="${x}" y="${y}"${end ? ' text-anchor="end"' : ''}>${htmlEscape(text)}</text>\n`;
}

/** Names of pods differ at their ends: the middle is left out. */
function shortened(text: string, letters: number): string {
  if (text.length <= letters) return text;
  const tail = Math.floor((letters - 1) * 0.55);
  return `${text.slice(0, letters - 1 - tail)}…${text.slice(-tail)}`;
}
