import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { diagnose } from '../../src/diagnose/diagnose.js';
import { readFiles } from '../../src/diagnose/snapshot/files.js';
import { parseReference } from '../../src/target/reference.js';
import { largeCluster } from './large.js';

// How long it takes is measured by the bench; here it has to be right.
test('a flow among 5,000 pods and 1,000 Services is diagnosed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'netdebug-large-'));
  try {
    const path = join(folder, 'cluster.json');
    await writeFile(path, JSON.stringify(largeCluster()));
    const snapshot = await readFiles([path], 'default');
    const ask = (to: string) =>
      diagnose(snapshot, {
        from: parseReference('ns-3/pod/app-3-3', 'either'),
        to: parseReference(to, 'either'),
        namespace: 'default',
        now: 0,
      });
    const broken = ask('ns-7/svc/app-7:80');
    expect({ verdict: broken.verdict, codes: broken.findings.map(({ code }) => code) }).toEqual({
      verdict: 'UNREACHABLE',
      codes: ['ND204', 'ND202'],
    });
    expect(ask('ns-8/svc/app-8:80')).toMatchObject({ verdict: 'REACHABLE', findings: [] });
  } finally {
    await rm(folder, { recursive: true });
  }
});
