import { startCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';
import { measure } from './measure.js';
import type { Programs } from './programs.js';
import type { Row } from './table.js';

const PODS = 30;

/** `matrix` of 30 pods with one port each: 870 connections, with debug containers to start, and again with those that run. */
export async function matrix({ ours }: Pick<Programs, 'ours'>): Promise<Row[]> {
  const cluster = await startCluster({
    objects: Array.from({ length: PODS }, (_, index) =>
      pod({
        name: `grid-${index}`,
        labels: { app: 'grid' },
        image: 'registry.example/web:1',
        command: ['/bin/httpd', '-f', '-p', '8080', '-h', '/srv'],
        ports: [{ containerPort: 8080 }],
      }),
    ),
  });
  try {
    const rows: Row[] = [];
    for (const { name, argv } of ours) {
      const words = [...argv, 'matrix', '-l', 'app=grid', '--kubeconfig', cluster.kubeconfig, '-o', 'json'];
      const cold = await measure([...words, '--fresh']);
      const warm = await measure(words);
      const what = `\`matrix\`, ${PODS} pods x ${PODS} pods x 1 port, ${name}`;
      rows.push(
        { what: `${what}, debug containers started`, unit: 's', ours: cold.wallSeconds, reach: 'under 30 s' },
        { what: `${what}, debug containers running`, unit: 's', ours: warm.wallSeconds, reach: 'under 30 s' },
        { what, unit: 'MB peak', ours: Math.max(cold.peakKiB, warm.peakKiB) * 1.024e-3 },
      );
    }
    return rows;
  } finally {
    await cluster.stop();
  }
}
