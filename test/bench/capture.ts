import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';
import { type Measured, startMeasured } from './measure.js';
import type { Programs } from './programs.js';
import { send, sentFilter, type Sent } from './sender.js';
import type { Row } from './table.js';

const PODS = 20;
const SECONDS = 10;
/** Together 100 MB/s, and less for machines on which that is too much. */
const PER_POD = [5e6, 2.5e6];

/** Twenty pods at once through the spool, also into a reader that stalls: packets missing, and memory. */
export async function manyPods({ ours }: Programs, image: string): Promise<Row[]> {
  const names = Array.from({ length: PODS }, (_, at) => `load-${at}`);
  await using cluster = await startCluster({
    objects: names.map((name) => pod({ name, labels: { app: 'load' } })),
  });
  const folder = await mkdtemp(join(tmpdir(), 'netdebug-bench-capture-'));
  const rows: Row[] = [];
  try {
    for (const { name, argv } of ours) {
      for (const bytesPerSecond of PER_POD) {
        for (const stallMs of [undefined, 10_000]) {
          const file = stallMs === undefined ? join(folder, 'load.pcapng') : '-';
          const words = ['-l', 'app=load', '-i', 'eth0', '-f', sentFilter, '--spool', '100MB'];
          const command = [...argv, 'capture', ...words, '-w', file, '-o', 'json', '--image', image];
          const load = { pods: names, bytesPerSecond, seconds: SECONDS };
          const { sent, measured } = await underLoad(cluster, load, command, stallMs);
          const { packets } = summaryIn(stallMs === undefined ? measured.stdoutText : measured.stderr);
          const total = sent.reduce((sum, one) => sum + one.packets, 0);
          const rate = sent.reduce((sum, one) => sum + one.bytesPerSecond, 0) / 1e6;
          const reader = stallMs === undefined ? 'to a file' : 'the reader stalls for 10 s';
          const what = `${PODS} pods, ${rate.toFixed(0)} MB/s in all, \`--spool\`, ${reader}, ${name}`;
          rows.push(
            { what: `${what}: missing`, unit: '%', ours: (1 - packets / total) * 100, reach: '0 %' },
            { what: `${what}: peak`, unit: 'MB', ours: measured.peakKiB * 1.024e-3, reach: 'under 200 MB' },
            { what: `${what}: client CPU`, unit: 's', ours: measured.cpuSeconds },
          );
        }
      }
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Load {
  readonly pods: readonly string[];
  /** Of each pod. */
  readonly bytesPerSecond: number;
  readonly seconds: number;
}

/** Captures while pods send, and until what they sent has had time to arrive. */
async function underLoad(
  cluster: TestCluster,
  { pods, bytesPerSecond, seconds }: Load,
  command: readonly string[],
  stallMs: number | undefined,
): Promise<{ sent: Sent[]; measured: Measured }> {
  const capture = startMeasured(command, {
    env: { KUBECONFIG: cluster.kubeconfig },
    ...(stallMs === undefined ? { keepStdout: true } : { stallMs }),
  });
  await Promise.race([capture.says(/listening on /, pods.length), capture.ended]);
  const sent = await Promise.all(pods.map((name) => send(cluster, name, { bytesPerSecond, seconds })));
  capture.interrupt();
  return { sent, measured: await capture.ended };
}

/** The part of `capture -o json` that is read here. */
function summaryIn(text: string): { readonly packets: number; readonly droppedByKernel?: number } {
  const at = text.indexOf('{\n');
  if (at < 0) throw new Error(`no summary: ${text}`);
  return JSON.parse(text.slice(at, text.lastIndexOf('\n}') + 2)) as { packets: number };
}
