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

/** Ways that are drawn; a picture of more is no help. */
const mostWays = 8;
const marks = { pass: '✓', fail: '✗', unknown: '?', none: '–' } as const;
const names: Readonly<Record<string, string>> = {
  source: 'From',
  dns: 'DNS',
  egress: 'Egress',
  service: 'Service',
  node: 'Node',
  ingress: 'Ingress',
  endpoint: 'Endpoint',
};
/** Sizes in pixels: a page of 1280 holds seven boxes side by side. */
const wide = { width: 146, height: 78, gapX: 22, gapY: 14, letters: 18 };
const narrow = { width: 356, height: 60, gapY: 20, indent: 16, letters: 44 };

/** The ways drawn twice, from left to right and from top to bottom, for the style to choose by the width of the page. */
export function waysDrawing(ways: readonly Way[]): string {
  const drawn = ways.slice(0, mostWays);
  const left = ways.length - drawn.length;
  const more = left === 0 ? '' : htmlEscape`<p class="faint">and ${left} more ways, in the table below</p>\n`;
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
      const box: Box = same ?? { hop, ends: last ? endpoints : [], after: [], cut, x: 0, y: 0 };
      if (same === undefined) level.push(box);
      level = box.after;
      cut ||= stateOfHop(hop) === 'fail';
    }
  }
  return roots;
}

function acrossSvg(roots: readonly Box[]): string {
  let row = 0;
  let columns = 0;
  const place = (box: Box, column: number): void => {
    columns = Math.max(columns, column + 1);
    box.x = column * (wide.width + wide.gapX) + 1;
    for (const next of box.after) place(next, column + 1);
    const [first] = box.after;
    box.y = first === undefined ? row++ * (wide.height + wide.gapY) + 1 : first.y;
  };
  for (const root of roots) place(root, 0);
  const size = {
    width: columns * (wide.width + wide.gapX) - wide.gapX + 2,
    height: row * (wide.height + wide.gapY) - wide.gapY + 2,
  };
  const lines = joined(roots, (from, to) => {
    const [x1, y1, x2, y2] = [from.x + wide.width, from.y + 39, to.x, to.y + 39];
    const middle = (x1 + x2) / 2;
    return `M${x1} ${y1}H${middle}V${y2}H${x2}`;
  });
  return svg('across', size, lines + boxes(roots, wide));
}

function downSvg(roots: readonly Box[]): string {
  let row = 0;
  let right = 0;
  const place = (box: Box, depth: number): void => {
    box.x = depth * narrow.indent + 1;
    box.y = row++ * (narrow.height + narrow.gapY) + 1;
    right = Math.max(right, depth);
    for (const next of box.after) place(next, box.after.length > 1 ? depth + 1 : depth);
  };
  for (const root of roots) place(root, 0);
  // Deeper boxes are narrower, so that all end at one edge.
  const width = narrow.width;
  const lines = joined(roots, (from, to) =>
    from.x === to.x
      ? `M${from.x + 20} ${from.y + narrow.height}V${to.y}`
      : `M${from.x + 8} ${from.y + narrow.height}V${to.y + 30}H${to.x}`,
  );
  const size = { width, height: row * (narrow.height + narrow.gapY) - narrow.gapY + 2 };
  return svg('down', size, lines + boxes(roots, { ...narrow, width: width - 2 }, true));
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

function boxes(
  all: readonly Box[],
  size: { readonly width: number; readonly height: number; readonly letters: number },
  down = false,
): string {
  return all
    .map((box) => {
      const { hop, ends, cut, x, y } = box;
      const width = down ? size.width - x + 1 : size.width;
      const state = stateOfHop(hop);
      const title = `${names[hop.at] ?? hop.at}: ${hop.what}${ends.length === 0 ? '' : ` (${ends.join(', ')})`}`;
      const about = ends.length === 0 ? hop.what : (ends[0] ?? '');
      const more = ends.length > 1 ? ` +${ends.length - 1}` : '';
      const letters = size.letters - more.length - (down ? Math.ceil((x - 1) / 7) : 0);
      const text = htmlEscape`<title>${plainLine(title)}</title>
<rect class="box" x="${x}" y="${y}" width="${width}" height="${size.height}" rx="8"/>
<rect class="edge" x="${x}" y="${y + 8}" width="4" height="${size.height - 16}" rx="2"/>
<text class="mark" x="${x + 14}" y="${y + 22}">${marks[state]}</text>
<text class="name" x="${x + 31}" y="${y + 22}">${names[hop.at] ?? plainLine(hop.at)}</text>
<text class="what" x="${x + 14}" y="${y + 41}">${shortened(plainLine(about), letters)}${more}</text>`;
      return `<g class="hop ${state}${cut ? ' cut' : ''}">${text}\n${columnsText(hop, down ? { x: x + width - 12, y: y + 22, end: true } : { x: x + 14, y: y + 60, end: false })}${codesText(hop, x + width - 10, down ? y + 50 : y + 22)}</g>\n${boxes(box.after, size, down)}`;
    })
    .join('');
}

function columnsText(hop: DocumentHop, at: { x: number; y: number; end: boolean }): string {
  const { model, probe, ms } = hop;
  const time = ms === undefined ? '' : ` ${secondsText(ms)}`;
  const words = `model ${marks[model]}${probe === 'none' ? '' : ` probe ${marks[probe]}${time}`}`;
  return htmlEscape`<text class="columns" x="${at.x}" y="${at.y}"${at.end ? ' text-anchor=end' : ''}>${words}</text>\n`.replace(
    'text-anchor=end',
    'text-anchor="end"',
  );
}

function codesText({ codes }: DocumentHop, x: number, y: number): string {
  const [first] = codes;
  if (first === undefined) return '';
  const more = codes.length > 1 ? ` +${codes.length - 1}` : '';
  return htmlEscape`<text class="codes" x="${x}" y="${y}" text-anchor="end">${first}${more}</text>\n`;
}

/** Names of pods differ at their ends: the middle is left out. */
function shortened(text: string, letters: number): string {
  if (text.length <= letters) return text;
  const tail = Math.floor((letters - 1) * 0.55);
  return `${text.slice(0, letters - 1 - tail)}…${text.slice(-tail)}`;
}
