/**
 * Merges pcap files into one pcapng file with `src/pcap`, and nothing else: what the formats cost below a capture.
 * Usage: pcap-merger OUTPUT INPUT...
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { createMerger } from '../../src/pcap/merge.js';

const CHUNK_BYTES = 256 * 1024;

const [output = '', ...inputs] = process.argv.slice(2);
const out = openSync(output, 'w');
const merger = createMerger({ application: 'bench' });
const chunk = new Uint8Array(CHUNK_BYTES);
let open = inputs.map((name) => ({ file: openSync(name, 'r'), source: merger.addSource({ name }) }));
while (open.length > 0) {
  for (const { file, source } of open) {
    const length = readSync(file, chunk);
    if (length > 0) {
      source.push(chunk.subarray(0, length));
    } else {
      source.end({});
      closeSync(file);
      open = open.filter((one) => one.file !== file);
    }
    write();
  }
}
merger.end();
write();
closeSync(out);

function write(): void {
  const bytes = merger.take();
  if (bytes === undefined) return;
  for (let from = 0; from < bytes.length;) from += writeSync(out, bytes, from);
  merger.recycle(bytes);
}
