import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openFiles } from '../../../plugin/sinks/files.js';
import { gzipSink } from '../../../plugin/sinks/gzip.js';
import { SinkClosed } from '../../../src/capture/sink.js';
import { writePcapHeader } from '../../../src/pcap/header.js';
import { readPcap } from '../../../src/pcap/reader.js';
import { writePcapRecord } from '../../../src/pcap/writer.js';
import { realClock } from '../../debugger/fakes.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netdebug-gzip-'));
});
afterAll(() => rm(folder, { recursive: true }));

const clock = { ...realClock, every: () => () => undefined };
const head = { littleEndian: true, precision: 'micro', linktype: 1, snaplen: 262_144 } as const;
const records = (count: number, size: number) =>
  Array.from({ length: count }, (_, number) =>
    writePcapRecord(head, {
      seconds: number,
      nanoseconds: 0,
      originalLength: size,
      data: new Uint8Array(size).map((__, i) => i * number),
    }),
  );

test('what gzip and capinfos read is what was written', async () => {
  const path = join(folder, 'web.pcap.gz');
  const sink = await openFiles(path, 'web.pcap.gz', undefined, { clock });
  const parts = [writePcapHeader(head), ...records(2500, 1400)];
  for (const part of parts) await sink.write(part);
  await sink.close();
  execFileSync('gzip', ['-t', path]);
  expect(gunzipSync(await readFile(path)).equals(Buffer.concat(parts))).toBe(true);
  expect((await stat(path)).size).toBeLessThan(2500 * 1400);
  const report = execFileSync('capinfos', ['-T', '-M', '-r', '-c', path], { encoding: 'utf8' });
  expect(report.trim()).toMatch(/\t2500$/);
});

test('a file whose program is killed is a row of whole members, and opens', async () => {
  const path = join(folder, 'killed.pcap.gz');
  const wakes: (() => void)[] = [];
  const byHand = {
    ...clock,
    sleep: (_: number, signal?: AbortSignal) =>
      new Promise<void>((wake) => {
        wakes.push(wake);
        signal?.addEventListener('abort', () => wake());
      }),
  };
  const sink = await openFiles(path, 'killed.pcap.gz', undefined, { clock: byHand });
  await sink.write(writePcapHeader(head));
  // The beginning is written at once: the file opens from then on.
  const grown = async (from: number): Promise<number> => {
    for (;;) {
      const { size } = await stat(path);
      if (size > from) return size;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const begun = await grown(0);
  expect(readPcap(gunzipSync(await readFile(path)))).toMatchObject({ packets: [], trailingBytes: 0 });
  for (const record of records(20, 100)) await sink.write(record);
  // A second is over: what came until then is written, without a further packet.
  wakes.shift()?.();
  await grown(begun);
  for (const record of records(20, 100)) await sink.write(record);
  // What a SIGKILL at this moment would leave.
  const left = join(folder, 'left.pcap.gz');
  await copyFile(path, left);
  execFileSync('gzip', ['-t', left]);
  expect(readPcap(gunzipSync(await readFile(left)))).toMatchObject({
    packets: { length: 20 },
    trailingBytes: 0,
  });
  await sink.close();
  expect(readPcap(gunzipSync(await readFile(path))).packets).toHaveLength(40);
});

test('a full disk: the file is closed, and it is said how much is missing', async () => {
  let closed = false;
  const full = new Error('cannot write to x.gz: no space left on the disk');
  const sink = gzipSink(
    {
      write: () => Promise.reject(full),
      close: () => Promise.resolve(void (closed = true)),
      abort: () => Promise.resolve(),
    },
    'x.gz',
    clock,
  );
  await sink.write(new Uint8Array(1000));
  await expect(sink.close()).rejects.toMatchObject({
    message: `${full.message}; 1000 bytes of packets that waited to be compressed are lost`,
    exitCode: 8,
  });
  expect(closed).toBe(true);
});

test('a reader that goes is an end in order', async () => {
  const sink = gzipSink(
    {
      write: () => Promise.reject(new SinkClosed()),
      close: () => Promise.resolve(),
      abort: () => Promise.resolve(),
    },
    'x.gz',
    clock,
  );
  await sink.write(new Uint8Array(2 * 1024 * 1024));
  await expect(sink.close()).rejects.toBeInstanceOf(SinkClosed);
});

test('a capture that never began leaves nothing', async () => {
  const path = join(folder, 'never.pcap.gz');
  const sink = await openFiles(path, path, undefined, { clock });
  await sink.abort(new Error('no debug container'));
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
});
