import { describe, expect, test } from '@jest/globals';
import { writePcapHeader } from '../../src/pcap/header.js';
import { createMerger } from '../../src/pcap/merge.js';
import { drain, fileHeader, header, packetsOf, record, recorder } from './sources.js';

const section = { application: 'test' };
const marks = (blocks: Parameters<typeof packetsOf>[0]): number[] =>
  packetsOf(blocks).map(({ data }) => ((data[0] ?? 0) << 8) | (data[1] ?? 0));

describe('the window', () => {
  test('a silent source holds the others until the tick that ends it, and not a millisecond longer', () => {
    const merger = createMerger(section, { windowMs: 100 });
    const written = recorder(merger);
    const a = merger.addSource({ name: 'a' });
    const silent = merger.addSource({ name: 'silent' });
    merger.tick(1000);
    a.push(fileHeader);
    a.push(record(5, 1));
    merger.tick(1050);
    a.push(record(6, 2));
    merger.tick(1099);
    expect(marks(written())).toEqual([]);
    expect(merger.heldBytes).toBe(2 * 19);
    merger.tick(1100);
    expect(marks(written())).toEqual([1]);
    merger.tick(1150);
    expect(marks(written())).toEqual([1, 2]);
    expect(merger.heldBytes).toBe(0);
    silent.push(fileHeader);
    silent.push(record(3, 3));
    silent.push(record(7, 4));
    merger.end();
    expect(marks(written())).toEqual([1, 2, 3, 4]);
    expect([merger.latePackets, silent.latePackets, a.latePackets]).toEqual([1, 1, 0]);
  });

  test('what came before the first tick waits from that tick on, whatever the clock shows', () => {
    const merger = createMerger(section, { windowMs: 100 });
    const written = recorder(merger);
    const a = merger.addSource({ name: 'a' });
    merger.addSource({ name: 'silent' });
    a.push(fileHeader);
    a.push(record(1, 1));
    merger.tick(5_000_000);
    expect(marks(written())).toEqual([]);
    merger.tick(5_000_100);
    expect(marks(written())).toEqual([1]);
  });

  test('one source never waits, nor does one whose neighbours are over or damaged', () => {
    const merger = createMerger(section);
    const written = recorder(merger);
    const a = merger.addSource({ name: 'a' });
    a.push(fileHeader);
    a.push(record(1, 1));
    expect(marks(written())).toEqual([1]);
    const b = merger.addSource({ name: 'b' });
    const c = merger.addSource({ name: 'c' });
    a.push(record(2, 2));
    expect(marks(written())).toEqual([1]);
    b.end({});
    expect(marks(written())).toEqual([1]);
    c.push(new TextEncoder().encode('tcpdump: no such device'));
    expect(marks(written())).toEqual([1, 2]);
    expect(c.fault).toMatch(/does not begin as a pcap file/);
  });

  test('more than the limit is not held: the earliest go first', () => {
    const merger = createMerger(section, { heldLimitBytes: 100 });
    const a = merger.addSource({ name: 'a' });
    merger.addSource({ name: 'silent' });
    a.push(fileHeader);
    for (let i = 0; i < 50; i++) {
      a.push(record(i, i));
      expect(merger.heldBytes).toBeLessThanOrEqual(100);
    }
    expect(marks(drain(merger).blocks)).toEqual(Array.from({ length: 45 }, (_, i) => i));
  });
});

