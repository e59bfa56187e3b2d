import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFiles } from '../../../plugin/sinks/files.js';
import { fileOfSet, patternOfSet, splitEnding } from '../../../plugin/sinks/names.js';
import { rotatingSink } from '../../../plugin/sinks/rotate.js';
import type { Sink } from '../../../src/capture/sink.js';
import { readPcap } from '../../../src/pcap/reader.js';
import { writePcapHeader } from '../../../src/pcap/header.js';
import { writeInterfaceStatistics } from '../../../src/pcap/pcapng-writer.js';
import { writePcapRecord } from '../../../src/pcap/writer.js';
import type { Rotation } from '../../../plugin/options/files.js';
import { realClock } from '../../debugger/fakes.js';
import {
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  nameResolution,
  sectionHeader,
} from '../../pcap/blocks.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netdebug-rotate-'));
});
afterAll(() => rm(folder, { recursive: true }));

const clock = { ...realClock, every: () => () => undefined };
const packet = (number: number, size = 100) => ({
  seconds: 1_700_000_000 + number,
  nanoseconds: number,
  originalLength: size,
  data: new Uint8Array(size).fill(number),
});
const head = { littleEndian: true, precision: 'micro', linktype: 1, snaplen: 262_144 } as const;
const record = (number: number, size = 100) => writePcapRecord(head, packet(number, size));

/** What a file ends with: packets of an interface since the capture began, and the numbers of the first and the last. */
const counted = (id: number, delivered: number, first: number, last: number) =>
  writeInterfaceStatistics(id, { first: packet(first), last: packet(last) }, { delivered });

