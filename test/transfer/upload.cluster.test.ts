/** A tcpdump in containers that have none: real packets by Debian's own, and everything that can be in the way. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { captureArgv } from '../../src/tools/tcpdump.js';
import { readElf } from '../../src/transfer/elf.js';
import { readProgram, type LocalProgram } from '../../src/transfer/program.js';
import { uploadTcpdump, type UploadedTcpdump } from '../../src/transfer/upload.js';
import { memorySink, payloads } from '../capture/sinks.js';
import { start } from '../capture/start.js';
import { pod } from '../cluster/manifests.js';
import { startConnected, type Connected } from '../tools/in-pod.js';
import { clock } from '../tools/local.js';
import { tinyElf, type TinyElf } from './tiny-elf.js';

let cluster: Connected['cluster'];
let api: Connected['api'];
let stop: Connected['stop'];

const readOnly = { readOnlyRootFilesystem: true };
const busybox = 'registry.example/busybox';

beforeAll(async () => {
  ({ cluster, api, stop } = await startConnected({
    nodes: 1,
    objects: [
      pod({ name: 'web', image: 'registry.example/toolbox-no-tcpdump' }),
      pod({ name: 'small', image: busybox }),
      pod({ name: 'read-only', image: busybox, securityContext: readOnly }),
      pod({
        name: 'scratch',
        image: busybox,
        spec: {
          volumes: [{ name: 'scratch', emptyDir: {} }],
          containers: [
            {
              name: 'main',
              image: busybox,
              command: ['sleep', '100000'],
              securityContext: readOnly,
              volumeMounts: [{ name: 'scratch', mountPath: '/scratch space' }],
            },
          ],
        },
      }),
      pod({ name: 'bare', image: 'registry.example/distroless', command: ['/httpd', '-f', '-p', '8080'] }),
      pod({ name: 'user', image: 'registry.example/toolbox-nonroot' }),
    ],
  }));
}, 60_000);

afterAll(() => stop());

function tiny(elf: Partial<TinyElf> = {}): LocalProgram {
  const bytes = tinyElf({ says: 'tcpdump version 0\nlibpcap version 0\n', ...elf });
  const facts = readElf(bytes);
  if (facts === undefined) throw new TypeError('no ELF');
  return { name: 'tiny', bytes, sha256: createHash('sha256').update(bytes).digest('hex'), elf: facts };
}

function upload(
  name: string,
  program: LocalProgram,
  notes: string[] = [],
  through: Pick<Connected['api'], 'exec' | 'get'> = api,
): Promise<UploadedTcpdump> {
  return uploadTcpdump(through, {
    namespace: 'default',
    pod: name,
    container: undefined,
    program,
    clock,
    random: Math.random,
    onNote: (note) => notes.push(note),
  });
}

/** What lies in a container, in all the places where something could have been put. */
async function leftIn(name: string): Promise<string> {
  const script =
    'ls -d /tmp/.netdebug* /var/tmp/.netdebug* /dev/shm/.netdebug* /run/.netdebug* "/scratch space"/.netdebug* 2>/dev/null; echo';
  const session = await api.exec({
    namespace: 'default',
    pod: name,
    container: 'main',
    argv: ['sh', '-c', script],
  });
  let said = '';
  for await (const chunk of session.stdout) said += String(chunk);
  return said.trim();
}

/** Resolves when neither files nor processes of ours are there any more. */
async function nothingLeftIn(name: string): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    const all = await cluster.processes('default', name);
    const running = all.filter(({ argv }) => argv.some((word) => word.includes('netdebug')));
    const left = await leftIn(name);
    if (running.length === 0 && left === '') return;
    if (Date.now() > until) throw new Error(`still there: ${left} ${JSON.stringify(running)}`);
    await clock.sleep(50);
  }
}

async function send(count: number): Promise<void> {
  const script = String.raw`use Socket; socket(my $s, AF_INET, SOCK_DGRAM, 0);
    for (my $i = 0; $i < $ARGV[0]; $i++) { send($s, sprintf("packet-%04d", $i), 0, pack_sockaddr_in(4599, inet_aton('127.0.0.1'))); }`;
  const argv = ['perl', '-e', script, String(count)];
  expect(await cluster.run(argv, { in: { namespace: 'default', pod: 'web' } })).toMatchObject({ code: 0 });
}

