/** Programs that run in the page, as text: the types of a browser are not among ours. Each is an expression. */

/** How far the page scrolls sideways, in pixels. */
export const sidewaysScroll = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

/** Where headers and the last cell are, after the matrix was scrolled to its end, and what is really seen there. */
export interface AtTheEnd {
  readonly rowHeaderLeft: number;
  readonly rowHeaderWidth: number;
  readonly columnHeaderTop: number;
  readonly seenRow: string;
  readonly seenColumn: string;
  readonly cellWidth: number;
}
export const scrollToTheEnd = `(() => {
  const scroll = document.querySelector('.scroll');
  scroll.scrollIntoView();
  scroll.scrollTo(scroll.scrollWidth, scroll.scrollHeight);
  const box = scroll.getBoundingClientRect();
  const head = scroll.querySelector('tbody tr:last-child th').getBoundingClientRect();
  const top = scroll.querySelector('thead th:last-child').getBoundingClientRect();
  return {
    rowHeaderLeft: head.left - box.left,
    rowHeaderWidth: head.width,
    columnHeaderTop: top.top - box.top,
    seenRow: document.elementFromPoint(head.left + head.width / 2, head.top + head.height / 2).textContent,
    seenColumn: document.elementFromPoint(top.left + top.width / 2, top.bottom - 12).textContent,
    cellWidth: scroll.querySelector('tbody tr:last-child td:last-child').getBoundingClientRect().width,
  };
})()`;

/** For the expressions below: the parts of a colour, its luminance, and the ground that an element stands on. */
const colours = `
  const parse = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = colour.map((value) => value / 255).map((part) =>
      part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
`;

/** The least contrast of a text against its ground (WCAG 2, relative luminance), and of what. */
export interface Contrast {
  readonly what: string;
  readonly ratio: number;
}
export const leastContrast = `(() => {
  ${colours}
  const known = new Map();
  for (const element of document.querySelectorAll('h1, h2, p, li, label, th, td, .cell, strong')) {
    const what = element.tagName + '.' + element.className + ' in ' + element.parentElement.className;
    if (known.has(what)) continue;
    const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(ground(element))];
    known.set(what, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  const [what, ratio] = [...known].sort((a, b) => a[1] - b[1])[0];
  return { what, ratio };
})()`;

/** How many rows of the matrix are shown. */
export const shownRows = `[...document.querySelectorAll('.matrix tbody tr')].filter((row) => row.checkVisibility()).length`;

/** The id of what has the focus, or its class. */
export const focused = `document.activeElement.id || document.activeElement.className`;

/** How far the matrix is to the right. */
export const scrolledBy = `document.querySelector('.scroll').scrollLeft`;

/**
 * The least contrast of all text of a page whose parts are boxes with text: that of the drawing stands on the box of its group. Text
 * that is folded away is unfolded before.
 */
export const leastContrastOfAll = `(() => {
  for (const details of document.querySelectorAll('details')) details.open = true;
  ${colours}
  const known = new Map();
  const see = (what, text, under) => {
    const [a, b] = [luminance(text), luminance(under)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    known.set(what, Math.min(ratio, known.get(what) ?? ratio));
  };
  for (const element of document.querySelectorAll('main *:not(svg *)')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!hasText || !element.checkVisibility()) continue;
    see(element.tagName + '.' + element.className, parse(getComputedStyle(element).color), ground(element));
  }
  for (const text of document.querySelectorAll('svg text')) {
    const group = text.closest('g');
    const box = parse(getComputedStyle(group.querySelector('.box')).fill);
    see('svg ' + group.getAttribute('class') + ' ' + text.getAttribute('class'), parse(getComputedStyle(text).fill), box);
  }
  const [what, ratio] = [...known].sort((a, b) => a[1] - b[1])[0];
  return { what, ratio };
})()`;

/** What sticks out of its page, or of its box in the drawing; empty where nothing does. */
export const sticksOut = `(() => {
  for (const details of document.querySelectorAll('details')) details.open = true;
  const width = document.documentElement.clientWidth;
  const out = [];
  for (const element of document.querySelectorAll('main *')) {
    if (!element.checkVisibility()) continue;
    const { left, right } = element.getBoundingClientRect();
    if (left < -0.5 || right > width + 0.5) out.push(element.tagName + '.' + element.getAttribute('class'));
  }
  for (const text of document.querySelectorAll('svg text')) {
    if (!text.checkVisibility()) continue;
    const box = text.closest('g').querySelector('.box').getBoundingClientRect();
    const { left, right, top, bottom } = text.getBoundingClientRect();
    if (left < box.left || right > box.right + 1 || top < box.top - 1 || bottom > box.bottom + 1)
      out.push('text ' + text.textContent);
  }
  return out;
})()`;

/** Boxes of the drawing that is shown, and the width that they take, in pixels. */
export interface Drawn {
  readonly boxes: number;
  readonly width: number;
  readonly height: number;
}
export const drawn = `(() => {
  const shown = [...document.querySelectorAll('.path svg')].filter((svg) => svg.checkVisibility());
  if (shown.length !== 1) throw new Error(shown.length + ' drawings are shown');
  const { width, height } = shown[0].getBoundingClientRect();
  return { boxes: shown[0].querySelectorAll('g.hop').length, width, height };
})()`;
