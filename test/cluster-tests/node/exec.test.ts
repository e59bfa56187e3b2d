/** exec and attach down to the process: ends, terminals, backpressure, and what outlives its client. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster, type TestCluster } from '../../cluster/harness.js';
import { pod } from '../../cluster/manifests.js';
import { openSession, runIn, type Session, type SessionOptions } from './session.js';

let cluster: TestCluster;

beforeAll(async () => {
  const attachable = (name: string, command: string[], more: object) =>
    pod({
      name,
      spec: {
        restartPolicy: 'Never',
        containers: [{ name: 'main', image: 'busybox:1.36', command, stdin: true, ...more }],
      },
    });
  cluster = await startCluster({
    objects: [
      pod({ name: 'shell' }),
      attachable(
        'echo',
        ['sh', '-c', 'echo early; while read -r line; do echo "got $line"; done; echo eof'],
        {
          stdinOnce: true,
        },
      ),
      attachable('terminal', ['sh'], { tty: true }),
    ],
  });
}, 60_000);

afterAll(() => cluster.stop());

function open(command: readonly string[], options: Partial<SessionOptions> = {}): Promise<Session> {
  return openSession(cluster, { pod: 'shell', command, ...options });
}

/** Polls: whether a process of `shell` whose argv matches is there. */
async function alive(pattern: RegExp): Promise<boolean> {
  const processes = await cluster.processes('default', 'shell');
  return processes.some(({ argv }) => pattern.test(argv.join(' ')));
}

async function gone(pattern: RegExp, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (await alive(pattern)) {
    if (Date.now() > deadline) {
      return false;
    }
    await sleep(50);
  }
  return true;
}

describe('ends', () => {
  test.each([
    ['exit 7', 7],
    ['kill -9 $$', 137],
    ['kill -TERM $$', 143],
    ['kill -INT $$', 130],
    ['exit 255', 255],
  ])('%s → %i', async (script, code) => {
    expect((await runIn(cluster, 'shell', ['sh', '-c', script])).code).toBe(code);
  });

  test.each([
    ['no-such-command', 'executable file not found in $PATH'],
    ['/no/such/command', 'stat /no/such/command: no such file or directory'],
    ['/etc/passwd', 'permission denied'],
    ['/etc', 'is a directory'],
  ])('%s cannot be started: %s', async (command, why) => {
    const { message, code } = await runIn(cluster, 'shell', [command]);
    expect(code).toBeUndefined();
    expect(message).toContain(
      `OCI runtime exec failed: exec failed: unable to start container process: exec: "${command}": ${why}`,
    );
  });

  test('standard streams are pipes, which can be opened again', async () => {
    const { stdout, stderr } = await runIn(cluster, 'shell', [
      'sh',
      '-c',
      'echo out > /dev/stdout; echo err > /dev/stderr',
    ]);
    expect({ stdout, stderr }).toEqual({ stdout: 'out\n', stderr: 'err\n' });
  });

  test('ends when every holder of stdout has closed it', async () => {
    const before = Date.now();
    const { stdout } = await runIn(cluster, 'shell', ['sh', '-c', 'sleep 1 & echo started']);
    expect(stdout).toBe('started\n');
    expect(Date.now() - before).toBeGreaterThanOrEqual(950);
  });

  test('half-close of stdin is the end of it', async () => {
    const session = await open(['sha256sum'], { stdin: true });
    session.send(0, Buffer.alloc(1024 * 1024, 'x'));
    session.endInput();
    expect((await session.ended)?.status).toBe('Success');
    expect(session.stdout).toMatch(/^[0-9a-f]{64} /);
  });
});

describe('terminals', () => {
  test('size, resize, one output, exit code', async () => {
    const session = await open(['sh', '-c', 'stty size; read -r line; stty size; echo err >&2; exit 5'], {
      stdin: true,
      tty: true,
    });
    await session.until(() => session.stdout.includes('0 0\r\n'));
    session.send(4, '{"Width":90,"Height":20}');
    // The size is set when it is read back; there is no answer to a resize.
    await sleep(200);
    session.send(0, 'go\r');
    const ended = await session.ended;
    expect(session.stdout).toContain('20 90\r\n');
    expect(session.stdout).toContain('err\r\n');
    expect(ended?.message).toContain('exit code 5');
  });

  test('Ctrl-C interrupts, Ctrl-D ends the input', async () => {
    const sleeping = await open(['sh', '-c', 'echo ready; sleep 100'], { stdin: true, tty: true });
    await sleeping.until(() => sleeping.stdout.includes('ready'));
    sleeping.send(0, Buffer.from([3]));
    expect((await sleeping.ended)?.message).toContain('exit code 130');
    const cat = await open(['cat'], { stdin: true, tty: true });
    cat.send(0, 'a\r');
    await cat.until(() => cat.stdout.includes('a\r\na\r\n'));
    cat.send(0, Buffer.from([4]));
    expect((await cat.ended)?.status).toBe('Success');
  });
});

