import type { TestCluster } from '../cluster/harness.js';
import { inTurn, measure, median, type Measured } from './measure.js';
import type { Programs } from './programs.js';
import type { Row } from './table.js';

const gib = 2 ** 30;
const slow = 5_000_000;
const mib = 1024;

/** 1 GiB through exec to a sink that takes all it gets, and to one that takes 5 MB/s, each beside `kubectl exec`. */
export async function stream(
  cluster: TestCluster,
  { kubectl, streamers }: Programs,
  pod: string,
): Promise<Row[]> {
  const env = { KUBECONFIG: cluster.kubeconfig };
  const command = ['head', '-c', String(gib), '/dev/zero'];
  const theirs = [kubectl, 'exec', '-n', 'default', pod, '-c', 'main', '--', ...command];
  const rows: Row[] = [];
  for (const { name, argv } of streamers) {
    const ours = [...argv, 'default', pod, 'main', ...command];
    const [mine, beside] = await inTurn(
      3,
      () => whole(ours, { env }),
      () => whole(theirs, { env }),
    );
    const of = (runs: readonly Measured[], figure: (run: Measured) => number): number =>
      median(runs.map(figure));
    const row = (what: string, unit: string, figure: (run: Measured) => number, reach?: string): Row => ({
      what: `1 GiB through exec, ${what}, ${name}`,
      unit,
      ours: of(mine, figure),
      kubectl: of(beside, figure),
      ...(reach === undefined ? {} : { reach }),
    });
    rows.push(
      row('rate', 'MB/s', (run) => gib / 1e6 / run.wallSeconds),
      row('client CPU', 's', (run) => run.cpuSeconds, 'ratio under 1.5'),
      row('peak memory', 'MiB', (run) => run.peakKiB / mib, 'under 120 MiB'),
    );
    // All at once, since each waits for its sink nearly all the time.
    const [mineSlow, besideSlow] = await Promise.all([
      whole(ours, { env, sinkBytesPerSecond: slow }),
      whole(theirs, { env, sinkBytesPerSecond: slow }),
    ]);
    rows.push({
      what: `1 GiB through exec into a 5 MB/s sink, peak memory, ${name}`,
      unit: 'MiB',
      ours: mineSlow.peakKiB / mib,
      kubectl: besideSlow.peakKiB / mib,
      reach: 'under 120 MiB',
    });
  }
  return rows;
}

async function whole(argv: readonly string[], options: Parameters<typeof measure>[1]): Promise<Measured> {
  const measured = await measure(argv, options);
  if (measured.stdoutBytes !== gib)
    throw new Error(`${argv[0] ?? ''}: ${measured.stdoutBytes} bytes arrived, not 1 GiB`);
  return measured;
}
