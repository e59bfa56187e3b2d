import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { namespace, pod, service, restrictedSecurity } from '../cluster/manifests.js';
import { makeHome, programs, type ProgramOptions, runProgram, startProgram } from './program.js';

const execute = promisify(execFile);
const { home, remove } = makeHome();
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({
    objects: [
      pod({ name: 'client' }),
      pod({
        name: 'web',
        image: 'registry.example/web',
        command: ['/bin/httpd', '-f', '-p', '8080', '-h', '/srv'],
        labels: { app: 'web' },
      }),
      service({ name: 'api', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] }),
      namespace('guarded', { podSecurity: 'baseline' }),
      pod({ name: 'inside', namespace: 'guarded' }),
      namespace('strict', { podSecurity: 'restricted' }),
    ],
  });
}, 60_000);
afterAll(async () => {
  await cluster.stop();
  remove();
});

const withCluster = (options: ProgramOptions = {}): ProgramOptions => ({
  kubeconfig: cluster.kubeconfig,
  ...options,
  env: { HOME: home, ...options.env },
});
const netdebug = (args: readonly string[], options?: ProgramOptions) =>
  runProgram(args, withCluster(options));

/** The echo packets of a file as `type seq`, in order; tshark must have nothing to complain about. */
async function echoes(file: string): Promise<string[]> {
  const fields = ['-T', 'fields', '-E', 'separator= ', '-e', 'icmp.type', '-e', 'icmp.seq'];
  const { stdout, stderr } = await execute('tshark', ['-n', '-r', file, ...fields]);
  expect(stderr.replace(/^Running as user .*\n/, '')).toBe('');
  return stdout.trimEnd().split('\n');
}

const fourEchoes = ['8 1', '0 1', '8 2', '0 2'];

describe.each(Object.entries(programs))('%s', (name, program) => {
  test('ping: replies and a summary, a choice said on stderr', async () => {
    const { code, stdout, stderr } = await netdebug(['ping', 'client', 'svc/api', '-c', '2', '-i', '0.2'], {
      program,
    });
    expect(code).toBe(0);
    expect(stdout.toString()).toMatch(
      /^PING .*\n64 bytes from .* icmp_seq=1 .*\n64 bytes from .* icmp_seq=2 /,
    );
    expect(stdout.toString()).toContain('2 packets transmitted, 2 received, 0% packet loss');
    expect(stderr).toContain('taking default/web');
  });

  test('capture: what was sent is in the file, one by one, and tshark opens it', async () => {
    const file = join(home, `${name.replace(' ', '-')}.pcap`);
    const capture = startProgram(
      ['capture', 'web', '-i', 'eth0', '-f', 'icmp', '-w', file, '-c', '4', '-o', 'json'],
      withCluster({ program }),
    );
    await capture.says(/listening on eth0 of default\/web/);
    await netdebug(['ping', 'client', 'pod/web', '-c', '2', '-i', '0.2'], { program });
    const { code, stdout } = await capture.ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout.toString())).toMatchObject({
      apiVersion: 'netdebug/v1',
      kind: 'CaptureSummary',
      packets: 4,
      captured: 4,
      droppedByKernel: 0,
      whole: true,
      complete: true,
      endedBy: 'limit',
      destination: file,
    });
    expect(await echoes(file)).toEqual(fourEchoes);
  });

  test('Ctrl-C: the capture is whole, tcpdump is gone, exit code 130', async () => {
    const file = join(home, `${name.replace(' ', '-')}-stopped.pcap`);
    const capture = startProgram(['capture', 'web', '-f', 'icmp', '-w', file], withCluster({ program }));
    await capture.says(/listening on any/);
    await netdebug(['ping', 'client', 'pod/web', '-c', '2', '-i', '0.2'], { program });
    capture.child.kill('SIGINT');
    const { code, stderr } = await capture.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /4 packets, .* interrupted\n4 captured, 4 received by filter, 0 dropped by kernel, last record whole\n$/,
    );
    expect(await echoes(file)).toEqual(fourEchoes);
    const left = await cluster.processes('default', 'web');
    expect(left.filter(({ argv }) => argv.includes('tcpdump'))).toEqual([]);
  });
});

test('stock kubectl finds the plugin', async () => {
  const { stdout } = await execute('kubectl', ['netdebug', 'version', '-o', 'json'], {
    env: { PATH: `${join(programs.executable[0], '..')}:${process.env.PATH ?? ''}`, HOME: home },
  });
  expect(JSON.parse(stdout)).toMatchObject({
    kind: 'Version',
    version: expect.stringMatching(/^\d/) as unknown,
  });
});

