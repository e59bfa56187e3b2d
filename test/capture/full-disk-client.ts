/** A capture of endless made-up packets into a file, for full-disk.test.ts, which runs it on a disk of 64 KiB. */
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { openFileSink } from '../../plugin/sinks/file.js';
import { writePcapHeader } from '../../src/pcap/header.js';
import { writePcapRecord } from '../../src/pcap/writer.js';
import { clock, played } from '../tools/local.js';
import { capture } from './start.js';

const header = { littleEndian: true, precision: 'micro', snaplen: 262144, linktype: 1 } as const;

function* packets(stopped: () => boolean): Generator<Uint8Array> {
  yield writePcapHeader(header);
  for (let i = 0; !stopped(); i++) {
    const data = new Uint8Array(1000).fill(i);
    // In pieces, as a connection brings them.
    const record = writePcapRecord(header, { seconds: i, nanoseconds: 0, originalLength: 1000, data });
    yield record.subarray(0, 600);
    yield record.subarray(600);
  }
}

const path = process.argv[2] ?? '';
let stopped = false;
const session = {
  ...played(() => {
    stopped = true;
    session.finish({ kind: 'exited', exitCode: 0 });
  }),
  stdout: Readable.from(
    packets(() => stopped),
    { objectMode: false },
  ),
};
const summary = await capture(
  { interface: 'eth0' },
  { clock, run: () => Promise.resolve(session), openSink: () => openFileSink(path) },
);
process.stdout.write(JSON.stringify({ summary, file: (await readFile(path)).toString('base64') }));
