import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { writePcapHeader } from '../../src/pcap/header.js';
import { createMerger } from '../../src/pcap/merge.js';
import { writePcapRecord } from '../../src/pcap/writer.js';
import { readPcap } from '../../src/pcap/reader.js';
import { drain, packetsOf } from './sources.js';

const seconds = 1_700_000_000;

/** Runs a program that must not complain of anything. */
function quiet(program: string, ...args: string[]): string {
  const done = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
  // Wireshark's programs remark that they run as root; that is no remark on the file.
  const complaints = done.stderr.split('\n').filter((line) => !/^(Running as user|$)/.test(line));
  expect([program, done.status, complaints]).toEqual([program, 0, []]);
  return done.stdout;
}

function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-pcapng-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An Ethernet frame with an empty UDP datagram. */
function frame(from: number[], to: number[], length = 42): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(
    [8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, ...from, ...to, 0x30, 0x39, 0x30, 0x3a, 0, 8],
    12,
  );
  return bytes;
}

interface Made {
  readonly precision: 'micro' | 'nano';
  readonly littleEndian: boolean;
  readonly packets: readonly { readonly nanoseconds: number; readonly length: number }[];
}

function pcap({ precision, littleEndian, packets }: Made): Uint8Array {
  const header = { precision, littleEndian, linktype: 1, snaplen: 262144 } as const;
  const records = packets.map(({ nanoseconds, length }, i) =>
    writePcapRecord(header, {
      seconds,
      nanoseconds,
      originalLength: length,
      data: frame([10, 0, 0, i & 255], [10, 0, 1, length & 255], length),
    }),
  );
  return Uint8Array.from(Buffer.concat([writePcapHeader(header), ...records]));
}

const made: fc.Arbitrary<Made> = fc.record({
  precision: fc.constantFrom('micro', 'nano'),
  littleEndian: fc.boolean(),
  // Few times, so that some are equal, and in no order, as tcpdump writes them on several processors.
  packets: fc.array(
    fc.record({ nanoseconds: fc.nat(30).map((n) => n * 1000), length: fc.integer({ min: 42, max: 90 }) }),
    {
      minLength: 1,
      maxLength: 30,
    },
  ),
});

describe('beside mergecap', () => {
  test('the same packets in the same order; of equal times it takes the last file, the merge the first source', () => {
    inFolder((folder) => {
      fc.assert(
        fc.property(fc.array(made, { minLength: 2, maxLength: 5 }), (sources) => {
          const merger = createMerger({ application: 'test' });
          const entries = sources.map((one, i) => ({
            bytes: pcap(one),
            source: merger.addSource({ name: String(i) }),
            path: join(folder, `${i}.pcap`),
          }));
          for (const { bytes, source, path } of entries) {
            source.push(bytes);
            writeFileSync(path, bytes);
          }
          merger.end();
          const [ours, theirs, copy] = ['ours.pcapng', 'theirs.pcap', 'copy.pcap'].map((name) =>
            join(folder, name),
          ) as [string, string, string];
          quiet('mergecap', '-F', 'nsecpcap', '-w', theirs, ...entries.map(({ path }) => path).reverse());
          writeFileSync(ours, drain(merger).bytes);
          quiet('editcap', '-F', 'nsecpcap', ours, copy);
          expect(readPcap(readFileSync(copy)).packets).toEqual(readPcap(readFileSync(theirs)).packets);
        }),
        { numRuns: 10 },
      );
    });
  });
});