test('ping -o json: one object a line, times and loss as numbers', async () => {
  const { stdout } = await netdebug(['ping', 'client', 'pod/web', '-c', '2', '-i', '0.2', '-ojson']);
  const events = stdout
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(({ kind }) => kind)).toEqual(['PingStart', 'PingReply', 'PingReply', 'PingSummary']);
  expect(events[1]).toMatchObject({
    apiVersion: 'netdebug/v1',
    sequence: 1,
    timeMs: expect.any(Number) as unknown,
  });
  expect(events[3]).toMatchObject({
    lossPercent: 0,
    times: { avgMs: expect.any(Number) as unknown },
    from: { pod: 'client' },
    to: 'pod/web',
  });
});

test('ping: total loss is exit code 1, Ctrl-C still gives the summary', async () => {
  const lost = await netdebug(['ping', 'client', '203.0.113.9', '-c', '1', '--wait', '1s']);
  expect(lost.code).toBe(1);
  const endless = startProgram(['ping', 'client', 'pod/web', '-c', '0', '-i', '0.2'], withCluster());
  await endless.says(/icmp_seq=2/, 'stdout');
  endless.child.kill('SIGINT');
  const { code, stdout } = await endless.ended;
  expect(code).toBe(130);
  expect(stdout.toString()).toMatch(/packets transmitted, \d+ received, 0% packet loss/);
});

test('netstat: the same listener as a table and as JSON, with its process by --target', async () => {
  const table = await netdebug(['netstat', 'web', '--listening']);
  expect(table.stdout.toString()).toMatch(/^PROTO +STATE .*\ntcp6? +LISTEN .*:8080 +\*\n/);
  const json = await netdebug(['sockets', 'svc/api', '--listening', '-o', 'json', '-c', 'main']);
  expect(JSON.parse(json.stdout.toString())).toMatchObject({
    kind: 'SocketTable',
    pod: 'web',
    source: 'ss',
    sockets: [{ state: 'LISTEN', localPort: 8080, processes: [{ name: 'httpd' }] }],
  });
});

test('tcpdump: live text, ended by Ctrl-C', async () => {
  const tcpdump = startProgram(['tcpdump', 'web', '--', '-n', '-i', 'eth0', 'icmp'], withCluster());
  await tcpdump.says(/listening on eth0/);
  const seen = tcpdump.says(/ICMP echo reply/, 'stdout');
  await netdebug(['ping', 'client', 'pod/web', '-c', '1']);
  await seen;
  tcpdump.child.kill('SIGINT');
  expect((await tcpdump.ended).code).toBe(130);
});

test('capture -w -: packets on stdout, talk on stderr; the reader that goes away ends it in order', async () => {
  const capture = startProgram(['capture', 'web', '-f', 'icmp', '-w', '-'], withCluster());
  await capture.says(/listening on/);
  const head = capture.says(/^\xd4\xc3\xb2\xa1/, 'stdout');
  await netdebug(['ping', 'client', 'pod/web', '-c', '1']);
  await head;
  capture.child.stdout?.destroy();
  // Whoever writes into a pipe learns that nobody reads it when he writes the next time.
  await netdebug(['ping', 'client', 'pod/web', '-c', '1']);
  const { code, stderr } = await capture.ended;
  expect(stderr).not.toContain('error');
  expect(code).toBe(0);
});

test('capture --wireshark: reads the stream; closing it ends the capture', async () => {
  const seen = join(home, 'wireshark.pcap');
  const wireshark = join(home, 'wireshark');
  // Takes the file header and one record header's worth, as a window that is closed early.
  writeFileSync(
    wireshark,
    `#!/bin/sh\ncase $1 in --version) echo "Wireshark 4.0.17 (Git)";; *) head -c 24 >${seen};; esac\n`,
  );
  chmodSync(wireshark, 0o755);
  const { code, stderr } = await netdebug(['capture', 'web', '--wireshark'], {
    env: { NETDEBUG_WIRESHARK: wireshark },
  });
  expect(stderr).toContain('to Wireshark');
  expect(stderr).toContain('the reader closed');
  expect(code).toBe(0);
  // pcapng, which carries the names of pods.
  expect(readFileSync(seen).readUInt32LE(0)).toBe(0x0a0d0d0a);
});