describe('bytes', () => {
  test('binary output arrives whole', async () => {
    const session = await open([
      'sh',
      '-c',
      'head -c 50000000 /dev/urandom | tee /tmp/sent | cat; sha256sum /tmp/sent >&2',
    ]);
    expect((await session.ended)?.status).toBe('Success');
    const { createHash } = await import('node:crypto');
    const hash = createHash('sha256');
    session.output.forEach((chunk) => hash.update(chunk));
    expect(session.stderr).toContain(hash.digest('hex'));
  });

  test('a client that does not read stops the writer', async () => {
    const session = await open(['sh', '-c', 'exec yes backpressure']);
    await session.until(() => session.receivedBytes > 0);
    session.socket.pause();
    const written = async (): Promise<number> => {
      const processes = await cluster.processes('default', 'shell');
      const pid = processes.find(({ argv }) => argv.join(' ') === 'yes backpressure')?.pid ?? 0;
      const { stdout } = await cluster.run(['grep', 'wchar', `/proc/${pid}/io`]);
      return Number(stdout.split(':')[1]);
    };
    // It stands still once every buffer on the way is full.
    let before = await written();
    const deadline = Date.now() + 20_000;
    for (let now = -1; now !== before;) {
      expect(Date.now()).toBeLessThan(deadline);
      before = now >= 0 ? now : before;
      await sleep(300);
      now = await written();
      if (now !== before) {
        before = now;
        now = -1;
      }
    }
    expect(before - session.receivedBytes).toBeLessThan(64 * 1024 * 1024);
    session.socket.resume();
    const held = session.receivedBytes;
    await session.until(() => session.receivedBytes > held + 64 * 1024 * 1024);
    session.socket.terminate();
    await cluster.run(['true']);
    expect((await runIn(cluster, 'shell', ['pkill', '-KILL', '-f', 'yes backpressure'])).code).toBe(0);
  });
});

describe('the client goes (exec-client-gone.json)', () => {
  const v4 = { protocol: 'v4.channel.k8s.io' } as const;

  test('v5: cat with stdin gets the end of input, with a close frame and without', async () => {
    for (const leave of ['close', 'terminate'] as const) {
      const session = await open(['cat', '-'], { stdin: true });
      session.send(0, 'a');
      await session.until(() => session.stdout === 'a');
      session.socket[leave]();
      expect(await gone(/^cat -$/, 2000)).toBe(true);
    }
  });

  test('v5: sleep lives on; output after a close frame is thrown away', async () => {
    const idle = await open(['sleep', '1111']);
    idle.socket.close(1000);
    const busy = await open(['yes', 'thrown-away']);
    await busy.until(() => busy.receivedBytes > 0);
    busy.socket.close(1000);
    await busy.ended;
    const io = async (): Promise<number> => {
      const processes = await cluster.processes('default', 'shell');
      const pid = processes.find(({ argv }) => argv[1] === 'thrown-away')?.pid ?? 0;
      const { stdout } = await cluster.run(['grep', 'wchar', `/proc/${pid}/io`]);
      return Number(stdout.split(':')[1]);
    };
    const before = await io();
    await sleep(500);
    expect(await io()).toBeGreaterThan(before + 10_000_000);
    expect(await alive(/^sleep 1111$/)).toBe(true);
    await runIn(cluster, 'shell', ['pkill', '-KILL', '-f', 'thrown-away|sleep 1111']);
  });

  test('v5 cut: the writer blocks once the pipe is full', async () => {
    const session = await open(['yes', 'blocked']);
    await session.until(() => session.receivedBytes > 0);
    session.socket.terminate();
    await session.ended;
    const state = async (): Promise<string> => {
      const processes = await cluster.processes('default', 'shell');
      const pid = processes.find(({ argv }) => argv[1] === 'blocked')?.pid ?? 0;
      return (await cluster.run(['grep', 'wchar', `/proc/${pid}/io`])).stdout;
    };
    await sleep(1000);
    const before = await state();
    await sleep(500);
    expect(await state()).toBe(before);
    await runIn(cluster, 'shell', ['pkill', '-KILL', '-f', 'yes blocked']);
  });

  test('v4 cut: SIGKILL, of the process of the exec only', async () => {
    const session = await open(['sh', '-c', 'echo ready; sleep 2222 & wait'], { ...v4, stdin: true });
    await session.until(() => session.stdout.includes('ready'));
    session.socket.terminate();
    expect(await gone(/^sh -c echo ready/, 2000)).toBe(true);
    expect(await alive(/^sleep 2222$/)).toBe(true);
    await runIn(cluster, 'shell', ['pkill', '-KILL', '-f', 'sleep 2222']);
  });

  test('v4 with a close frame: sleep lives on', async () => {
    const session = await open(['sleep', '3333'], v4);
    session.socket.close(1000);
    await session.ended;
    expect(await alive(/^sleep 3333$/)).toBe(true);
    await runIn(cluster, 'shell', ['pkill', '-KILL', '-f', 'sleep 3333']);
  });
});

describe('attach', () => {
  test('shows what comes from now on, takes input, ends as a success', async () => {
    const session = await openSession(cluster, { pod: 'echo', kind: 'attach', stdin: true });
    session.send(0, 'one\n');
    await session.until(() => session.stdout.includes('got one\n'));
    expect(session.stdout).not.toContain('early');
    session.endInput();
    expect((await session.ended)?.status).toBe('Success');
    expect(session.stdout).toBe('got one\neof\n');
    await expect(openSession(cluster, { pod: 'echo', kind: 'attach' })).rejects.toThrow(
      /^500: container (main not found in pod echo_default|not found \("main"\))$/,
    );
    const log = await cluster.request('GET', '/api/v1/namespaces/default/pods/echo/log');
    expect(log.body).toBe('early\ngot one\neof\n');
  });

  test('a terminal stays when its client leaves, and takes the next one', async () => {
    for (const round of [1, 2]) {
      const session = await openSession(cluster, { pod: 'terminal', kind: 'attach', stdin: true, tty: true });
      session.send(0, `echo round $((${round} + 10)) pid $$\r`);
      await session.until(() => session.stdout.includes(`round ${round + 10} pid 1\r\n`));
      session.socket.close(1000);
      await session.ended;
    }
  });
});
