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

/** The least contrast of a text against its ground (WCAG 2, relative luminance), and of what. */
export interface Contrast {
  readonly what: string;
  readonly ratio: number;
}
export const leastContrast = `(() => {
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