describe('Wireshark and its programs', () => {
  const text = (): Uint8Array => {
    const merger = createMerger({
      application: 'kubectl-netdebug 1.2.3',
      os: 'linux',
      comments: ['kubectl netdebug capture deploy/web', 'cluster: kind'],
    });
    merger.addNames([
      { address: '10.0.0.1', names: ['web-0.shop'] },
      { address: 'fd00::1', names: ['web-0.shop'] },
      { address: '10.0.0.2', names: ['db.shop.svc'] },
    ]);
    const web = merger.addSource({
      name: 'shop/web-0:eth0',
      description: 'node worker-1, 10.0.0.1, Deployment web',
      filter: 'tcp port 5432',
    });
    const db = merger.addSource({ name: 'shop/db-0:eth0' });
    const header = { littleEndian: true, precision: 'micro', linktype: 1, snaplen: 262144 } as const;
    const packet = (microseconds: number, from: number[], to: number[]): Uint8Array =>
      writePcapRecord(header, {
        seconds,
        nanoseconds: microseconds * 1000,
        originalLength: 42,
        data: frame(from, to),
      });
    web.push(writePcapHeader(header));
    web.push(packet(1, [10, 0, 0, 1], [10, 0, 0, 2]));
    web.comment('2.0 s of packets were lost here: the connection dropped');
    web.push(packet(5, [10, 0, 0, 1], [10, 0, 0, 2]));
    // The same interface goes on with names that came to be known only now.
    db.push(writePcapHeader({ ...header, linktype: 276 }));
    merger.addSource({ name: 'shop/gone-0:eth0' }).end({});
    db.end({ received: 0, droppedByKernel: 0 });
    web.end({ received: 9, droppedByKernel: 7, acceptedByFilter: 2 });
    merger.end();
    return drain(merger).bytes;
  };

  test('read every part without a complaint', () => {
    inFolder((folder) => {
      const path = join(folder, 'x.pcapng');
      writeFileSync(path, text());
      const info = quiet('capinfos', path);
      for (const part of [
        'Number of packets:   2',
        'Strict time order:   True',
        'Capture application: kubectl-netdebug 1.2.3',
        'Capture comment:     kubectl netdebug capture deploy/web',
        'Capture comment:     cluster: kind',
        'Number of interfaces in file: 2',
        'Name = shop/web-0:eth0',
        'Name = shop/db-0:eth0',
        'Description = node worker-1, 10.0.0.1, Deployment web',
        'Filter string = tcp port 5432',
        'Time precision = nanoseconds (9)',
        'Number of stat entries = 1',
        'Encapsulation = Linux cooked-mode capture v2',
        'Number of resolved IPv4 addresses in file: 2',
        'Number of resolved IPv6 addresses in file: 1',
      ]) {
        expect(info).toContain(part);
      }
      const fields = [
        'frame.interface_name',
        'frame.interface_description',
        'frame.time_epoch',
        'frame.comment',
      ];
      const rows = quiet(
        'tshark',
        '-n',
        '-r',
        path,
        '-T',
        'fields',
        ...fields.flatMap((field) => ['-e', field]),
      );
      const interfaceFields = ['shop/web-0:eth0', 'node worker-1, 10.0.0.1, Deployment web'];
      expect(
        rows
          .trimEnd()
          .split('\n')
          .map((row) => row.split('\t')),
      ).toEqual([
        [...interfaceFields, `${seconds}.000001000`, 'shop/gone-0:eth0: no capture came from here'],
        [
          ...interfaceFields,
          `${seconds}.000005000`,
          expect.stringContaining('2.0 s of packets were lost here: the connection dropped'),
        ],
      ]);
      // `-N d` would ask for names seen in DNS packets; the file's own need only `n`.
      const resolved = quiet(
        'tshark',
        '-r',
        path,
        '-N',
        'n',
        '-T',
        'fields',
        '-e',
        'ip.src_host',
        '-e',
        'ip.dst_host',
      );
      expect(resolved.split('\n')[0]).toBe('web-0.shop\tdb.shop.svc');
    });
  });

  test('editcap copies it, and the copy has all interfaces still', () => {
    inFolder((folder) => {
      const [path, copy] = [join(folder, 'x.pcapng'), join(folder, 'y.pcapng')];
      writeFileSync(path, text());
      quiet('editcap', path, copy);
      const interfaces = (of: string): string => {
        const shown = quiet('capinfos', of);
        const lines = shown.slice(shown.indexOf('Number of interfaces')).trimEnd().split('\n');
        // editcap leaves out statistics and names, of whatever file.
        return lines.filter((line) => !/stat entries|resolved IP/.test(line)).join('\n');
      };
      expect(interfaces(copy)).toBe(interfaces(path));
    });
  });

  test('a stream that is looked at while it grows is whole after every step', () => {
    inFolder((folder) => {
      const merger = createMerger({ application: 'test' });
      const source = merger.addSource({ name: 'a' });
      const bytes = pcap({
        precision: 'nano',
        littleEndian: true,
        packets: Array.from({ length: 5 }, (_, i) => ({ nanoseconds: i, length: 60 })),
      });
      source.push(bytes.subarray(0, 24 + 2 * 76 + 30));
      const first = drain(merger);
      expect(packetsOf(first.blocks)).toHaveLength(2);
      const path = join(folder, 'growing.pcapng');
      writeFileSync(path, first.bytes);
      expect(quiet('capinfos', '-c', '-T', '-r', path)).toContain('\t2');
    });
  });
});
