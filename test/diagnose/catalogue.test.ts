import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { catalogue, catalogueEntry } from '../../src/diagnose/catalogue/all.js';
import { findingPages } from '../../src/diagnose/catalogue/pages.js';
import { checks } from '../../src/diagnose/checks/all.js';

const folder = fileURLToPath(new URL('../../docs/findings/', import.meta.url));
const codes = catalogue.flatMap(({ entries }) => entries.map(({ code }) => code));

test('codes are in order, each once', () => {
  expect(codes).toEqual([...new Set(codes)].sort());
  expect(codes.filter((code) => !/^ND\d{3}$/.test(code))).toEqual([]);
});

test('every code of a check is in the catalogue, and is spoken by one check of objects', () => {
  const spoken = checks.flatMap((check) => check.codes);
  expect(spoken.filter((code) => catalogueEntry(code) === undefined)).toEqual([]);
  const ofObjects = checks.flatMap(({ live, codes: own }) => (live === true ? [] : own));
  expect(ofObjects).toHaveLength(new Set(ofObjects).size);
});

test('docs/findings is what npm run findings writes', () => {
  const pages = findingPages();
  expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort());
  for (const [name, text] of pages) expect(readFileSync(folder + name, 'utf8')).toBe(text);
});
