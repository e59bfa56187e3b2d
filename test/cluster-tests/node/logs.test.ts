/** Container logs in the CRI format: written, rotated, and read back as pods/log asks for them. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { LogFile } from '../../cluster/node/log-file.js';
import { readLog } from '../../cluster/node/logs.js';
import type { KubeletLogs } from '../../cluster/types.js';

const start = Date.UTC(2026, 10, 22, 13, 0, 0);
const everything: KubeletLogs = {
  podUid: 'uid',
  container: 'main',
  follow: false,
  previous: false,
  timestamps: false,
};

let dir: string;
let nowMs: number;

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'netdebug-logs-'));
  nowMs = start;
});

afterEach(() => rmSync(dir, { recursive: true }));

function logFile(): LogFile {
  return new LogFile(path.join(dir, `${Math.random()}.log`), () => nowMs);
}

function read(log: LogFile, request: Partial<KubeletLogs> = {}): Promise<string> {
  return text(readLog(log, { ...everything, ...request }, nowMs));
}

/** Ten lines, one a second. */
function tenLines(): LogFile {
  const log = logFile();
  for (let index = 0; index < 10; index += 1) {
    log.append(index % 2 === 0 ? 'stdout' : 'stderr', Buffer.from(`line-${index}\n`));
    nowMs += 1000;
  }
  return log;
}

describe('writing', () => {
  test('a line is TIME STREAM F TEXT; what has no newline at the end is P', () => {
    const log = logFile();
    log.append('stdout', Buffer.from('one\ntw'));
    log.append('stderr', Buffer.from('err\n'));
    log.append('stdout', Buffer.from('o\nrest'));
    log.end();
    const lines = readFileSync(log.path, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => line.replace(/^2026-11-22T13:00:00\.\d{9}Z /, ''))).toEqual([
      'stdout F one',
      'stderr F err',
      'stdout F two',
      'stdout P rest',
    ]);
  });

  test('output comes back byte for byte, however it was cut', async () => {
    const bytes = fc.array(fc.uint8Array({ maxLength: 40_000 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(bytes, async (chunks) => {
        const log = logFile();
        chunks.forEach((chunk) => log.append('stdout', Buffer.from(chunk)));
        log.end();
        const parts: Buffer[] = [];
        for await (const part of readLog(log, everything, nowMs)) parts.push(part as Buffer);
        expect(Buffer.concat(parts).equals(Buffer.concat(chunks))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('the file is bounded; a follower goes on in the new one', async () => {
    const log = logFile();
    const line = Buffer.from(`${'x'.repeat(9999)}\n`);
    const following = text(readLog(log, { ...everything, follow: true, tailLines: 0 }, nowMs));
    for (let index = 0; index < 1500; index += 1) {
      log.append('stdout', line);
      // Lets the follower keep up: what it has not read when the file turns twice is gone, as on a real node.
      if (index % 50 === 0) await new Promise(setImmediate);
    }
    log.append('stdout', Buffer.from('last\n'));
    log.end();
    expect(statSync(log.path).size).toBeLessThan(10.1 * 1024 * 1024);
    expect(statSync(`${log.path}.1`).size).toBeLessThan(10.1 * 1024 * 1024);
    const followed = await following;
    expect(followed.endsWith('last\n')).toBe(true);
    expect(followed).toHaveLength(1500 * 10_000 + 5);
  });
});

describe('reading', () => {
  test.each([
    [{ tailLines: 2 }, 'line-8\nline-9\n'],
    [{ tailLines: 0 }, ''],
    [{ tailLines: 100 }, /^line-0\n.*line-9\n$/s],
    [{ sinceSeconds: 3 }, 'line-7\nline-8\nline-9\n'],
    [{ sinceTime: '2026-11-22T13:00:08Z' }, 'line-8\nline-9\n'],
    [{ sinceTime: '2099-01-01T00:00:00Z' }, ''],
    [{ sinceTime: '2026-11-22T15:00:09+02:00' }, 'line-9\n'],
    [{ limitBytes: 9 }, 'line-0\nli'],
    [{ tailLines: 1, limitBytes: 4 }, 'line'],
  ] as const)('%j', async (request, expected) => {
    const log = tenLines();
    const got = await read(log, request);
    if (typeof expected === 'string') expect(got).toBe(expected);
    else expect(got).toMatch(expected);
  });

  test('timestamps stand before the lines', async () => {
    expect(await read(tenLines(), { timestamps: true, tailLines: 1 })).toMatch(
      /^2026-11-22T13:00:09\.\d{9}Z line-9\n$/,
    );
  });

  test('follow shows what is there, then what comes, and ends with the container', async () => {
    const log = tenLines();
    const stream = readLog(log, { ...everything, follow: true, tailLines: 1 }, nowMs);
    const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    expect(String((await iterator.next()).value)).toBe('line-9\n');
    const next = iterator.next();
    log.append('stdout', Buffer.from('now\n'));
    expect(String((await next).value)).toBe('now\n');
    const last = iterator.next();
    log.append('stdout', Buffer.from('unended'));
    log.end();
    expect(String((await last).value)).toBe('unended');
    expect((await iterator.next()).done).toBe(true);
  });

  test('a follower that leaves is forgotten', async () => {
    const log = tenLines();
    const stream = readLog(log, { ...everything, follow: true, tailLines: 0 }, nowMs);
    stream.resume();
    while (log.listenerCount('change') === 0) await new Promise(setImmediate);
    stream.destroy();
    while (log.listenerCount('change') > 0) await new Promise(setImmediate);
    expect(stream.destroyed).toBe(true);
  });
});
