import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure, median } from './measure.js';
import type { Programs } from './programs.js';
import type { Row } from './table.js';

const ROUNDS = 3;
const SIZE = 2 ** 30;

/** `logs` over 1 GiB of JSON lines as services write them, one in a hundred of them a refused connection, read from a file. */
export async function logs({ ours }: Programs): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'netdebug-bench-logs-'));
  try {
    const file = join(folder, 'app.log');
    await write(file);
    const rows: Row[] = [];
    for (const { name, argv } of ours) {
      const costs = [];
      for (let round = 0; round < ROUNDS; round++)
        costs.push(await measure([...argv, 'logs', '-f', file, '-q', '--fail-on', 'never']));
      const what = `\`logs\` over 1 GiB, ${name}`;
      rows.push(
        {
          what,
          unit: 'MB per CPU second',
          ours: median(costs.map(({ cpuSeconds }) => SIZE / 1e6 / cpuSeconds)),
          reach: '100 or more',
        },
        {
          what,
          unit: 'MB peak',
          ours: median(costs.map(({ peakKiB }) => peakKiB * 1.024e-3)),
          reach: 'bounded',
        },
      );
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function write(path: string): Promise<void> {
  const lines = Array.from({ length: 20_000 }, (_, at) =>
    at % 100 === 0
      ? `2026-11-22T10:00:00.123456789Z level=error msg="dial tcp 10.96.0.${at % 250}:80: connect: connection refused"\n`
      : `2026-11-22T10:00:00.123456789Z {"level":"info","msg":"handled request","method":"GET","path":"/api/v1/items/${at}","status":200,"duration_ms":${at % 97}}\n`,
  );
  const block = Buffer.from(lines.join(''));
  const file = await open(path, 'w');
  try {
    for (let written = 0; written < SIZE; written += block.length)
      await file.write(block, 0, Math.min(block.length, SIZE - written));
  } finally {
    await file.close();
  }
}
