import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { largeCluster } from '../diagnose/policy/large.js';
import { measure, median } from './measure.js';
import type { Programs } from './programs.js';
import type { Row } from './table.js';

const ROUNDS = 3;

/** `policy --all-pairs` over 1,000 pods in 20 namespaces under 500 policies, read from a file: a million pairs as JSON. */
export async function policy({ ours }: Programs): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'netdebug-bench-policy-'));
  try {
    const file = join(folder, 'cluster.json');
    await writeFile(file, JSON.stringify(clusterList()));
    const rows: Row[] = [];
    for (const { name, argv } of ours) {
      const costs = [];
      for (let round = 0; round < ROUNDS; round++) {
        costs.push(await measure([...argv, 'policy', '--all-pairs', '-f', file, '-o', 'json']));
      }
      const what = `\`policy --all-pairs\`, 1,000 pods, 500 policies, ${name}`;
      rows.push(
        { what, unit: 's', ours: median(costs.map(({ wallSeconds }) => wallSeconds)), reach: 'under 5 s' },
        {
          what,
          unit: 'MB peak',
          ours: median(costs.map(({ peakKiB }) => peakKiB * 1.024e-3)),
          reach: 'under 500 MB',
        },
      );
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function clusterList(): object {
  const groups: Readonly<Record<string, string>> = { NetworkPolicy: 'networking.k8s.io/v1' };
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: largeCluster({ pods: 1000, namespaces: 20, policies: 500 }).map((object) => ({
      apiVersion: groups[object.kind ?? ''] ?? 'v1',
      ...object,
    })),
  };
}
