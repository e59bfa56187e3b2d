import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmod, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { openFileSink } from '../../../plugin/sinks/file.js';
import { isPipe, openPipeSink } from '../../../plugin/sinks/pipe.js';
import { openStdoutSink } from '../../../plugin/sinks/stdout.js';
import { streamSink } from '../../../plugin/sinks/stream.js';
import { openWiresharkSink, wiresharkVersion } from '../../../plugin/sinks/wireshark.js';
import { SinkClosed } from '../../../src/capture/sink.js';
import { realClock } from '../../debugger/fakes.js';
import { fakeEnvironment } from '../environment.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netdebug-sinks-'));
});
afterAll(() => rm(folder, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

describe('file', () => {
  test('keeps what is there until the first packets come, then overwrites it', async () => {
    const path = join(folder, 'old.pcap');
    await writeFile(path, 'something longer than the new');
    const unused = await openFileSink(path);
    await unused.abort('no debug container');
    expect(await readFile(path, 'utf8')).toBe('something longer than the new');
    const sink = await openFileSink(path);
    await sink.write(bytes('new '));
    await sink.write(bytes('packets'));
    await sink.close();
    expect(await readFile(path, 'utf8')).toBe('new packets');
  });

  test('leaves no empty file behind when it made one', async () => {
    const path = join(folder, 'never.pcap');
    const sink = await openFileSink(path);
    expect(existsSync(path)).toBe(true);
    await sink.abort('no debug container');
    expect(existsSync(path)).toBe(false);
  });

  test.each([
    ['', 'it is a directory'],
    ['none/x.pcap', 'there is no such directory'],
    ['old.pcap/x', 'a part of the path is not a directory'],
  ])('a path that cannot be written (%p) is a usage error before anything is done', async (name, reason) => {
    await writeFile(join(folder, 'old.pcap'), '');
    const path = join(folder, name);
    await expect(openFileSink(path)).rejects.toMatchObject({
      message: `cannot write to ${path}: ${reason}`,
      exitCode: 2,
    });
  });

  test('a full disk is told as such', async () => {
    const sink = await openFileSink('/dev/full');
    await expect(sink.write(bytes('x'))).rejects.toMatchObject({
      message: 'cannot write to /dev/full: no space left on the disk',
      exitCode: 8,
    });
    await sink.abort('full');
    expect(existsSync('/dev/full')).toBe(true);
  });
});

describe('named pipe', () => {
  const made = (name: string): string => {
    const path = join(folder, name);
    execFileSync('mkfifo', [path]);
    return path;
  };
  const environment = () => {
    const { signal, stderr, err, stop } = fakeEnvironment([]);
    return { signal, stderr, err, stop, clock: { ...realClock, every: () => () => undefined } };
  };

  test('is told from a file', async () => {
    expect(await isPipe(made('told'))).toBe(true);
    expect(await isPipe(join(folder, 'nothing'))).toBe(false);
    expect(await isPipe('/dev/null')).toBe(false);
  });

  test('waits for its reader, which then gets more than fits into the pipe', async () => {
    const path = made('read');
    const around = environment();
    const opening = openPipeSink(path, 'read', around);
    const reading = readFile(path);
    const sink = await opening;
    const chunk = new Uint8Array(300_000).fill(7);
    await sink.write(chunk);
    await sink.close();
    expect((await reading).equals(chunk)).toBe(true);
    expect(around.err()).toBe('waiting for a reader of read\n');
  });

  test('Ctrl-C ends the wait', async () => {
    const around = environment();
    const opening = openPipeSink(made('unread'), 'unread', around);
    const reason = { kind: 'interrupted', signal: 'SIGINT' } as const;
    around.stop(reason);
    await expect(opening).rejects.toBe(reason);
  });

  test('a reader that goes is an end in order, one that hangs can be left', async () => {
    const path = made('left');
    const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const sink = await openPipeSink(path, 'left', environment());
    const writing = sink.write(new Uint8Array(300_000));
    await sink.abort(new Error('it hangs'));
    await expect(writing).resolves.toBeUndefined();
    const next = await openPipeSink(path, 'left', environment());
    await reader.close();
    await expect(next.write(bytes('x'))).rejects.toBeInstanceOf(SinkClosed);
    await next.close();
  });
});

describe('stream', () => {
  test('waits for a slow reader, and loses nothing', async () => {
    const stream = new PassThrough({ readableHighWaterMark: 4, writableHighWaterMark: 4 });
    const sink = streamSink(stream, 'stdout', true);
    await sink.write(bytes('ab'));
    let taken = false;
    const waiting = Promise.resolve(sink.write(bytes('cdefgh'))).then(() => (taken = true));
    await delay(20);
    expect(taken).toBe(false);
    const all = stream.toArray();
    await waiting;
    await sink.close();
    expect(Buffer.concat(await all).toString()).toBe('abcdefgh');
  });

  test.each([
    ['EPIPE', new SinkClosed()],
    ['ENOSPC', expect.objectContaining({ message: 'cannot write to stdout: ENOSPC', exitCode: 8 })],
  ])('%s', async (code, expected) => {
    const error = Object.assign(new Error(code), { code });
    const stream = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => void setImmediate(done, error),
    });
    const sink = streamSink(stream, 'stdout', false);
    await expect(sink.write(bytes('packet'))).rejects.toEqual(expected);
    await sink.gone;
    expect(() => sink.write(bytes('next'))).toThrow(expected);
  });

  test('packets are not written to a terminal', () => {
    const isTTY = { stdin: true, stdout: true, stderr: true };
    expect(() => openStdoutSink({ stdout: new PassThrough(), isTTY })).toThrow(
      expect.objectContaining({ message: 'packets are not written to a terminal', exitCode: 2 }),
    );
  });
});

