import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createMerger } from '../../src/pcap/merge.js';
import { encode, madePcap, split, type MadePacket, type MadePcap } from './arbitrary.js';
import { packetsOf, recorder } from './sources.js';

/** Sources, each with cuts of its stream. */
const sources = fc.array(fc.record({ made: madePcap, cuts: fc.array(fc.nat(3000), { maxLength: 12 }) }), {
  minLength: 1,
  maxLength: 5,
});
/** Who pushes next: numbers taken modulo the sources that have something left. */
const turns = fc.array(fc.nat(), { minLength: 60, maxLength: 60 });

const kept = (made: MadePcap, one: MadePacket): object => ({
  seconds: one.seconds,
  nanoseconds: made.precision === 'nano' ? one.nanoseconds : Math.floor(one.nanoseconds / 1000) * 1000,
  originalLength: one.originalLength,
  data: [...one.data],
});
const plain = (one: { seconds: number; nanoseconds: number; originalLength: number; data: Uint8Array }) => ({
  seconds: one.seconds,
  nanoseconds: one.nanoseconds,
  originalLength: one.originalLength,
  data: [...one.data],
});
const time = (one: { seconds: number; nanoseconds: number }): bigint =>
  BigInt(one.seconds) * 1_000_000_000n + BigInt(one.nanoseconds);

interface Source {
  made: MadePcap;
  cuts: number[];
}

/** Pushes all chunks in the order of the turns; between them `step` may tick and look. */
function run(
  all: readonly Source[],
  order: readonly number[],
  merger: ReturnType<typeof createMerger>,
  step: () => void,
) {
  const open = all.map(({ made, cuts }, i) => ({
    chunks: split(encode(made).bytes, cuts),
    source: merger.addSource({ name: String(i) }),
  }));
  const handles = open.map(({ source }) => source);
  for (let turn = 0; open.length > 0; turn++) {
    const at = (order[turn % order.length] ?? 0) % open.length;
    const { chunks, source } = open[at] ?? { chunks: [], source: undefined };
    const chunk = chunks.shift();
    if (chunk === undefined) {
      source?.end({});
      open.splice(at, 1);
    } else {
      // A copy that is spoilt at once: nothing may depend on the caller's buffer after the call.
      const lent = chunk.slice();
      source?.push(lent);
      lent.fill(0xdd);
    }
    step();
  }
  merger.end();
  return handles;
}

/** Which source a packet came from, by the name of its interface. */
function bySource(packets: ReturnType<typeof packetsOf>, source: number): object[] {
  return packets.filter((one) => one.interface.name === String(source)).map(plain);
}

describe('the merge, whatever the cuts and the order of pushes', () => {
  test('without a window that ends: all packets, each source in its own order, the earliest head first, none late', () => {
    fc.assert(
      fc.property(sources, turns, (all, order) => {
        const merger = createMerger({ application: 'test' });
        const record = recorder(merger);
        const handles = run(all, order, merger, record);
        const packets = packetsOf(record());
        // The reference: queues, the earliest head of all, of equal times the source added first.
        const queues = all.map(({ made }) => made.packets.map((one) => kept(made, one)));
        const expected: object[] = [];
        for (;;) {
          const heads = queues.filter((queue) => queue.length > 0);
          if (heads.length === 0) break;
          const first = heads.reduce((best, queue) =>
            time(queue[0] as MadePacket) < time(best[0] as MadePacket) ? queue : best,
          );
          expected.push(...first.splice(0, 1));
        }
        expect(packets.map(plain)).toEqual(expected);
        expect(merger.latePackets).toBe(0);
        expect(merger.heldBytes).toBe(0);
        handles.forEach((source, i) => {
          const made = all[i]?.made.packets ?? [];
          expect(source.packets).toBe(made.length);
          expect(source.bytes).toBe(made.reduce((sum, { data }) => sum + data.length, 0));
          expect(source.lastTime?.seconds).toBe(made.at(-1)?.seconds);
          expect(source).toMatchObject({ fault: undefined, cutBytes: 0 });
        });
      }),
      { numRuns: 300 },
    );
  });

  test('with a window that ends at any moment: all packets still, and every one out of order is counted', () => {
    fc.assert(
      fc.property(
        sources,
        turns,
        fc.array(fc.nat(40), { minLength: 60, maxLength: 60 }),
        (all, order, times) => {
          // Monotonic sources: then whatever is out of order came late.
          const sorted = all.map(({ made, cuts }) => ({
            made: { ...made, packets: [...made.packets].sort((a, b) => (time(a) < time(b) ? -1 : 1)) },
            cuts,
          }));
          const merger = createMerger({ application: 'test' }, { windowMs: 50 });
          const record = recorder(merger);
          let now = 0;
          let step = 0;
          const handles = run(sorted, order, merger, () => {
            now += times[step++ % times.length] ?? 0;
            merger.tick(now);
            record();
          });
          const packets = packetsOf(record());
          sorted.forEach(({ made }, i) => {
            expect(bySource(packets, i)).toEqual(made.packets.map((one) => kept(made, one)));
          });
          let top = -1n;
          let late = 0;
          for (const one of packets) {
            if (time(one) < top) late++;
            else top = time(one);
          }
          expect(merger.latePackets).toBe(late);
          expect(handles.reduce((sum, source) => sum + source.latePackets, 0)).toBe(late);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a stream that is cut or damaged anywhere: the others lose nothing, and what is left out is told', () => {
    fc.assert(
      fc.property(
        sources,
        madePcap,
        fc.nat(5000),
        fc.uint8Array({ maxLength: 30 }),
        (all, bad, at, garbage) => {
          const merger = createMerger({ application: 'test' });
          const record = recorder(merger);
          const { bytes, boundaries } = encode(bad);
          const cut = at % (bytes.length + 1);
          const broken = merger.addSource({ name: 'broken' });
          broken.push(bytes.subarray(0, cut));
          broken.push(garbage);
          run(all, [1, 2, 3], merger, () => undefined);
          const blocks = record();
          const packets = packetsOf(blocks);
          all.forEach(({ made }, i) => {
            expect(bySource(packets, i)).toEqual(made.packets.map((one) => kept(made, one)));
          });
          const whole = Math.max(0, boundaries.filter((end) => end <= cut).length - 1);
          expect(broken.packets).toBeGreaterThanOrEqual(whole);
          const told = blocks.some(
            (block) =>
              (block.kind === 'statistics' && block.statistics.comments.length > 0) ||
              (block.kind === 'names' && block.comments.length > 0) ||
              (block.kind === 'packet' && block.packet.comments.length > 0),
          );
          const complete = broken.fault === undefined && broken.cutBytes === 0 && broken.header !== undefined;
          expect(told).toBe(!complete);
        },
      ),
      { numRuns: 300 },
    );
  });
});
