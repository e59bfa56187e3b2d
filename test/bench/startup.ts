import type { TestCluster } from '../cluster/harness.js';
import { inTurn, measure, median } from './measure.js';
import type { Programs } from './programs.js';
import type { Row } from './table.js';

const PAIRS = 15;

/** How long `--help` and `version` take, each in turn with `kubectl version --client`. Milliseconds of wall time. */
export async function startup({ kubectl, ours }: Programs): Promise<Row[]> {
  const rows: Row[] = [];
  for (const word of ['--help', 'version']) {
    for (const { name, argv } of ours) {
      const [mine, theirs] = await inTurn(
        PAIRS,
        () => timed([...argv, word]),
        () => timed([kubectl, 'version', '--client']),
      );
      rows.push({
        what: `\`${word}\`, ${name}`,
        unit: 'ms',
        ours: median(mine),
        kubectl: median(theirs),
        reach: 'ratio under 1.0',
      });
    }
  }
  return rows;
}

/**
 * From the start of the client to its end with one answer of the API server: `list`, which reads the pods of a namespace, in
 * turn with `kubectl get --raw` of the same address. Milliseconds of wall time.
 */
export async function firstCall({ kubeconfig }: TestCluster, { kubectl, ours }: Programs): Promise<Row[]> {
  const env = { KUBECONFIG: kubeconfig };
  const rows: Row[] = [];
  for (const { name, argv } of ours) {
    const [mine, theirs] = await inTurn(
      PAIRS,
      () => timed([...argv, 'list'], env),
      () => timed([kubectl, 'get', '--raw', '/api/v1/namespaces/default/pods'], env),
    );
    rows.push({
      what: `first API call (\`list\`, \`get --raw\`), ${name}`,
      unit: 'ms',
      ours: median(mine),
      kubectl: median(theirs),
      reach: 'ratio under 1.0',
    });
  }
  return rows;
}

async function timed(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  const started = performance.now();
  await measure(argv, { env });
  return performance.now() - started;
}
