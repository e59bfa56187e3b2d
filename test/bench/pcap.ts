import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePcapHeader } from '../../src/pcap/header.js';
import { inTurn, measure, median } from './measure.js';
import type { Programs } from './programs.js';
import type { Row } from './table.js';

const TOTAL_BYTES = 256e6;
const ROUNDS = 3;
const SOURCES = 4;

/** CPU seconds for 256 MB of packets of 200 to 1,000 bytes: pcap to pcapng beside editcap, four files into one beside mergecap. */
export async function pcap({ mergers }: Programs): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'netdebug-bench-pcap-'));
  try {
    const one = makeCaptures(folder, 'one', 1);
    const four = makeCaptures(folder, 'four', SOURCES);
    const output = join(folder, 'out.pcapng');
    const rows: Row[] = [];
    for (const { name, argv } of mergers) {
      const compare = async (
        what: string,
        inputs: readonly string[],
        theirs: readonly string[],
        wanted: string,
      ): Promise<void> => {
        const cpu = async (command: readonly string[]): Promise<number> =>
          (await measure(command)).cpuSeconds;
        const [mine, beside] = await inTurn(
          ROUNDS,
          () => cpu([...argv, output, ...inputs]),
          () => cpu(theirs),
        );
        rows.push({
          what: `${what}, CPU, ${name}`,
          unit: 's',
          ours: median(mine),
          kubectl: median(beside),
          reach: wanted,
        });
      };
      const editcap = ['editcap', '-F', 'pcapng', ...one, output];
      await compare('256 MB of pcap to pcapng, beside editcap', one, editcap, 'ratio under 2.0');
      const mergecap = ['mergecap', '-w', output, ...four];
      await compare('256 MB in four captures merged, beside mergecap', four, mergecap, 'ratio under 1.43');
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Packets in the order of time, each in one of the files by lot; the same in every run. */
function makeCaptures(folder: string, name: string, count: number): string[] {
  const paths = Array.from({ length: count }, (_, i) => join(folder, `${name}-${i}.pcap`));
  const files = paths.map((path) => ({ file: openSync(path, 'w'), block: Buffer.alloc(1 << 20), used: 0 }));
  const header = writePcapHeader({ littleEndian: true, precision: 'micro', snaplen: 262144, linktype: 1 });
  for (const { file } of files) writeSync(file, header);
  let state = 1;
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const noise = Buffer.from(Array.from({ length: 1000 }, () => random(256)));
  let microseconds = 0;
  for (let made = 0; made < TOTAL_BYTES;) {
    const length = 200 + random(800);
    const target = files[random(count)];
    if (target === undefined) break;
    if (target.used + 16 + length > target.block.length) flush(target);
    const at = target.used;
    microseconds += 1 + random(20);
    target.block.writeUInt32LE(1_700_000_000 + Math.floor(microseconds / 1e6), at);
    target.block.writeUInt32LE(microseconds % 1e6, at + 4);
    target.block.writeUInt32LE(length, at + 8);
    target.block.writeUInt32LE(length, at + 12);
    noise.copy(target.block, at + 16, 0, length);
    target.used += 16 + length;
    made += 16 + length;
  }
  for (const target of files) {
    flush(target);
    closeSync(target.file);
  }
  return paths;
}

function flush(target: { file: number; block: Buffer; used: number }): void {
  writeSync(target.file, target.block, 0, target.used);
  target.used = 0;
}
