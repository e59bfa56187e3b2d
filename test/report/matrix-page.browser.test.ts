/** The page of the matrix in a real browser: what a reader sees at two widths, in both themes, small and large. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { matrixPage } from '../../src/report/matrix-page.js';
import type { Matrix } from '../../src/matrix/types.js';
import { createBrowser } from './browser.js';
import {
  focused,
  leastContrast,
  scrolledBy,
  scrollToTheEnd,
  shownRows,
  sidewaysScroll,
  type AtTheEnd,
  type Contrast,
} from './in-page.js';
import { colourful, compared, madeMatrix } from '../matrix/made.js';

const facts = {
  title: 'matrix -l tier=backend',
  counts: 'so many pairs',
  createdAt: '2025-01-01T00:00:00.000Z',
};
const pages: Readonly<Record<string, Matrix>> = {
  'live-5': madeMatrix(5, colourful),
  'live-100': madeMatrix(100, colourful),
  'compare-5': madeMatrix(5, compared, 'compare'),
  'compare-100': madeMatrix(100, compared, 'compare'),
  hostile: hostile(),
};

/** Names as long as they may be, in several namespaces, and words that would be markup. */
function hostile(): Matrix {
  const text = `"><img src=x><script>alert(1)</script>\u001b[31m`;
  const made = madeMatrix(3, () => ({ packet: { outcome: 'failed', text } }));
  const long = (at: number): string => `${'checkout-backend-'.repeat(3)}${at}`.padEnd(63, 'x');
  return {
    ...made,
    sources: made.sources.map((_, at) => ({ namespace: `team-${at}`, pod: long(at) })),
    destinations: made.destinations.map((to, at) => ({ ...to, namespace: `team-${at}`, name: long(at) })),
  };
}

const browser = createBrowser(
  Object.fromEntries(Object.entries(pages).map(([name, matrix]) => [name, () => matrixPage(matrix, facts)])),
);
const { open, shot } = browser;
let page: Page;

beforeAll(async () => {
  await browser.start();
  page = browser.page();
}, 60_000);
afterAll(browser.stop);

const looks = (['live-5', 'compare-100'] as const).flatMap((name) =>
  [1280, 420].flatMap((width) => (['light', 'dark'] as const).map((theme) => [name, width, theme] as const)),
);

describe.each(looks)('%s at %i px, %s', (name, width, theme) => {
  test('the page does not scroll sideways, headers stay, and all text has enough contrast', async () => {
    await open(name, width, theme);
    await page.screenshot({ path: shot(`${name}-${width}-${theme}`) });
    expect(await page.evaluate<number>(sidewaysScroll)).toBe(0);
    expect((await page.evaluate<Contrast>(leastContrast)).ratio).toBeGreaterThanOrEqual(4.5);

    const end = await page.evaluate<AtTheEnd>(scrollToTheEnd);
    if (name === 'compare-100') await page.screenshot({ path: shot(`${name}-${width}-${theme}-end`) });
    const last = name === 'compare-100' ? 'backend-99' : 'backend-4';
    expect(end).toMatchObject({ seenRow: last, seenColumn: `${last}:8080` });
    // One pixel is the frame.
    expect(end.rowHeaderLeft).toBeCloseTo(1, 0);
    expect(end.columnHeaderTop).toBeCloseTo(1, 0);
    expect(end.rowHeaderWidth).toBeLessThan(width / 2);
    expect(end.cellWidth).toBeGreaterThanOrEqual(16);
  });
});

describe('a reader', () => {
  test('hides the rows in which all is well, and moves over the matrix, by keyboard', async () => {
    await open('live-100', 1280, 'light');
    expect(await page.evaluate<number>(shownRows)).toBe(100);
    await page.keyboard.press('Tab');
    expect(await page.evaluate<string>(focused)).toBe('failing');
    await page.keyboard.press('Space');
    expect(await page.evaluate<number>(shownRows)).toBe(80);
    await page.keyboard.press('Tab');
    expect(await page.evaluate<string>(focused)).toBe('scroll');
    // Scrolling is drawn when the browser has time for it, and a key is held down until it is.
    const end = Date.now() + 20_000;
    while ((await page.evaluate<number>(scrolledBy)) === 0 && Date.now() < end)
      await page.keyboard.press('ArrowRight');
    expect(await page.evaluate<number>(scrolledBy)).toBeGreaterThan(0);
  }, 60_000);

  test('is told every pair by a tooltip, and by the table itself', async () => {
    await open('compare-5', 1280, 'light');
    await page.screenshot({ path: shot('compare-5'), fullPage: true });
    expect(await page.getByRole('table', { name: 'Rows connect' }).count()).toBe(1);
    expect(await page.getByRole('rowheader').count()).toBe(5);
    expect(await page.getByRole('columnheader', { name: 'backend-4:8080' }).count()).toBe(1);
    expect(await page.locator('td.differs').first().getAttribute('title')).toContain('(ND215)');
  });

  test('loads nothing from anywhere, and is shown what comes from a cluster as text', async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await open('hostile', 1280, 'light');
    expect(asked).toEqual([browser.url('hostile')]);
    expect(await page.locator('img, script, svg').count()).toBe(0);
    expect(await page.locator('td.failed').first().getAttribute('title')).toContain('"><img src=x>');
  });

  test('finds room for the longest names on a narrow screen', async () => {
    await open('hostile', 420, 'dark');
    await page.screenshot({ path: shot('long-names') });
    expect(await page.evaluate<number>(sidewaysScroll)).toBe(0);
    const { rowHeaderWidth, cellWidth } = await page.evaluate<AtTheEnd>(scrollToTheEnd);
    expect(rowHeaderWidth).toBeLessThan(210);
    expect(cellWidth).toBeGreaterThanOrEqual(16);
  });
});
