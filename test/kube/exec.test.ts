import { afterEach, describe, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import http from 'node:http';
import type { WebSocket } from 'ws';
import type { ExecRequest, ExecSession } from '../../src/kube/api.js';
import { openExec } from '../../src/kube/exec.js';
import type { ExecTuning } from '../../src/kube/exec.js';
import type { Endpoint } from '../../src/kube/request.js';
import { json, message, refuseUpgrade, startFakeServer } from './fake-server.js';
import type { FakeOptions, FakeServer, Seen } from './fake-server.js';
import { exchanges } from './transcripts.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const SUCCESS = message(3, '{"metadata":{},"status":"Success"}');
const REQUEST: ExecRequest = { namespace: 'n', pod: 'p', container: 'c', argv: ['sh', '-c', 'a b'] };

async function serve(options: FakeOptions): Promise<{ server: FakeServer; endpoint: Endpoint }> {
  const server = await startFakeServer(options);
  const agent = new http.Agent({ keepAlive: true });
  closers.push(
    () => server.close(),
    () => agent.destroy(),
  );
  const credentials = {
    current: () => Promise.resolve({ headers: { 'X-Test': 'yes' } }),
    renew: () => false,
  };
  return { server, endpoint: { server: server.url, agent, tls: {}, credentials, userAgent: 'test' } };
}

async function run(
  exec: FakeOptions['exec'],
  tuning: ExecTuning = {},
  request: Partial<ExecRequest> = {},
  protocols?: string[],
) {
  const { server, endpoint } = await serve({ ...(exec && { exec }), ...(protocols && { protocols }) });
  const session = await openExec(endpoint, { ...REQUEST, ...request }, tuning);
  closers.push(() => session.close());
  return { session, server };
}

async function collect(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
const read = (session: ExecSession) =>
  Promise.all([collect(session.stdout), collect(session.stderr), session.done]);
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe.each(['own', 'ws'] as const)('exec, received by %s', (receiver) => {
  const tuning = { receiver };

  test('asks for argv and streams, offers v5 before v4, gives stdout, stderr and the exit code', async () => {
    const { session, server } = await run((ws) => {
      ws.send(message(1, ''));
      ws.send(message(1, 'out '));
      ws.send(message(2, 'err'));
      ws.send(message(9, 'of a channel that is not ours'));
      ws.send(message(1, 'more'));
      ws.send(
        message(
          3,
          '{"status":"Failure","message":"m","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}',
        ),
      );
      ws.close(1000);
    }, tuning);
    expect(await read(session)).toEqual(['out more', 'err', { kind: 'exited', exitCode: 7 }]);
    expect(session.protocol).toBe('v5.channel.k8s.io');
    expect(server.seen[0]?.url).toBe(
      '/api/v1/namespaces/n/pods/p/exec?container=c&command=sh&command=-c&command=a+b&stdin=false&stdout=true&stderr=true&tty=false',
    );
    expect(server.seen[0]?.headers).toMatchObject({
      'sec-websocket-protocol': 'v5.channel.k8s.io,v4.channel.k8s.io',
      'x-test': 'yes',
    });
  });

  test('speaks v4 with a server that knows only that', async () => {
    const got: Buffer[] = [];
    const { session } = await run(
      (ws) => {
        ws.on('message', (data: Buffer) => {
          got.push(data);
          if (data.toString('latin1', 1) !== 'in') return;
          ws.send(SUCCESS);
          ws.close(1000);
        });
      },
      tuning,
      { stdin: true },
      ['v4.channel.k8s.io'],
    );
    session.stdin.end('in');
    expect((await read(session))[2]).toEqual({ kind: 'exited', exitCode: 0 });
    expect(session.protocol).toBe('v4.channel.k8s.io');
    // v4 has no half-close, so none is sent.
    expect(got.map((each) => each.toString('latin1'))).toEqual(['\u0000in']);
  });

  test('stdin goes in order and bounded, and its end is the half-close of v5', async () => {
    const input = randomBytes(300_000);
    const got: Buffer[] = [];
    const { session } = await run(
      (ws) => {
        ws.on('message', (data: Buffer) => {
          got.push(data);
          if (data[0] !== 255) return;
          ws.send(SUCCESS);
          ws.close(1000);
        });
      },
      tuning,
      { stdin: true },
    );
    session.stdin.end(input);
    await read(session);
    expect([...(got.pop() ?? [])]).toEqual([255, 0]);
    expect(got.every((each) => each[0] === 0 && each.length <= 65537)).toBe(true);
    expect(Buffer.concat(got.map((each) => each.subarray(1))).equals(input)).toBe(true);
  });

  test('resize is sent with a terminal only, and stderr is not asked for then', async () => {
    const got: string[] = [];
    const { session, server } = await run(
      (ws) => ws.on('message', (data: Buffer) => got.push(data.toString('latin1'))),
      tuning,
      { tty: true },
    );
    session.resize(120, 40);
    await until(() => got.length > 0);
    expect(got).toEqual(['\u0004{"Width":120,"Height":40}']);
    expect(server.seen[0]?.query.get('stderr')).toBe('false');
    const plain = await run((ws) => ws.on('message', () => got.push('unexpected')), tuning, { stdin: true });
    plain.session.resize(1, 1);
    plain.session.stdin.write('x');
    await until(() => got.length > 1);
    expect(got).toHaveLength(2);
  });

  test('nothing is read while stdout is full, and nothing is lost', async () => {
    const total = 64 * 1024 * 1024;
    const sent = createHash('sha1');
    let bytes = 0;
    const { session } = await run((ws) => {
      const block = randomBytes(32 * 1024);
      const more = () => {
        if (bytes >= total) {
          ws.send(SUCCESS);
          ws.close(1000);
          return;
        }
        bytes += block.length;
        sent.update(block);
        // Sent when the kernel has taken the one before: what the client does not read stops us.
        ws.send(message(1, block), more);
      };
      more();
    }, tuning);
    session.stderr.resume();
    await once(session.stdout, 'readable');
    let before = -1;
    while (bytes !== before) {
      before = bytes;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect(bytes).toBeLessThan(24 * 1024 * 1024);
    expect(session.stdout.readableLength).toBeLessThan(1024 * 1024);
    const hash = createHash('sha1');
    await pipeline(session.stdout, hash);
    expect(await session.done).toEqual({ kind: 'exited', exitCode: 0 });
    expect(hash.digest('hex')).toBe(sent.digest('hex'));
  });

  test('a full stderr holds stdout up too, and a stream that is given up does not', async () => {
    const { session } = await run((ws) => {
      for (let count = 0; count < 100; count += 1) ws.send(message(2, Buffer.alloc(32 * 1024)));
      ws.send(message(1, 'after'));
      ws.send(SUCCESS);
      ws.close(1000);
    }, tuning);
    let out = '';
    session.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await once(session.stderr, 'readable');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(out).toBe('');
    session.stderr.destroy();
    expect(await session.done).toEqual({ kind: 'exited', exitCode: 0 });
    expect(out).toBe('after');
  });

  test('writing waits for a server that does not read', async () => {
    let socket: Duplex | undefined;
    const { session } = await run((_ws, _seen, raw) => (socket = raw.pause()), tuning, { stdin: true });
    let taken = 0;
    const block = Buffer.alloc(64 * 1024);
    const source = new Readable({ read: () => void ((taken += block.length), source.push(block)) });
    source.on('error', () => undefined);
    source.pipe(session.stdin);
    let before = -1;
    while (taken !== before) {
      before = taken;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(taken).toBeLessThan(32 * 1024 * 1024);
    socket?.resume();
    await until(() => taken > before + 1024 * 1024);
    source.unpipe();
  });

  test('done waits until the output is drained', async () => {
    const { session } = await run((ws) => {
      ws.send(message(1, 'late'));
      ws.send(SUCCESS);
      ws.close(1000);
    }, tuning);
    let isDone = false;
    void session.done.then(() => (isDone = true));
    await once(session.stdout, 'readable');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isDone).toBe(false);
    expect(await collect(session.stdout)).toBe('late');
    expect(await session.done).toEqual({ kind: 'exited', exitCode: 0 });
  });

  test('a server that does not close after the Status is left', async () => {
    const { session } = await run((ws) => ws.send(SUCCESS), tuning);
    expect((await read(session))[2]).toEqual({ kind: 'exited', exitCode: 0 });
  });

  test('a close frame without a Status is lost, with the bytes so far', async () => {
    const { session } = await run((ws) => {
      ws.send(message(1, '12345'));
      ws.close(1000);
    }, tuning);
    const [out, , end] = await read(session);
    expect(out).toBe('12345');
    expect(end).toMatchObject({ kind: 'lost', stdoutBytes: 5, closedByUs: false, error: { exitCode: 8 } });
  });

  test('a connection that is cut ends the streams and is lost', async () => {
    const { session } = await run(
      (ws, _seen, socket) => ws.send(message(1, '12345'), () => socket.destroy()),
      tuning,
    );
    const [out, , end] = await read(session);
    expect(out).toBe('12345');
    expect(end).toMatchObject({ kind: 'lost', stdoutBytes: 5, closedByUs: false });
  });

  test('a dead peer is noticed by its silence; one that answers pings is not dead', async () => {
    const keepalive = { pingMs: 20, deadMs: 200 };
    let pings = 0;
    const alive = await run((ws) => ws.on('ping', () => (pings += 1)), { ...tuning, keepalive });
    await until(() => pings > 30);
    alive.session.close();
    expect(await alive.session.done).toMatchObject({ kind: 'lost', closedByUs: true });
    const dead = await run((_ws, _seen, socket) => socket.pause(), { ...tuning, keepalive });
    const end = await dead.session.done;
    expect(end).toMatchObject({ kind: 'lost', closedByUs: false });
    expect(end.kind === 'lost' && end.error.message).toContain('nothing came for');
  });

  test('silence while we do not read is not death', async () => {
    const { session } = await run(
      (ws) => {
        for (let count = 0; count < 64; count += 1) ws.send(message(1, Buffer.alloc(32 * 1024)));
        ws.send(SUCCESS);
        ws.close(1000);
      },
      { ...tuning, keepalive: { pingMs: 20, deadMs: 100 } },
    );
    await once(session.stdout, 'readable');
    await new Promise((resolve) => setTimeout(resolve, 400));
    const [out] = await read(session);
    expect(out).toHaveLength(64 * 32 * 1024);
    expect(await session.done).toEqual({ kind: 'exited', exitCode: 0 });
  });

  test('close() sends a close frame, then does not wait longer than a second', async () => {
    let code = 0;
    const polite = await run((ws) => ws.on('close', (each: number) => (code = each)), tuning, {
      stdin: true,
    });
    polite.session.close();
    expect(await polite.session.done).toMatchObject({ kind: 'lost', closedByUs: true });
    await until(() => code !== 0);
    expect(code).toBe(1000);
    const deaf = await run((_ws, _seen, socket) => socket.pause(), tuning);
    const startedAt = performance.now();
    deaf.session.close();
    await deaf.session.done;
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  test('the signal closes a running session, and refuses one before it opens', async () => {
    const controller = new AbortController();
    const { session } = await run(() => undefined, tuning, { signal: controller.signal });
    controller.abort(new Error('enough'));
    expect(await session.done).toMatchObject({ kind: 'lost', closedByUs: true });
    await expect(run(() => undefined, tuning, { signal: controller.signal })).rejects.toThrow('enough');
  });

  test('writing after the end does not crash', async () => {
    const { session } = await run((ws) => ws.close(1000), tuning, { stdin: true });
    await session.done;
    session.stdin.write('late');
    session.resize(1, 1);
    session.close();
    await new Promise((resolve) => setImmediate(resolve));
  });

  test('a Status that cannot be read, or is far too long, is a failure', async () => {
    for (const text of ['not json', 'x'.repeat(2_000_000)]) {
      const { session } = await run((ws) => {
        ws.send(message(3, text));
        ws.close(1000);
      }, tuning);
      expect((await read(session))[2]).toMatchObject({ kind: 'failed', error: { exitCode: 8 } });
    }
  });

  test('a message in many fragments, with a ping between them', async () => {
    const { session } = await run((ws: WebSocket) => {
      ws.send(message(1, 'ab'), { fin: false });
      ws.ping();
      ws.send('cd', { fin: false, binary: true });
      ws.send('', { fin: true, binary: true });
      ws.send(SUCCESS.subarray(0, 10), { fin: false, binary: true });
      ws.send(SUCCESS.subarray(10), { fin: true, binary: true });
      ws.close(1000);
    }, tuning);
    expect(await read(session)).toEqual(['abcd', '', { kind: 'exited', exitCode: 0 }]);
  });

  test('a frame that breaks the protocol ends it as lost', async () => {
    const { session } = await run((ws, _seen, socket) => {
      ws.send(message(1, 'ok'), () => socket.write(Buffer.from([0xf2, 0x01, 0x01])));
    }, tuning);
    const [out, , end] = await read(session);
    expect(out).toBe('ok');
    expect(end).toMatchObject({ kind: 'lost', closedByUs: false });
  });
});

describe('refused upgrades', () => {
  const open = async (upgrade: (seen: Seen, socket: Duplex) => void) => {
    const { endpoint } = await serve({ upgrade });
    return openExec(endpoint, REQUEST);
  };
  const recorded = exchanges('exec-errors').filter((each) => (each.response?.status ?? 0) >= 400);

  test.each(recorded.map((each) => [`${each.response?.status ?? 0} ${each.note}`, each] as const))(
    '%s',
    async (_name, each) => {
      const { status = 0, headers, body } = each.response ?? {};
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const call = open((_seen, socket) =>
        refuseUpgrade(socket, status, headers?.['content-type'], body ? text : ''),
      );
      await expect(call).rejects.toMatchObject({ code: status });
      const message = (body as { message?: string } | null)?.message;
      if (message) await expect(call).rejects.toMatchObject({ status: { message } });
    },
  );

  test.each([
    [200, 'text/html', '<html>hello</html>'],
    [426, undefined, ''],
    [400, 'text/html', '<h1>400 Bad Request</h1>'],
    [400, undefined, ''],
    [
      400,
      'application/json',
      '{"kind":"Status","status":"Failure","message":"Upgrade request required","code":400}',
    ],
    [400, 'text/plain', 'unable to upgrade: missing upgrade headers in request'],
  ])('HTTP %d without an upgrade is a proxy in between', async (code, type, body) => {
    const error = await open((_seen, socket) => refuseUpgrade(socket, code, type, body)).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('does not let websockets through'),
    });
  });

  test('a bare 403 is about protocols, not about rights', async () => {
    const error = await open((_seen, socket) => refuseUpgrade(socket, 403, undefined, '')).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ exitCode: 4, message: expect.stringContaining('v5.channel.k8s.io') });
  });

  test('a server that takes none of our protocols', async () => {
    const { endpoint } = await serve({ protocols: ['channel.k8s.io'] });
    await expect(openExec(endpoint, REQUEST)).rejects.toMatchObject({ exitCode: 4 });
  });

  test('a proxy that answers as an ordinary server would', async () => {
    const { server, endpoint } = await serve({ respond: (_seen, response) => json(response, 200, {}) });
    // Node takes an upgrade for a plain request when nobody listens for upgrades.
    const plain = await startFakeServer({
      upgrade: (_seen, socket) => refuseUpgrade(socket, 502, 'text/html', '<h1>Bad Gateway</h1>'),
    });
    closers.push(() => plain.close());
    await expect(openExec({ ...endpoint, server: plain.url }, REQUEST)).rejects.toMatchObject({
      code: 502,
      exitCode: 4,
    });
    expect(server.seen).toHaveLength(0);
  });

  test('a body without end is not waited for longer than the deadline', async () => {
    const { endpoint } = await serve({
      upgrade: (_seen, socket) =>
        void socket.write('HTTP/1.1 403 X\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{'),
    });
    await expect(openExec(endpoint, { ...REQUEST, timeoutMs: 200 })).rejects.toMatchObject({ exitCode: 4 });
  });

  test('a server that never answers the upgrade', async () => {
    const { endpoint } = await serve({ upgrade: () => undefined });
    await expect(openExec(endpoint, { ...REQUEST, timeoutMs: 200 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
  });

  test('a 401 is tried once more with new credentials', async () => {
    const { server, endpoint } = await serve({
      upgrade: (_seen, socket) =>
        refuseUpgrade(socket, 401, 'application/json', '{"kind":"Status","message":"Unauthorized"}'),
    });
    let renewed = 0;
    const credentials = { ...endpoint.credentials, renew: () => ++renewed === 1 };
    await expect(openExec({ ...endpoint, credentials }, REQUEST)).rejects.toMatchObject({ code: 401 });
    expect(server.seen).toHaveLength(2);
  });
});

test('a slow sink of 64 MiB keeps the memory small', async () => {
  const { session } = await run((ws) => {
    const block = message(1, Buffer.alloc(32 * 1024));
    let count = 0;
    const more = () => {
      if (count++ < 2048) ws.send(block, more);
      else {
        ws.send(SUCCESS);
        ws.close(1000);
      }
    };
    more();
  });
  session.stderr.resume();
  let largest = 0;
  const sink = new Writable({
    write: (_chunk, _encoding, callback) => {
      largest = Math.max(largest, session.stdout.readableLength + sink.writableLength);
      setImmediate(callback);
    },
  });
  await pipeline(session.stdout, sink);
  expect(await session.done).toEqual({ kind: 'exited', exitCode: 0 });
  expect(largest).toBeLessThan(2 * 1024 * 1024);
});