describe('headers in mid-stream', () => {
  test('one that agrees is dropped, in either byte order', () => {
    const merger = createMerger(section);
    const a = merger.addSource({ name: 'a' });
    a.push(Buffer.concat([fileHeader, record(1, 1), fileHeader, record(2, 2)]));
    const again = writePcapHeader({ ...header, littleEndian: false });
    for (const byte of again) a.push(Uint8Array.of(byte));
    expect(a.header?.littleEndian).toBe(false);
    merger.end();
    const { blocks } = drain(merger);
    expect(blocks.map(({ kind }) => kind)).toEqual([
      'section',
      'interface',
      'packet',
      'packet',
      'statistics',
    ]);
  });

  test('one that differs opens an interface of the same name, and the first gets its statistics', () => {
    const merger = createMerger(section);
    const a = merger.addSource({ name: 'shop/web-0:any' });
    a.push(
      Buffer.concat([fileHeader, record(1, 1), writePcapHeader({ ...header, linktype: 276 }), record(2, 2)]),
    );
    a.end({ received: 9, droppedByKernel: 3 });
    const { blocks } = drain(merger);
    expect(blocks.map(({ kind }) => kind)).toEqual([
      'section',
      'interface',
      'packet',
      'statistics',
      'interface',
      'packet',
      'statistics',
    ]);
    expect(packetsOf(blocks).map((one) => [one.interface.name, one.interface.linktype])).toEqual([
      ['shop/web-0:any', 1],
      ['shop/web-0:any', 276],
    ]);
    const counts = blocks.flatMap((block) => (block.kind === 'statistics' ? [block.statistics] : []));
    expect(counts).toMatchObject([
      { interface: { id: 0 }, delivered: 1, received: undefined, end: { nanoseconds: 1 } },
      { interface: { id: 1 }, delivered: 1, received: 9, droppedByKernel: 3, start: { nanoseconds: 2 } },
    ]);
  });
});

describe('what is said of a source', () => {
  test('comments stand on its next packet, not on those that were there, nor on those of others', () => {
    const merger = createMerger(section);
    const a = merger.addSource({ name: 'a' });
    const b = merger.addSource({ name: 'b' });
    a.push(Buffer.concat([fileHeader, record(1, 1)]));
    a.comment('restarted');
    a.comment('gap of 3 s');
    a.push(record(5, 2));
    b.push(Buffer.concat([fileHeader, record(2, 3), record(6, 4)]));
    b.comment('gone');
    merger.end();
    const { blocks } = drain(merger);
    expect(packetsOf(blocks).map(({ comments }) => comments)).toEqual([
      [],
      [],
      ['restarted', 'gap of 3 s'],
      [],
    ]);
    expect(blocks.at(-1)).toMatchObject({ statistics: { interface: { name: 'b' }, comments: ['gone'] } });
  });

  test('a flood of comments is counted instead of kept', () => {
    const merger = createMerger(section);
    const a = merger.addSource({ name: 'a' });
    for (let i = 0; i < 1000; i++) a.comment(`reconnected ${i}`);
    a.push(Buffer.concat([fileHeader, record(1)]));
    const comments = packetsOf(drain(merger).blocks)[0]?.comments;
    expect(comments).toHaveLength(101);
    expect(comments?.at(-1)).toBe('900 more comments are left out');
  });

  test('one that never delivered is told on the next packet of any', () => {
    const merger = createMerger(section);
    const a = merger.addSource({ name: 'a' });
    const dead = merger.addSource({ name: 'shop/db-0:eth0' });
    dead.comment('the pod went away');
    dead.end({ droppedByKernel: 4 });
    a.push(Buffer.concat([fileHeader, record(1)]));
    expect(packetsOf(drain(merger).blocks)[0]?.comments).toEqual([
      'shop/db-0:eth0: no capture came from here: the pod went away; droppedByKernel 4',
    ]);
  });

  test('with no packet after it: on the statistics of another, and with no other in a block of its own', () => {
    const merger = createMerger(section);
    merger.addSource({ name: 'a' }).push(fileHeader);
    merger.addSource({ name: 'dead' }).push(fileHeader.subarray(0, 9));
    merger.end();
    const note = 'dead: no capture came from here: the stream ended in a packet, 9 bytes of it are left out';
    expect(drain(merger).blocks.at(-1)).toMatchObject({ statistics: { comments: [note] } });
    const alone = createMerger(section);
    alone.addSource({ name: 'dead' });
    alone.end();
    expect(drain(alone).blocks).toMatchObject([
      { kind: 'section' },
      { kind: 'names', names: [], comments: ['dead: no capture came from here'] },
    ]);
  });

  test('a record that was cut, a source that joins after the end', () => {
    const merger = createMerger(section);
    const a = merger.addSource({ name: 'a' });
    a.push(Buffer.concat([fileHeader, record(1), record(2).subarray(0, 17)]));
    merger.end();
    expect(a).toMatchObject({ cutBytes: 17, packets: 1 });
    merger.addSource({ name: 'too late' }).push(fileHeader);
    merger.end();
    expect(marks(drain(merger).blocks)).toEqual([0]);
  });
});
