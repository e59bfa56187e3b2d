/** What the scripts of the probes share, with real shells. */
import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { collectWithin, heldFunction, timedArgv } from '../../src/tools/probe.js';
import { dnsReadings } from '../../src/tools/dns-readings.js';
import { clock, localTools } from './local.js';

const limits = { clock, timeoutMs: 20_000, limitBytes: 65_536 };

test.each([['sh'], ['bash'], ['busybox sh']])(
  '%s: a signal to the shell ends what it holds',
  async (shell) => {
    // Its own number names the process.
    const seconds = String(90_000 + shell.length);
    const session = await localTools()([...shell.split(' '), '-c', `${heldFunction}held sleep ${seconds}`]);
    const sleeping = (): boolean =>
      new RegExp(`^sleep ${seconds}$`, 'm').test(execFileSync('ps', ['-eo', 'args=']).toString());
    while (!sleeping()) await clock.sleep(20);
    session.kill('SIGTERM');
    expect(await session.done).toEqual({ kind: 'exited', exitCode: 143 });
    expect(sleeping()).toBe(false);
  },
);

test('held passes the exit code on, and a timed command is what it was', async () => {
  const said = await collectWithin(
    localTools(),
    timedArgv(['sh', '-c', 'echo out; echo err >&2; exit 5']),
    limits,
  );
  expect(said).toMatchObject({ end: { kind: 'exited', exitCode: 0 }, stderr: '' });
  expect((said as { stdout: string }).stdout).toMatch(/^start \S+\nout\nerr\n\nend \S+ 5\n$/);
});

test.each([[137], [143]])(
  'a tool that ended with %i was ended by something else: incomplete',
  async (code) => {
    const ended = collectWithin(localTools(), ['sh', '-c', `exit ${code}`], { ...limits, name: 'dig' });
    await expect(ended).rejects.toMatchObject({
      message: 'dig was ended in the debug container before it had a result.',
      exitCode: 8,
    });
  },
);

test('DNS that answers after our time is slow, not dead; one refusal says more than silence', () => {
  const resolvConf = { nameservers: ['10.0.0.10'], search: [], ndots: 1, options: [] };
  const answers = (['timeout', 'refused'] as const).map((failure) => ({
    name: 'api.',
    server: '10.0.0.10',
    type: 'A' as const,
    transport: 'udp' as const,
    failure,
    addresses: [],
    aliases: [],
  }));
  const facts = { resolvConf, candidates: ['api.'], found: undefined, fromServer: [], timeoutMs: 1_000 };
  const libc = { kind: 'addresses', addresses: ['10.0.0.1'], canonical: undefined, ms: 2_000 } as const;
  expect(dnsReadings({ ...facts, answers: answers.slice(0, 1), libc })).toEqual([
    '10.0.0.10 answers nothing within 1 s, but the C library, which waits longer, got its answer: DNS is slow; a longer --timeout shows it',
  ]);
  expect(dnsReadings({ ...facts, answers, libc: { kind: 'unknown', ms: 5_000 } })).toEqual([
    '10.0.0.10 refuses connections and datagrams: no DNS server there, or its Service has no endpoint',
  ]);
});
