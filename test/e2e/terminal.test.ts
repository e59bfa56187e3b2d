/** A shell in a real terminal, through tmux: what is typed, what is shown, and what stays behind. On both runtimes. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';
import { programs } from './program.js';

const execute = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'netdebug-tty-'));
/** A server for each test: one that is ending would take the next session with it. */
let servers = 0;
const socket = (): string => join(folder, `tmux-${servers}`);
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 1, objects: [pod({ name: 'web' })] });
  // A debug container that is there already, so that each shell opens at once.
  await execute(programs.executable[0], ['exec', 'web', '--', 'true'], { env: environment() });
}, 90_000);
afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true });
});
afterEach(async () => {
  await tmux('kill-server').catch(() => undefined);
  servers++;
});

const environment = (): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: '/nonexistent',
  KUBECONFIG: cluster.kubeconfig,
  TERM: 'xterm-256color',
  LC_ALL: 'C.UTF-8',
});

async function tmux(...args: readonly string[]): Promise<string> {
  const { stdout } = await execute('tmux', ['-S', socket(), '-f', '/dev/null', ...args], {
    env: environment(),
  });
  return stdout;
}

const screen = (): Promise<string> => tmux('capture-pane', '-p', '-J', '-e');
const type = (...keys: readonly string[]): Promise<string> => tmux('send-keys', ...keys);

/** Waits until the screen shows this; the error of the test says what it showed last. */
async function shows(pattern: RegExp): Promise<string> {
  const end = Date.now() + 20_000;
  for (;;) {
    const shown = await screen();
    if (pattern.test(shown)) return shown;
    if (Date.now() > end) throw new Error(`the screen does not show ${String(pattern)} but:\n${shown}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** How many processes of the pod have this among their words. */
async function running(word: string): Promise<number> {
  const processes = await cluster.processes('default', 'web');
  return processes.filter(({ argv }) => argv.includes(word)).length;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it did not come to be');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe.each(Object.entries(programs))('%s', (_, program) => {
  /** A terminal of 100 x 30 with the program in it; afterwards its shell says how it ended and how the terminal was left. */
  async function open(...words: readonly string[]): Promise<void> {
    const line = [...program, ...words].map((word) => `'${word}'`).join(' ');
    const after = 'echo "[code $?]"; stty -a | grep -o -- "-\\?icanon"; sleep 600';
    await tmux('new-session', '-d', '-x', '100', '-y', '30', `${line}; ${after}`);
  }

  test('a shell: typed, coloured, interrupted, resized, and its own code at the end', async () => {
    await open('shell', 'web');
    await shows(/Ctrl-\] leaves/);
    await type("PS1='ready> '", 'Enter');
    await shows(/^ready> $/m);
    await type('stty size', 'Enter');
    await shows(/^30 100$/m);
    await type(String.raw`printf '\033[31mred\033[0m\n'`, 'Enter');
    // tmux shows colours as the escape sequences that make them.
    await shows(/^.\[31mred/m);
    await type('sleep 4711', 'Enter');
    await until(async () => (await running('4711')) > 0);
    await type('C-c');
    await until(async () => (await running('4711')) === 0);
    await tmux('resize-window', '-x', '72', '-y', '20');
    await type('clear; stty size', 'Enter');
    await shows(/^20 72$/m);
    await type('exit 5', 'Enter');
    await shows(/\[code 5\][^]*^icanon$/m);
  });

  test('Ctrl-] leaves it running, and gives the terminal back', async () => {
    await open('shell', 'web');
    await shows(/Ctrl-\] leaves/);
    // What the other runtime has left lives on as well.
    const before = await running('4712');
    await type('exec sleep 4712', 'Enter');
    await until(async () => (await running('4712')) === before + 1);
    await type('C-]');
    await shows(/left running in netdebug-[^]*\[code 0\][^]*^icanon$/m);
    expect(await running('4712')).toBe(before + 1);
    // The guard has gone; what it left behind is found, and how to end it is said.
    const [command = '', ...words] = [...program, 'list'];
    const { stdout, stderr } = await execute(command, words, { env: environment() });
    expect(stdout).toMatch(/shell in a terminal, left running/);
    expect(stderr).toMatch(/left running ends with its container: kubectl netdebug stop POD/);
  });

  test('a client that is killed leaves no shell behind', async () => {
    await open('shell', 'web', '--detach-key', 'none');
    await shows(/[$#] $/m);
    await type('sleep 4713', 'Enter');
    await until(async () => (await running('4713')) === 1);
    const pane = (await tmux('display-message', '-p', '#{pane_pid}')).trim();
    const { stdout } = await execute('ps', ['-o', 'pid=', '--ppid', pane]);
    process.kill(Number(stdout.trim().split(/\s+/)[0]), 'SIGKILL');
    await until(async () => (await running('4713')) === 0);
  });

  test('ping --live redraws a line for each destination, until Ctrl-C', async () => {
    await open('ping', 'web', 'pod/web', '127.0.0.1', '203.0.113.9', '--live', '-i', '200ms');
    await shows(/^DEST +RECEIVED +LOSS +LAST MS/m);
    const shown = await shows(/^127\.0\.0\.1 +([3-9]|\d\d)\/\1 +0% .*[▁-█]{3}$/m);
    expect(shown.match(/^DEST /gm)).toHaveLength(1);
    await shows(/203\.0\.113\.9 +0\/\d+ +100% .*×××/m);
    await type('C-c');
    await shows(/\[code 130\]/);
    expect((await screen()).match(/^DEST /gm)).toHaveLength(1);
  });

  test('exec -it returns the code of a command in a terminal', async () => {
    await open(
      'exec',
      '-it',
      'web',
      '--',
      'sh',
      '-c',
      'test -t 0 && test -t 1 && echo "$TERM is here"; exit 9',
    );
    await shows(/(?:tmux|screen|xterm)\S* is here[^]*\[code 9\]/m);
  });
});
