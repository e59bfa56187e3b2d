import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { DiagnosisDocument } from '../../../src/report/diagnosis-schema.js';
import { runWords } from '../environment.js';

const objects = fileURLToPath(new URL('../../fixtures/diagnose/healthy-service.yaml', import.meta.url));
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netdebug-'));
  await cp(objects, join(folder, 'objects.yaml'));
  await mkdir(join(folder, 'shop', 'web-0'), { recursive: true });
  const line = 'Get "https://api:80/?token=hunter2": http: server gave HTTP response to HTTPS client';
  await writeFile(
    join(folder, 'shop', 'web-0', 'app.log'),
    ['2024-12-31T20:00:00Z', '2024-12-31T23:59:01Z', '2024-12-31T23:59:02Z']
      .map((at) => `${at} ${line}\n`)
      .join(''),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ask = async (...words: string[]): Promise<DiagnosisDocument> => {
  const { out } = await runWords([
    ...['diagnose', 'web-0', 'svc/api:80', '-n', 'shop', '-f', folder, '-o', 'json'],
    ...words,
  ]);
  return JSON.parse(out) as DiagnosisDocument;
};

test('logs beside the objects of a folder speak, of the last minutes and without their secrets', async () => {
  const { findings, probes, observed } = await ask();
  expect(findings.map(({ code }) => code)).toEqual(['ND325']);
  expect(JSON.stringify(findings)).not.toContain('hunter2');
  expect(findings[0]?.evidence).toContainEqual(
    expect.objectContaining({ source: 'log', about: 'pod shop/web-0, container app' }),
  );
  expect(observed?.logs).toEqual([expect.objectContaining({ pattern: 'tls-to-plain-port', count: 2 })]);
  expect(probes).toMatchObject({ ran: false });
});

test('--no-logs leaves them alone', async () => {
  const { findings, observed } = await ask('--no-logs');
  expect(findings).toEqual([]);
  expect(observed).toBeUndefined();
});