test('under Pod Security baseline packets are captured, under restricted ping works', async () => {
  const capture = await netdebug([
    'capture',
    'inside',
    '-n',
    'guarded',
    '--duration',
    '500ms',
    '-w',
    '/dev/null',
  ]);
  expect(capture.stderr).toContain('profile netadmin is not admitted here: Pod Security "baseline"');
  expect(capture.code).toBe(0);
  await cluster.apply(
    pod({
      name: 'careful',
      namespace: 'strict',
      securityContext: restrictedSecurity,
    }),
  );
  await cluster.ready('strict', 'careful');
  const ping = await netdebug(['ping', 'careful', '127.0.0.1', '-n', 'strict', '-c', '1']);
  expect(ping.stdout.toString()).toContain('1 received');
  expect(ping.code).toBe(0);
});

test('--dry-run prints the patch and changes nothing; list and stop', async () => {
  await cluster.apply(pod({ name: 'still' }));
  await cluster.ready('default', 'still');
  const preview = await netdebug([
    'capture',
    'still',
    '-f',
    'tcp port 80',
    '-w',
    '/nonexistent/x',
    '--dry-run',
    '-o',
    'json',
  ]);
  expect(JSON.parse(preview.stdout.toString())).toMatchObject({
    kind: 'DryRun',
    request: { method: 'PATCH', path: '/api/v1/namespaces/default/pods/still/ephemeralcontainers' },
    patch: {
      spec: {
        ephemeralContainers: [
          {
            image: expect.stringMatching(
              /^docker\.io\/nicolaka\/netshoot:v0\.13@sha256:[0-9a-f]{64}$/,
            ) as unknown,
          },
        ],
      },
    },
    run: expect.arrayContaining(['tcpdump', '--', 'tcp port 80']) as unknown,
  });
  expect((await cluster.get('v1', 'Pod', 'default', 'still')).spec).not.toHaveProperty('ephemeralContainers');

  await netdebug(['ping', 'still', '127.0.0.1', '-c', '1']);
  const listed = await netdebug(['list', '-o', 'json', '-l', '']);
  expect(listed.code).toBe(2);
  const all = JSON.parse((await netdebug(['list', '-A', '-o', 'json'])).stdout.toString()) as {
    items: { pod: string; container: string }[];
  };
  const container = all.items.find((item) => item.pod === 'still')?.container ?? '';
  expect(container).toMatch(/^netdebug-/);
  const stopped = await netdebug(['stop', 'still']);
  expect(stopped.stdout.toString()).toBe(`default/pod/still: ${container} stopped\n`);
  expect((await netdebug(['list', '-o', 'name'])).stdout.toString()).not.toContain('still');
});

test('a reader of text that has enough (| head) is no error', async () => {
  const ping = startProgram(['ping', 'client', 'pod/web', '-c', '0', '-i', '0.2'], withCluster());
  await ping.says(/icmp_seq=1/, 'stdout');
  ping.child.stdout?.destroy();
  const { code, stderr } = await ping.ended;
  expect(stderr).not.toMatch(/error|EPIPE/);
  expect(code).toBe(0);
});

test('a second Ctrl-C ends a program whose reader hangs, and nothing stays in the pod', async () => {
  const hanging = startProgram(['capture', 'web', '-i', 'lo', '-w', '-'], {
    ...withCluster(),
    stdoutUnread: true,
  });
  await hanging.says(/listening on lo/);
  // The shortest interval that ping(8) takes from a user other than root.
  const flood = ['ping', '-q', '-i', '0.002', '-c', '500', '-s', '4000', '127.0.0.1'];
  expect(await cluster.run(flood, { in: { namespace: 'default', pod: 'web' } })).toMatchObject({ code: 0 });
  hanging.child.kill('SIGINT');
  // The first one is still on its way while the pipe is full: the live line goes on without packets.
  await hanging.says(/listening on lo[^]* 0 packets\/s/);
  hanging.child.kill('SIGINT');
  const exit = new Promise((resolve) => hanging.child.on('exit', resolve));
  expect(hanging.child.exitCode ?? (await exit)).toBe(130);
  hanging.child.stdout?.destroy();
  for (let tries = 0; tries < 50; tries++) {
    const left = await cluster.processes('default', 'web');
    if (!left.some(({ argv }) => argv.includes('tcpdump'))) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('tcpdump is still in the pod');
});
