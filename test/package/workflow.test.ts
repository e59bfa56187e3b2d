/** The release's workflow names what exists: scripts, files, platforms. */
import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { targets } from '../../.ci/targets.mjs';
import { root } from './release.js';

const step = z.strictObject({
  id: z.string().optional(),
  name: z.string().optional(),
  if: z.string().optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  run: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
});
const job = z.strictObject({
  name: z.string().optional(),
  needs: z.union([z.string(), z.array(z.string())]).optional(),
  'runs-on': z.string(),
  container: z.strictObject({ image: z.string(), options: z.string() }).optional(),
  'timeout-minutes': z.number(),
  environment: z.string().optional(),
  permissions: z.record(z.string(), z.enum(['read', 'write'])).optional(),
  outputs: z.record(z.string(), z.string()).optional(),
  strategy: z
    .strictObject({ matrix: z.strictObject({ include: z.array(z.record(z.string(), z.string())) }) })
    .optional(),
  defaults: z.strictObject({ run: z.strictObject({ shell: z.string() }) }).optional(),
  env: z.record(z.string(), z.string()).optional(),
  steps: z.array(step).min(1),
});
const workflow = z.strictObject({
  name: z.string(),
  on: z.strictObject({ workflow_dispatch: z.strictObject({}) }),
  permissions: z.strictObject({ contents: z.literal('read') }),
  concurrency: z.strictObject({ group: z.string(), 'cancel-in-progress': z.boolean() }),
  jobs: z.record(z.string(), job),
});

const text = readFileSync(`${root}.github/workflows/release.yml`, 'utf8');
const document = parseDocument(text, { uniqueKeys: true });
const { jobs } = workflow.parse(document.toJS());
const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: object };
const steps = Object.values(jobs).flatMap((one) => one.steps);

test('is YAML without a fault', () => {
  expect(document.errors).toEqual([]);
  expect(document.warnings).toEqual([]);
});

test('a step either uses an action of GitHub itself, or runs something', () => {
  for (const { uses, run } of steps) {
    expect([uses, run].filter((one) => one !== undefined)).toHaveLength(1);
    if (uses !== undefined)
      expect(uses).toMatch(/^actions\/(checkout|setup-node|(up|down)load-artifact)@v\d+$/);
  }
});

test('what it runs is there', () => {
  const runs = steps.map(({ run = '' }) => run).join('\n');
  const named = [...runs.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
  expect(named).toContain('package');
  // Checks and tests, exactly as elsewhere.
  expect(runs.split('\n')).toContain('.ci/run');
  for (const name of named) expect(scripts).toHaveProperty([name]);
  const files = [...runs.matchAll(/^(?:node )?(\.ci\/\S+)/gm)].map(([, file = '']) => file);
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) expect(existsSync(root + file)).toBe(true);
});

test.each(steps.flatMap(({ run }) => (run === undefined ? [] : [{ script: run }])))(
  'the shell reads: $script',
  ({ script }) => {
    const plain = script.replaceAll(/\$\{\{[^}]*\}\}/g, 'x');
    expect(() => execFileSync('bash', ['-n', '-c', plain], { stdio: 'pipe' })).not.toThrow();
    // A person's words would become part of the script: values come by the environment.
    expect(script).not.toContain('${{');
  },
);

test('every platform of a release is run before it is published', () => {
  const platforms = jobs.run?.strategy?.matrix.include.map(({ platform }) => platform);
  expect(platforms).toEqual(targets.map(({ name }) => name));
  expect(jobs.publish?.needs).toEqual(Object.keys(jobs).filter((name) => name !== 'publish'));
});

test('only publishing may write', () => {
  for (const [name, { permissions }] of Object.entries(jobs))
    expect(permissions).toEqual(name === 'publish' ? { contents: 'write', 'id-token': 'write' } : undefined);
});
