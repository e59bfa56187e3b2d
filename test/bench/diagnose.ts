import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { largeCluster } from '../diagnose/large.js';
import { measure, median } from './measure.js';
import type { Programs } from './programs.js';
import type { Row } from './table.js';

const ROUNDS = 3;

/** `diagnose` of one flow in a cluster of 5,000 pods and 1,000 Services, read from a file that `--save` wrote. */
export async function diagnose({ ours }: Programs): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'netdebug-bench-diagnose-'));
  try {
    const [list, saved] = [join(folder, 'cluster.json'), join(folder, 'saved.json')];
    await writeFile(list, JSON.stringify(largeCluster()));
    const flow = ['diagnose', 'ns-3/pod/app-3-3', 'ns-7/svc/app-7:80', '--fail-on', 'never', '-q'];
    const rows: Row[] = [];
    for (const { name, argv } of ours) {
      await measure([...argv, ...flow, '-f', list, '--save', saved]);
      const costs = [];
      for (let round = 0; round < ROUNDS; round++) costs.push(await measure([...argv, ...flow, '-f', saved]));
      const what = `\`diagnose\`, 5,000 pods, 1,000 Services, ${name}`;
      rows.push(
        { what, unit: 's', ours: median(costs.map(({ wallSeconds }) => wallSeconds)), reach: 'under 2 s' },
        { what, unit: 'MB peak', ours: median(costs.map(({ peakKiB }) => peakKiB * 1.024e-3)) },
      );
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