describe('Wireshark', () => {
  const found = (command: string) =>
    ({ how: 'setting', command, args: [], versionCommand: command }) as const;
  const script = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\n${text}\n`);
    await chmod(path, 0o755);
    return path;
  };

  test('reads the packets from its stdin, to the end', async () => {
    const seen = join(folder, 'seen');
    execFileSync('mkfifo', [seen]);
    const command = await script('wireshark', `[ "$*" = "-k -i -" ] && exec cat >${seen}`);
    const sink = await openWiresharkSink(found(command));
    const all = readFile(seen);
    await sink.write(new Uint8Array(200_000).fill(65));
    await sink.write(bytes('end'));
    await sink.close();
    expect((await all).length).toBe(200_003);
  });

  test('when it fails, the capture is told so', async () => {
    const sink = await openWiresharkSink(found(await script('broken', 'exit 3')));
    await sink.gone;
    expect(() => sink.write(bytes('more'))).toThrow(SinkClosed);
    await expect(sink.close()).rejects.toMatchObject({
      message: 'Wireshark ended with exit code 3',
      exitCode: 8,
    });
  });

  test('when it is closed the capture is told, idle or writing', async () => {
    const sink = await openWiresharkSink(found(await script('closed', 'head -c 5 >/dev/null')));
    await sink.write(bytes('12345'));
    await sink.gone;
    expect(() => sink.write(bytes('more'))).toThrow(SinkClosed);
    await sink.close();
  });

  test('one that cannot be started is a sentence', async () => {
    await expect(openWiresharkSink(found(join(folder, 'none')))).rejects.toMatchObject({
      message: expect.stringContaining('cannot start Wireshark') as unknown,
      hint: 'write a file with -w FILE and open it later',
      exitCode: 2,
    });
  });

  test('its version', async () => {
    expect(
      await wiresharkVersion(found(await script('version', 'echo "Wireshark 4.0.17 (Git v4)"'))),
    ).toEqual([4, 0, 17]);
    expect(await wiresharkVersion(found(await script('mute', 'exit 1')))).toBeUndefined();
    expect(await readdir(folder)).toContain('mute');
  });
});