describe('an uploaded tcpdump', () => {
  test('captures exactly what was sent, and is removed', async () => {
    const notes: string[] = [];
    const uploaded = await upload('web', await readProgram('/usr/bin/tcpdump', 'tcpdump'), notes);
    expect(notes[0]).toMatch(
      /^tcpdump uploaded into main: \/tmp\/\.netdebug-upload-\w{10}, tcpdump version /,
    );
    expect(notes[1]).toContain('is not static');
    expect(await leftIn('web')).toMatch(/^\/tmp\/\.netdebug-upload-\w{10}$/);
    const sink = memorySink();
    const { summary, began } = start(uploaded.run, sink, { packetCount: 50 });
    await began;
    await send(50);
    expect(await summary).toMatchObject({ packets: 50, captured: 50, complete: true, exit: 0 });
    expect(payloads(sink.bytes())).toEqual(
      Array.from({ length: 50 }, (_, index) => `packet-${String(index).padStart(4, '0')}`),
    );
    await uploaded.remove();
    expect(await leftIn('web')).toBe('');
    await nothingLeftIn('web');
  });

  test('goes with a connection that is lost, and comes again when it is wanted', async () => {
    const program = await readProgram('/usr/bin/tcpdump', 'tcpdump');
    // The client goes when it has sent a part.
    const dying: Pick<Connected['api'], 'exec' | 'get'> = {
      get: (path, options) => api.get(path, options),
      exec: async (request) => {
        const session = await api.exec(request);
        const write = session.stdin.write.bind(session.stdin);
        session.stdin.write = (bytes: Uint8Array) => {
          write(bytes.subarray(0, 100_000), () => session.close());
          return true;
        };
        return session;
      },
    };
    await expect(upload('web', program, [], dying)).rejects.toMatchObject({ exitCode: 8 });
    await nothingLeftIn('web');
    const uploaded = await upload('web', program);
    await cluster.restartApiServer({ downMs: 100 });
    await nothingLeftIn('web');
    const session = await uploaded.run(['tcpdump', '--version']);
    session.stderr.resume();
    let said = '';
    for await (const chunk of session.stdout) said += String(chunk);
    expect(await session.done).toEqual({ kind: 'exited', exitCode: 0 });
    expect(said).toMatch(/^tcpdump version /);
    await uploaded.remove();
    await nothingLeftIn('web');
  });

  test('ends with its client while it captures', async () => {
    const uploaded = await upload('web', await readProgram('/usr/bin/tcpdump', 'tcpdump'));
    const session = await uploaded.run(captureArgv({ interface: 'lo' }));
    session.stdout.resume();
    await new Promise((resolve) => session.stderr.once('data', resolve));
    session.abandon();
    await uploaded.remove();
    await nothingLeftIn('web');
  });
});

describe('where it can be put', () => {
  test('a container with busybox and nothing else', async () => {
    const uploaded = await upload('small', tiny());
    expect(await leftIn('small')).toContain('.netdebug-upload-');
    await uploaded.remove();
    await nothingLeftIn('small');
  });

  test('an emptyDir, where the root is read-only', async () => {
    const notes: string[] = [];
    const uploaded = await upload('scratch', tiny(), notes);
    expect(notes[0]).toContain('/scratch space/.netdebug-upload-');
    const session = await uploaded.run(['tcpdump', '--version']);
    session.stdout.resume();
    session.stderr.resume();
    expect(await session.done).toEqual({ kind: 'exited', exitCode: 0 });
    await uploaded.remove();
    await nothingLeftIn('scratch');
  });
});

describe('what is in the way is said', () => {
  test.each([
    [
      'a read-only root',
      'read-only',
      tiny(),
      6,
      /^Container main (can be written nowhere|lets no program run)/,
    ],
    ['no shell', 'bare', tiny(), 6, /^Container main has no shell, so nothing can be uploaded into it/],
    ['no NET_RAW', 'user', tiny(), 5, /^Container main may not capture packets: .* NET_RAW/],
    [
      'another architecture',
      'small',
      tiny({ machine: 22 }),
      2,
      /^tiny is for s390x, and container main runs on /,
    ],
    [
      'not static',
      'small',
      tiny({ interpreter: '/lib/ld-nowhere.so' }),
      2,
      /^tiny is not static: it needs \/lib\/ld-nowhere\.so/,
    ],
  ] as const)('%s', async (_, name, program, exitCode, message) => {
    await expect(upload(name, program)).rejects.toMatchObject({
      exitCode,
      message: expect.stringMatching(message) as unknown,
    });
    if (name !== 'bare') await nothingLeftIn(name);
  });

  test('no such container', async () => {
    const request = {
      namespace: 'default',
      pod: 'web',
      container: 'nobody',
      program: tiny(),
      clock,
      random: Math.random,
    };
    await expect(uploadTcpdump(api, request)).rejects.toMatchObject({ exitCode: 6 });
  });
});
