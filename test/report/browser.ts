/** A browser for pages that are written to a folder, and the folder where their pictures stay. */
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium, type BrowserContext, type Page } from 'playwright-core';

/** One page of a browser at a time. */
export interface Browser {
  readonly page: () => Page;
  /** Opens what was written under this name. */
  readonly open: (name: string, width: number, theme: 'light' | 'dark') => Promise<void>;
  readonly url: (name: string) => string;
  /** Where a picture of this name goes. */
  readonly shot: (name: string) => string;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A browser that shows these pages, by name. It starts with `start`. */
export function createBrowser(pages: Readonly<Record<string, () => string>>): Browser {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-page-'));
  const shots = screenshotFolder(folder);
  let context: BrowserContext;
  let page: Page;
  const fileOf = (name: string): string => join(folder, `${name}.html`);
  const url = (name: string): string => pathToFileURL(fileOf(name)).href;
  return {
    page: () => page,
    url,
    shot: (name) => join(shots, `${name}.png`),
    async open(name, width, theme) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme: theme });
      await page.goto(url(name));
    },
    async start() {
      for (const [name, text] of Object.entries(pages)) writeFileSync(fileOf(name), text());
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
    },
    async stop() {
      await context.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** `.cache/screenshots`, to be looked at afterwards; a folder that goes away where this user may not write there. */
function screenshotFolder(folder: string): string {
  const kept = fileURLToPath(new URL('../../.cache/screenshots', import.meta.url));
  try {
    mkdirSync(kept, { recursive: true });
    accessSync(kept, constants.W_OK);
    return kept;
  } catch {
    return folder;
  }
}
