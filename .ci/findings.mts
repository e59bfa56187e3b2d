/** Writes docs/findings/ from the catalogue. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { findingPages } from '../src/diagnose/catalogue/pages.js';

const folder = fileURLToPath(new URL('../docs/findings/', import.meta.url));
const pages = findingPages();
await mkdir(folder, { recursive: true });
for (const name of await readdir(folder)) if (!pages.has(name)) await rm(folder + name);
for (const [name, text] of pages) await writeFile(folder + name, text);
