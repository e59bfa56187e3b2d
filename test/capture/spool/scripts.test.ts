/** The scripts under the shells that images have, with a tcpdump that reads a file faster than anybody fetches it. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Gap } from '../../../src/capture/source.js';
import type { SpoolStatus } from '../../../src/capture/spool/ring.js';
import { readSpool } from '../../../src/capture/spool/session.js';
import { spoolStatus, startSpool, type SpoolPlace } from '../../../src/capture/spool/start.js';
import { leaseCommand } from '../../../src/debugger/lease.js';
import { writePcapHeader } from '../../../src/pcap/header.js';
import { readPcap } from '../../../src/pcap/reader.js';
import { writePcapRecord } from '../../../src/pcap/writer.js';
import { freshId, processesOf, start, until } from '../../debugger/shells.js';
import { clock, localTools } from '../../tools/local.js';

const order = { littleEndian: true, precision: 'micro' } as const;
const PACKETS = 6000;
const SIZE = 1500;

let folder: string;
let id: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netdebug-test-'));
  id = freshId();
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(`/tmp/.netdebug-${id}`, { recursive: true, force: true });
});

/** A file of 9 MB: each packet holds its number. */
function source(): string {
  const records = Array.from({ length: PACKETS }, (_, number) => {
    const data = Buffer.alloc(SIZE);
    data.writeUInt32BE(number);
    return writePcapRecord(order, {
      seconds: 1000 + number,
      nanoseconds: 0,
      originalLength: SIZE,
      data,
    });
  });
  const path = join(folder, 'source.pcap');
  writeFileSync(
    path,
    Buffer.concat([writePcapHeader({ ...order, snaplen: 262_144, linktype: 1 }), ...records]),
  );
  return path;
}

/** A place whose sh is this shell; busybox brings all of its own programs. */
function placeOf(shell: string): SpoolPlace {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  if (shell === 'busybox') execFileSync(located(shell), ['--install', '-s', bin]);
  else symlinkSync(located(shell), join(bin, 'sh'));
  symlinkSync(located('tcpdump'), join(bin, 'tcpdump'));
  const path = shell === 'busybox' ? bin : `${bin}:${process.env.PATH}`;
  return { run: localTools(['env', `PATH=${path}`, `NETDEBUG_ID=${id}`]), clock, where: 'here' };
}

function located(program: string): string {
  return execFileSync('which', [program], { encoding: 'utf8' }).trim();
}

function lease(): string {
  const directory = `/tmp/.netdebug-${id}`;
  mkdirSync(directory);
  writeFileSync(join(directory, 'pid'), `${process.pid}\n`);
  return directory;
}

function begin(place: SpoolPlace, bytes: number, holdSeconds = 60): Promise<string> {
  const argv = ['tcpdump', '-Z', 'root', '-r', source(), '-w', '-'];
  const request = { argv, bytes, ttlSeconds: 900, idleSeconds: 60, mostSeconds: 0, holdSeconds, about: '{}' };
  return startSpool(place, request, Math.random);
}

async function statusWhen(place: SpoolPlace, holds: (status: SpoolStatus) => boolean): Promise<SpoolStatus> {
  for (;;) {
    const [status] = await spoolStatus(place);
    if (status !== undefined && holds(status)) return status;
    await clock.sleep(50);
  }
}

describe.each(['dash', 'bash', 'busybox'])('under %s', (shell) => {
  test('the ring gives up the oldest files: the gap is counted to the byte, the rest comes whole', async () => {
    const directory = lease();
    const place = placeOf(shell);
    const name = await begin(place, 4e6);
    const files = (): number =>
      readdirSync(join(directory, `spool.${name}`)).filter((file) => /^p\d*$/.test(file)).length;
    // It removes one after the other.
    const status = await statusWhen(
      place,
      ({ end, oldest }) => end !== undefined && oldest > 2 && files() < 5,
    );
    const session = readSpool({ place, name, clock, random: Math.random, patienceMs: 10_000 });
    const gaps: Gap[] = [];
    session.onGap?.((gap) => void gaps.push(gap));
    session.stderr.resume();
    const chunks: Uint8Array[] = [];
    for await (const chunk of session.stdout as AsyncIterable<Uint8Array>) chunks.push(chunk);
    expect(await session.done).toEqual({ kind: 'exited', exitCode: 0 });
    const { packets, trailingBytes, fault } = readPcap(Buffer.concat(chunks));
    expect({ trailingBytes, fault }).toEqual({ trailingBytes: 0, fault: undefined });
    const missing = PACKETS - packets.length;
    expect(packets.map(({ data }) => Buffer.from(data).readUInt32BE(0))).toEqual(
      Array.from({ length: packets.length }, (_, i) => missing + i),
    );
    expect(gaps).toEqual([
      { atBytes: 0, bytes: missing * (SIZE + 16), reason: expect.stringContaining('ring') as unknown },
    ]);
    expect(status.newest?.file).toBeGreaterThan(6);
    expect(existsSync(join(directory, `spool.${name}`))).toBe(false);
    await until(() => processesOf(id).length === 0);
  }, 30_000);

  test('only the last seconds: cut by the time of the packets', async () => {
    lease();
    const place = placeOf(shell);
    const name = await begin(place, 20e6);
    const { end } = await statusWhen(place, (one) => one.end !== undefined);
    // The packets are of 1970; the window is laid so that 100 of them are in it.
    const keepSeconds = (end?.at ?? 0) - (1000 + PACKETS - 100);
    const options = { place, name, clock, random: Math.random, patienceMs: 10_000, keepSeconds };
    const session = readSpool(options);
    let words = '';
    session.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
    const chunks: Uint8Array[] = [];
    for await (const chunk of session.stdout as AsyncIterable<Uint8Array>) chunks.push(chunk);
    expect(readPcap(Buffer.concat(chunks)).packets).toHaveLength(100);
    expect(words).toMatch(/^100 packets captured$/m);
    await until(() => processesOf(id).length === 0);
  }, 30_000);

  test('the lease ends: no process and no file stays', async () => {
    const argv: Record<string, readonly string[]> = {
      dash: ['dash'],
      bash: ['bash'],
      busybox: ['busybox', 'sh'],
    };
    const child = start(argv[shell] ?? [], leaseCommand(900), id);
    await until(() => existsSync(`/tmp/.netdebug-${id}/pid`));
    const place = placeOf(shell);
    await begin(place, 4e6);
    expect(processesOf(id).length).toBeGreaterThan(2);
    child.kill('SIGTERM');
    await until(() => processesOf(id).length === 0);
    await until(() => !existsSync(`/tmp/.netdebug-${id}`));
  }, 30_000);

  test('nobody comes: it removes itself', async () => {
    const directory = lease();
    await begin(placeOf(shell), 4e6, 1);
    await until(() => readdirSync(directory).every((file) => file === 'pid'));
    await until(() => processesOf(id).length === 0);
  }, 30_000);
});
