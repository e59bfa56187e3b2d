/** The page of the matrix in a real browser: what a reader sees at two widths, in both themes, small and large. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { matrixPage } from '../../src/report/matrix-page.js';
import type { Matrix } from '../../src/matrix/types.js';
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

const folder = mkdtempSync(join(tmpdir(), 'netdebug-page-'));
const shots = screenshotFolder();

/** `.cache/screenshots`, to be looked at afterwards; a folder that goes away where this user may not write there. */
function screenshotFolder(): string {
  const kept = fileURLToPath(new URL('../../.cache/screenshots', import.meta.url));
  try {
    mkdirSync(kept, { recursive: true });
    accessSync(kept, constants.W_OK);
    return kept;
  } catch {
    return folder;
  }
}

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

let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  for (const [name, matrix] of Object.entries(pages)) writeFileSync(fileOf(name), matrixPage(matrix, facts));
  context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: '/usr/bin/chromium',
    headless: true,
    env: { ...process.env, HOME: folder },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  page = await context.newPage();
}, 60_000);
afterAll(async () => {
  await context.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

function fileOf(name: string): string {
  return join(folder, `${name}.html`);
}

async function open(name: string, width: number, theme: 'light' | 'dark'): Promise<void> {
  await page.setViewportSize({ width, height: 800 });
  await page.emulateMedia({ colorScheme: theme });
  await page.goto(pathToFileURL(fileOf(name)).href);
}

const looks = (['live-5', 'compare-100'] as const).flatMap((name) =>
  [1280, 420].flatMap((width) => (['light', 'dark'] as const).map((theme) => [name, width, theme] as const)),
);

describe.each(looks)('%s at %i px, %s', (name, width, theme) => {
  test('the page does not scroll sideways, headers stay, and all text has enough contrast', async () => {
    await open(name, width, theme);
    await page.screenshot({ path: join(shots, `${name}-${width}-${theme}.png`) });
    expect(await page.evaluate<number>(sidewaysScroll)).toBe(0);
    expect((await page.evaluate<Contrast>(leastContrast)).ratio).toBeGreaterThanOrEqual(4.5);

    const end = await page.evaluate<AtTheEnd>(scrollToTheEnd);
    if (name === 'compare-100')
      await page.screenshot({ path: join(shots, `${name}-${width}-${theme}-end.png`) });
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
    await page.screenshot({ path: join(shots, 'compare-5.png'), fullPage: true });
    expect(await page.getByRole('table', { name: 'Rows connect' }).count()).toBe(1);
    expect(await page.getByRole('rowheader').count()).toBe(5);
    expect(await page.getByRole('columnheader', { name: 'backend-4:8080' }).count()).toBe(1);
    expect(await page.locator('td.differs').first().getAttribute('title')).toContain('(ND215)');
  });

  test('loads nothing from anywhere, and is shown what comes from a cluster as text', async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await open('hostile', 1280, 'light');
    expect(asked).toEqual([pathToFileURL(fileOf('hostile')).href]);
    expect(await page.locator('img, script, svg').count()).toBe(0);
    expect(await page.locator('td.failed').first().getAttribute('title')).toContain('"><img src=x>');
  });

  test('finds room for the longest names on a narrow screen', async () => {
    await open('hostile', 420, 'dark');
    await page.screenshot({ path: join(shots, 'long-names.png') });
    expect(await page.evaluate<number>(sidewaysScroll)).toBe(0);
    const { rowHeaderWidth, cellWidth } = await page.evaluate<AtTheEnd>(scrollToTheEnd);
    expect(rowHeaderWidth).toBeLessThan(210);
    expect(cellWidth).toBeGreaterThanOrEqual(16);
  });
});
