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
      rows.push({ what: `\`${word}\`, ${name}`, unit: 'ms', ours: median(mine), kubectl: median(theirs) });
    }
  }
  return rows;
}

async function timed(argv: readonly string[]): Promise<number> {
  const started = performance.now();
  await measure(argv);
  return performance.now() - started;
}
