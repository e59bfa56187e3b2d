import { afterAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { leaseCommand } from '../../src/debugger/lease.js';
import { lifelineCommand } from '../../src/debugger/lifeline-script.js';
import { freshId, outcome, processesOf, shells, start, startHeld, until } from './shells.js';

const directory = (id: string) => `/tmp/.netdebug-${id}`;

test('the kubelet’s own expansion of $$ and $(NAME) in commands leaves the script as it is', () => {
  expect(leaseCommand(900).join('\n')).not.toMatch(/\$\$|\$\([A-Za-z_.-][\w.-]*\)/);
});

describe.each(shells)('lease in %s', (_name, shell) => {
  const ids: string[] = [];
  const id = () => {
    const fresh = freshId();
    ids.push(fresh);
    return fresh;
  };

  afterAll(() => {
    for (const one of ids.splice(0)) {
      for (const { pid } of processesOf(one)) process.kill(pid, 'SIGKILL');
      rmSync(directory(one), { recursive: true, force: true });
    }
  });

  test.concurrent('ends by itself after its time, with nothing left', async () => {
    const own = id();
    const child = start(shell, leaseCommand(2), own);
    const began = Date.now();
    expect(await outcome(child)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(Date.now() - began).toBeGreaterThanOrEqual(1_900);
    expect(processesOf(own)).toEqual([]);
    expect(existsSync(directory(own))).toBe(false);
  });

  test.concurrent('ends at once on SIGTERM, and takes its sleep with it', async () => {
    const own = id();
    const child = start(shell, leaseCommand(900), own);
    await until(() => existsSync(`${directory(own)}/left`));
    child.kill('SIGTERM');
    expect((await outcome(child)).code).toBe(0);
    expect(processesOf(own)).toEqual([]);
    expect(existsSync(directory(own))).toBe(false);
  });

  test.concurrent('does not end while a tool runs, and knows what runs', async () => {
    const own = id();
    const lease = start(shell, leaseCommand(1), own);
    await until(() => existsSync(`${directory(own)}/left`));
    const tool = start(shell, lifelineCommand(['sleep', '2'], 1), own);
    await until(() => readdirSync(directory(own)).some((name) => name.startsWith('argv.')));
    const name = readdirSync(directory(own)).find((one) => one.startsWith('argv.')) ?? '';
    expect(readFileSync(`${directory(own)}/${name}`, 'utf8')).toBe('sleep 2\n');
    expect((await outcome(tool)).code).toBe(0);
    expect(lease.exitCode).toBeNull();
    expect((await outcome(lease)).code).toBe(0);
  });

  test.concurrent('a use that is over already still counts, with its own time', async () => {
    const own = id();
    const lease = start(shell, leaseCommand(2), own);
    await until(() => existsSync(`${directory(own)}/left`));
    expect((await outcome(start(shell, lifelineCommand(['true'], 30), own))).code).toBe(0);
    await until(() => Number(readFileSync(`${directory(own)}/left`, 'utf8').split(' ')[0]) > 20);
    await until(() => readdirSync(directory(own)).every((name) => name === 'pid' || name === 'left'));
    lease.kill('SIGTERM');
    await outcome(lease);
  });

  test.concurrent(
    'ends a tool whose client has fallen silent, though its connection is still there',
    async () => {
      const own = id();
      const [sh = '', c = '', script = '', name = ''] = leaseCommand(60);
      const lease = start(shell, [sh, c, script, name, '60', '1', '2'], own);
      await until(() => existsSync(`${directory(own)}/left`));
      const { child, endInput } = startHeld(shell, lifelineCommand(['sleep', '1000'], 60), own);
      expect(await outcome(child)).toMatchObject({ code: 143 });
      endInput();
      lease.kill('SIGTERM');
      await outcome(lease);
      expect(processesOf(own)).toEqual([]);
    },
  );

  test.concurrent('ended, it ends the tools that run, in order', async () => {
    const own = id();
    const lease = start(shell, leaseCommand(900), own);
    await until(() => existsSync(`${directory(own)}/left`));
    const tool = start(
      shell,
      lifelineCommand(
        [
          'perl',
          '-e',
          '$|=1; $SIG{INT}=sub{print "last words"; exit 3}; print STDERR "ready"; sleep 1 while 1',
        ],
        900,
      ),
      own,
    );
    const ready = once(tool.stderr, 'data');
    const end = outcome(tool);
    await until(() => readdirSync(directory(own)).some((one) => one.startsWith('beat.')));
    await ready;
    lease.kill('SIGTERM');
    expect(await end).toMatchObject({ code: 3, stdout: 'last words' });
    expect((await outcome(lease)).code).toBe(0);
    expect(processesOf(own)).toEqual([]);
  });
});