/** Files in memory, and a clock moved by hand. */
function memory() {
  const files: { bytes: Uint8Array; state: 'open' | 'closed' | 'removed' | 'aborted' }[] = [];
  const sleepers: { at: number; wake: () => void }[] = [];
  let now = 0;
  const sink = (rotation: Rotation, fail?: (index: number, chunk: Uint8Array) => void): Sink =>
    rotatingSink(rotation, {
      clock: {
        now: () => now,
        sleep: (ms, signal) =>
          new Promise((wake) => {
            signal?.addEventListener('abort', () => wake());
            sleepers.push({ at: now + ms, wake });
          }),
      },
      open(index) {
        const file = { bytes: new Uint8Array() as Uint8Array, state: 'open' as (typeof files)[0]['state'] };
        files.push(file);
        expect(files).toHaveLength(index);
        const opened: Sink = {
          write(chunk) {
            fail?.(index, chunk);
            file.bytes = Buffer.concat([file.bytes, chunk]);
          },
          close: () => Promise.resolve(void (file.state = 'closed')),
          abort: () => Promise.resolve(void (file.state = 'aborted')),
        };
        return Promise.resolve({ sink: opened, path: String(index) });
      },
      remove: (path) => Promise.resolve(void ((files[Number(path) - 1] ?? { state: '' }).state = 'removed')),
    });
  const advance = async (ms: number): Promise<void> => {
    now += ms;
    for (const { at, wake } of sleepers) if (at <= now) wake();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { files, sink, advance };
}

describe('by size', () => {
  test('no file grows larger; every one is a pcap file; every packet is in exactly one', async () => {
    const { files, sink } = memory();
    const rotating = sink({ maxBytes: 400 });
    await rotating.write(Buffer.concat([writePcapHeader(head), record(0)]));
    await rotating.write(Buffer.concat([1, 2, 3, 4, 5, 6, 7].map((number) => record(number))));
    await rotating.write(record(8, 1000));
    await rotating.write(record(9));
    await rotating.close();
    const read = files.map(({ bytes }) => readPcap(bytes));
    expect(read.flatMap(({ packets }) => packets.map(({ data }) => data[0]))).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    expect(read.map(({ trailingBytes }) => trailingBytes)).toEqual(files.map(() => 0));
    // A packet that is longer than a file may be has a file to itself.
    expect(files.map(({ bytes }) => bytes.length)).toEqual([372, 372, 256, 1040, 140]);
    expect(files.every(({ state }) => state === 'closed')).toBe(true);
  });

  test('pcapng: an interface or a name that came later is in the later files, never twice, and each ends with its counters', async () => {
    const { files, sink } = memory();
    const rotating = sink({ maxBytes: 419 + 2 * 128 });
    const [a, b] = [interfaceDescription('shop/a:eth0'), interfaceDescription('shop/b:eth0', 276)];
    const names = nameResolution('10.0.0.9', 'b.shop');
    await rotating.write(
      Buffer.concat([
        sectionHeader(),
        a,
        enhancedPacket(0, packet(1)),
        b,
        enhancedPacket(1, packet(2)),
        names,
      ]),
    );
    await rotating.write(Buffer.concat([enhancedPacket(0, packet(3)), enhancedPacket(1, packet(4))]));
    await rotating.write(interfaceStatistics(0));
    await rotating.close();
    const begin = Buffer.concat([sectionHeader(), a, b, names]);
    expect(files.map(({ bytes }) => Buffer.from(bytes))).toEqual([
      Buffer.concat([
        sectionHeader(),
        a,
        enhancedPacket(0, packet(1)),
        b,
        enhancedPacket(1, packet(2)),
        names,
        counted(0, 1, 1, 1),
        counted(1, 1, 2, 2),
      ]),
      Buffer.concat([begin, enhancedPacket(0, packet(3)), counted(0, 2, 1, 3), counted(1, 1, 2, 2)]),
      // What tcpdump counted itself stands there already.
      Buffer.concat([begin, enhancedPacket(1, packet(4)), interfaceStatistics(0), counted(1, 2, 2, 4)]),
    ]);
  });

  test('only the newest are kept', async () => {
    const { files, sink } = memory();
    const rotating = sink({ maxBytes: 150, keep: 2 });
    await rotating.write(writePcapHeader(head));
    for (let number = 0; number < 5; number++) await rotating.write(record(number));
    expect(files.map(({ state }) => state)).toEqual(['removed', 'removed', 'removed', 'closed', 'open']);
    await rotating.close();
  });
});

describe('by time', () => {
  test('a file is closed when its time is over, and the next begins with the next packet', async () => {
    const { files, sink, advance } = memory();
    const rotating = sink({ everyMs: 60_000 });
    await rotating.write(Buffer.concat([writePcapHeader(head), record(1)]));
    await advance(59_000);
    expect(files.map(({ state }) => state)).toEqual(['open']);
    await advance(1_000);
    expect(files.map(({ state }) => state)).toEqual(['closed']);
    await advance(600_000);
    expect(files).toHaveLength(1);
    await rotating.write(record(2));
    await rotating.write(record(3));
    expect(files).toHaveLength(2);
    await rotating.close();
    expect(files.map(({ bytes }) => readPcap(bytes).packets.length)).toEqual([1, 2]);
  });

  test('pcapng: an interface that comes while no file is open waits for its packet', async () => {
    const { files, sink, advance } = memory();
    const rotating = sink({ everyMs: 1000 });
    const [a, b] = [interfaceDescription('a'), interfaceDescription('b')];
    await rotating.write(Buffer.concat([sectionHeader(), a, enhancedPacket(0, packet(1))]));
    await advance(1000);
    await rotating.write(b);
    expect(files).toHaveLength(1);
    await rotating.write(Buffer.concat([nameResolution('10.0.0.1', 'x'), enhancedPacket(1, packet(2))]));
    await rotating.close();
    expect(Buffer.from(files[1]?.bytes ?? [])).toEqual(
      Buffer.concat([
        ...[sectionHeader(), a, b, nameResolution('10.0.0.1', 'x'), enhancedPacket(1, packet(2))],
        ...[counted(0, 1, 1, 1), counted(1, 1, 2, 2)],
      ]),
    );
  });

  test('pcapng: the counters of an interface that is over stand in every later file', async () => {
    const { files, sink } = memory();
    const rotating = sink({ maxBytes: 500 });
    const [a, b] = [interfaceDescription('a'), interfaceDescription('b')];
    const over = writeInterfaceStatistics(0, { first: packet(1), last: packet(1) }, { droppedByKernel: 7 });
    await rotating.write(Buffer.concat([sectionHeader(), a, enhancedPacket(0, packet(1)), b, over]));
    for (const number of [2, 3, 4]) await rotating.write(enhancedPacket(1, packet(number)));
    await rotating.close();
    expect(files.length).toBeGreaterThan(1);
    for (const { bytes } of files) {
      expect(bytes.length).toBeLessThanOrEqual(500);
      expect(Buffer.from(bytes).indexOf(over)).toBeGreaterThan(0);
      expect(Buffer.from(bytes).lastIndexOf(over)).toBe(Buffer.from(bytes).indexOf(over));
    }
  });
});

test('a full disk: what was said stays the reason, and nothing more is written', async () => {
  const { files, sink } = memory();
  const full = new Error('no space left');
  const rotating = sink({ maxBytes: 150 }, (index) => {
    if (index === 2) throw full;
  });
  await rotating.write(Buffer.concat([writePcapHeader(head), record(1)]));
  await expect(rotating.write(record(2))).rejects.toBe(full);
  await expect(rotating.write(record(3))).rejects.toBe(full);
  await expect(rotating.close()).rejects.toBe(full);
  expect(files.map(({ state }) => state)).toEqual(['closed', 'closed']);
});

test('names are dumpcap’s, so that Wireshark knows the set', () => {
  const at = new Date(2026, 0, 31, 23, 5, 9).getTime();
  expect(fileOfSet('/tmp/a.b/web.pcapng', 12, at)).toBe('/tmp/a.b/web_00012_20260131230509.pcapng');
  expect(fileOfSet('web.pcapng.gz', 1, at)).toBe('web_00001_20260131230509.pcapng.gz');
  expect(patternOfSet('a.b/web.pcap.gz')).toBe('a.b/web_*.pcap.gz');
  expect(splitEnding('.hidden')).toEqual({ stem: '.hidden', ending: '' });
  expect(splitEnding('x/web')).toEqual({ stem: 'x/web', ending: '' });
});

describe('on a disk', () => {
  const mine = async (name: string) => (await readdir(folder)).filter((one) => one.startsWith(name)).sort();

  test('every file opens by itself in capinfos, compressed ones as well, and mergecap gives back all packets', async () => {
    for (const name of ['plain.pcapng', 'small.pcapng.gz']) {
      const sink = await openFiles(join(folder, name), name, { maxBytes: 4096 }, { clock });
      expect(await mine(name.slice(0, 5))).toEqual([]);
      await sink.write(Buffer.concat([sectionHeader(), interfaceDescription('shop/a:eth0')]));
      for (let number = 0; number < 60; number++) await sink.write(enhancedPacket(0, packet(number, 200)));
      await sink.close();
      const files = await mine(name.slice(0, 5));
      expect(files.length).toBeGreaterThan(3);
      expect(files[0]).toMatch(/^(plain|small)_00001_\d{14}\.pcapng(\.gz)?$/);
      let total = 0;
      for (const file of files) {
        const report = execFileSync('capinfos', ['-T', '-M', '-r', '-c', join(folder, file)], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        total += Number(report.trim().split('\t').at(-1));
        const described = execFileSync('capinfos', [join(folder, file)], { encoding: 'utf8' });
        expect(described).toContain('Number of stat entries = 1');
        if (file.endsWith('.gz')) execFileSync('gzip', ['-t', join(folder, file)]);
      }
      expect(total).toBe(60);
    }
  });

  test('only files of this capture are removed, and a folder that is not there is told first', async () => {
    await writeFile(join(folder, 'ring_00001_20200101000000.pcap'), 'of another day');
    const sink = await openFiles(
      join(folder, 'ring.pcap'),
      'ring.pcap',
      { maxBytes: 1024, keep: 2 },
      { clock },
    );
    await sink.write(writePcapHeader(head));
    for (let number = 0; number < 40; number++) await sink.write(record(number));
    await sink.close();
    const files = await mine('ring');
    expect(files).toHaveLength(3);
    expect(await readFile(join(folder, files[0] ?? ''), 'utf8')).toBe('of another day');
    const newest = readPcap(await readFile(join(folder, files[2] ?? '')));
    expect(newest.packets.at(-1)?.data[0]).toBe(39);
    await expect(
      openFiles(join(folder, 'no/x.pcap'), 'no/x.pcap', { maxBytes: 1024 }, { clock }),
    ).rejects.toMatchObject({
      message: 'cannot write to no/x.pcap: there is no such directory',
      exitCode: 2,
    });
  });

  test('a capture that never began leaves nothing', async () => {
    const sink = await openFiles(join(folder, 'never.pcap'), 'never.pcap', { everyMs: 1000 }, { clock });
    await sink.abort(new Error('no debug container'));
    expect(await mine('never')).toEqual([]);
  });
});
