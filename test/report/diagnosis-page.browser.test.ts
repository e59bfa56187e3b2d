/** The page of a diagnosis in a real browser: what a reader sees at two widths, in both themes, of ordinary and of hostile clusters. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { diagnosisPage } from '../../src/report/diagnosis-page.js';
import { createBrowser } from './browser.js';
import {
  drawn,
  leastContrastOfAll,
  sidewaysScroll,
  sticksOut,
  type Contrast,
  type Drawn,
} from './in-page.js';
import { madeDocument, madeHostile, madePacket, madeQuiet } from './made-diagnosis.js';

const facts = { version: '0.1.0', packet: madePacket, left: 0 };
const browser = createBrowser({
  full: () => diagnosisPage(madeDocument(), facts),
  quiet: () => diagnosisPage(madeQuiet(), facts),
  hostile: () => diagnosisPage(madeHostile(), facts),
});

beforeAll(browser.start, 60_000);
afterAll(browser.stop);

const looks = (['full', 'quiet', 'hostile'] as const).flatMap((name) =>
  [1280, 390].flatMap((width) => (['light', 'dark'] as const).map((theme) => [name, width, theme] as const)),
);

describe.each(looks)('%s at %i px, %s', (name, width, theme) => {
  test('nothing sticks out, the path is drawn, and all text has enough contrast', async () => {
    const page = browser.page();
    await browser.open(name, width, theme);
    await page.screenshot({ path: browser.shot(`diagnosis-${name}-${width}-${theme}`), fullPage: true });
    const drawing = await page.evaluate<Drawn>(drawn);
    expect(drawing.boxes).toBe(name === 'quiet' ? 7 : 13);
    expect(drawing.width).toBeGreaterThan(width === 1280 ? 1100 : 300);
    expect(await page.evaluate<string[]>(sticksOut)).toEqual([]);
    expect(await page.evaluate<number>(sidewaysScroll)).toBe(0);
    const contrast = await page.evaluate<Contrast>(leastContrastOfAll);
    expect({ ...contrast, enough: contrast.ratio >= 4.5 }).toMatchObject({ enough: true });
  });
});

describe('a reader', () => {
  test('finds everything under its heading, the consequences folded', async () => {
    await browser.open('full', 1280, 'light');
    const page = browser.page();
    expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual([
      ...['Path', 'Findings', 'Observations', 'Not checked', 'Objects behind it'],
    ]);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('svc shop/api:80/TCP');
    const consequence = page.getByText('no rule admits shop/web');
    expect(await consequence.isVisible()).toBe(false);
    await page.getByText('One consequence').click();
    expect(await consequence.isVisible()).toBe(true);
    expect(await page.getByText('podSelector:').isVisible()).toBe(false);
  });

  test('selects a command as a whole by one click', async () => {
    await browser.open('full', 1280, 'light');
    const page = browser.page();
    await page.locator('pre.command').first().click();
    const selected = await page.evaluate<string>('getSelection().toString()');
    expect(selected.trim()).toBe(madeDocument().findings[0]?.fix.commands[0]);
  });

  test.each(['full', 'hostile'])('of %s loads nothing from anywhere, and runs nothing', async (name) => {
    const page = browser.page();
    const asked: string[] = [];
    const listen = (request: { url: () => string }): void => void asked.push(request.url());
    page.on('request', listen);
    await browser.open(name, 1280, 'light');
    page.off('request', listen);
    expect(asked).toEqual([browser.url(name)]);
    expect(await page.locator('img, script, iframe, link').count()).toBe(0);
    expect(await page.content()).not.toMatch(/[\u001b\u202e]/);
  });

  test('of a hostile cluster is shown its words as text', async () => {
    await browser.open('hostile', 390, 'dark');
    const words = await browser.page().locator('h1').textContent();
    expect(words).toContain('<script>alert(1)</script>');
  });
});
