import { describe, expect, test } from '@jest/globals';
import { lifelineCommand } from '../../src/debugger/lifeline-script.js';
import { freshId, outcome, processesOf, shells, start, startHeld, until } from './shells.js';

/** Says what it was sent; ends with 42 on SIGINT, as a tool that catches it does. */
const catcher = [
  'perl',
  '-e',
  '$|=1; $SIG{INT}=sub{print "int\\n"; exit 42}; $SIG{USR1}=sub{print "usr1\\n"}; print "ready\\n"; sleep 1 while 1',
];

const stubborn = [
  'perl',
  '-e',
  '$|=1; $SIG{INT}=$SIG{TERM}="IGNORE"; $SIG{INT}=sub{}; print "ready\\n"; sleep 1 while 1',
];

describe.each(shells)('lifeline in %s', (_name, shell) => {
  test('gives the exit code and both streams of the tool, and leaves nothing while stdin is still open', async () => {
    const id = freshId();
    const child = start(shell, lifelineCommand(['sh', '-c', 'echo out; echo err >&2; exit 7'], 60), id);
    expect(await outcome(child)).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
    expect(processesOf(id)).toEqual([]);
  });

  test('passes every word as it is', async () => {
    const words = ['$(touch /tmp/x)', '`id`', 'a b', '"', "'", '', '*', '-n', '\\n', 'ä'];
    const child = start(shell, lifelineCommand(['printf', '<%s>', ...words], 60), freshId());
    expect((await outcome(child)).stdout).toBe(words.map((word) => `<${word}>`).join(''));
  });

  test('says with its own code that the program is not there', async () => {
    const child = start(shell, lifelineCommand(['no-such-program', 'x'], 60), freshId());
    expect(await outcome(child)).toEqual({ code: 218, stdout: '', stderr: '' });
  });

  test('interrupts the tool when stdin ends', async () => {
    const id = freshId();
    const child = start(shell, lifelineCommand(catcher, 60), id);
    const end = outcome(child);
    child.stdout.once('data', () => child.stdin.end());
    expect(await end).toEqual({ code: 42, stdout: 'ready\nint\n', stderr: '' });
    expect(processesOf(id)).toEqual([]);
  });

  test('ends a tool at once that does not catch SIGINT, though the shell made it ignore it', async () => {
    const id = freshId();
    const child = start(shell, lifelineCommand(['sleep', '1000'], 60), id);
    const end = outcome(child);
    await until(() => processesOf(id).some(({ argv }) => argv[0] === 'sleep'));
    child.stdin.end();
    expect(await end).toEqual({ code: 143, stdout: '', stderr: '' });
    expect(processesOf(id)).toEqual([]);
  });

  test('kills a tool that does not obey, and leaves no sleeping helper', async () => {
    const id = freshId();
    const child = start(shell, lifelineCommand(stubborn, 60), id);
    const end = outcome(child);
    child.stdout.once('data', () => child.stdin.end());
    expect((await end).code).toBe(137);
    await until(() => processesOf(id).length === 0);
  });

  test('obeys its client: USR1 when caught, interrupt, and the output in between arrives', async () => {
    const child = start(shell, lifelineCommand(catcher, 60), freshId());
    const end = outcome(child);
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('ready')) child.stdin.write('h\nu\n');
      if (chunk.toString().includes('usr1')) child.stdin.write('i\n');
    });
    expect(await end).toEqual({ code: 42, stdout: 'ready\nusr1\nint\n', stderr: '' });
    child.stdin.destroy();
  });

  test('does not send USR1 to a tool that would die of it', async () => {
    const child = start(shell, lifelineCommand(['sh', '-c', 'echo ready; exec sleep 1000'], 60), freshId());
    const end = outcome(child);
    child.stdout.once('data', () => child.stdin.write('u\nt\n'));
    expect((await end).code).toBe(143);
    child.stdin.destroy();
  });

  test('survives the kill of its shell (a v4 connection that is cut) and ends the tool when stdin ends', async () => {
    const id = freshId();
    const { child, endInput } = startHeld(shell, lifelineCommand(catcher, 60), id);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(() => said === 'ready\n');
    const pid = child.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    await until(() => !processesOf(id).some((one) => one.pid === pid));
    expect(processesOf(id).some(({ argv }) => argv[0] === 'perl')).toBe(true);
    endInput();
    await until(() => processesOf(id).length === 0);
    expect(said).toBe('ready\nint\n');
  });
});
