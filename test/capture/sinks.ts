import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { Sink } from '../../src/capture/sink.js';
import { readPcap } from '../../src/pcap/reader.js';

/** A sink that keeps everything, and checks the promises made to sinks. */
export interface MemorySink extends Sink {
  readonly bytes: () => Buffer;
  readonly calls: string[];
  opened: number;
  readonly open: () => Promise<Sink>;
}

/** @param onWrite Called with all bytes so far; may delay or throw. */
export function memorySink(onWrite?: (total: number) => Promise<void> | void): MemorySink {
  const chunks: Uint8Array[] = [];
  let total = 0;
  let writing = false;
  const sink: MemorySink = {
    calls: [],
    opened: 0,
    bytes: () => Buffer.concat(chunks),
    open: () => {
      sink.opened++;
      return Promise.resolve(sink);
    },
    write: async (chunk) => {
      expect(writing).toBe(false);
      writing = true;
      try {
        await onWrite?.(total + chunk.length);
        total += chunk.length;
        chunks.push(chunk);
      } finally {
        writing = false;
      }
    },
    close: () => {
      expect(writing).toBe(false);
      sink.calls.push('close');
      return Promise.resolve();
    },
    abort: () => {
      sink.calls.push('abort');
      return Promise.resolve();
    },
  };
  return sink;
}

/** About so many bytes a second. */
export function slowly(bytesPerSecond: number): (total: number) => Promise<void> {
  const start = Date.now();
  return async (total) => {
    const wait = (total / bytesPerSecond) * 1000 - (Date.now() - start);
    if (wait > 0) await sleep(wait);
  };
}

/** UDP payloads of a pcap file, as tshark reads them. Fails when tshark has anything to complain about. */
export function payloads(bytes: Uint8Array): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-capture-'));
  try {
    const path = join(folder, 'x.pcap');
    writeFileSync(path, bytes);
    // capinfos exits with 1 and tshark with 2 for a file that is cut in the middle of a packet.
    execFileSync('capinfos', ['-c', path], { stdio: 'pipe' });
    const fields = ['-T', 'fields', '-e', 'udp.payload', '-e', 'data.data'];
    const text = execFileSync('tshark', ['-r', path, ...fields], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const rows = text.split('\n').slice(0, -1);
    return rows.map((row) =>
      Buffer.from(row.split('\t').find((field) => field !== '') ?? '', 'hex').toString(),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The file opens, ends at a whole record, and holds so many packets. */
export function expectWhole(bytes: Uint8Array, packets: number): void {
  const content = readPcap(bytes);
  expect(content).toMatchObject({ fault: undefined, trailingBytes: 0 });
  expect(content.packets).toHaveLength(packets);
}

/** What `netns.send(count)` puts on the wire. */
export function sent(count: number, size = 32, prefix = 'packet'): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${String(i).padStart(4, '0')}`.padEnd(size, '.'));
}
