import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
// jest cannot load two modules at a time that import a third; loaded here, they are there when the command asks for them.
import '../../../plugin/attach.js';
import '../../../plugin/options/profilefile.js';
import { run } from '../../../plugin/run.js';
import '../../../src/debugger/attached.js';
import '../../../src/debugger/ensure.js';
import '../../../src/kube/connect.js';
import '../../../src/target/resolve.js';
import { startCluster, type TestCluster } from '../../cluster/harness.js';
import { namespace, pod } from '../../cluster/manifests.js';
import { fakeEnvironment, runWords } from '../environment.js';

/** Commands in a debug container with their own input: what comes back, and what stays behind. */
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({
    nodes: 1,
    objects: [namespace('shop'), pod({ name: 'web', namespace: 'shop' })],
  });
}, 60_000);
afterAll(() => cluster.stop());

const common = (): readonly string[] => ['--kubeconfig', cluster.kubeconfig, '-n', 'shop'];
/** Real time and chance: containers start in it, and tokens must differ. */
const real = {
  random: Math.random,
  clock: {
    now: () => Date.now(),
    sleep: (milliseconds: number, signal?: AbortSignal) =>
      setTimeout(milliseconds, undefined, { signal }).catch(() => undefined),
    every: () => () => undefined,
  },
};
const exec = (words: readonly string[], argv: readonly string[], stdin?: PassThrough) =>
  runWords(['exec', 'web', ...words, ...common(), '--', ...argv], {
    ...real,
    ...(stdin === undefined ? {} : { stdin }),
  });

async function running(name: string): Promise<boolean> {
  return (await cluster.processes('shop', 'web')).some(({ argv }) => argv[0] === name || argv[1] === name);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it did not come to be');
    await setTimeout(50);
  }
}

describe('exec', () => {
  test('returns the code of the command, and keeps stdout and stderr apart', async () => {
    const result = await exec([], ['sh', '-c', 'echo out; echo err >&2; exit 42']);
    expect(result).toMatchObject({ code: 42, out: 'out\n' });
    expect(result.err).toContain('err\n');
    expect((await exec([], ['true'])).code).toBe(0);
  });

  test('words reach the command as they are', async () => {
    const words = ['a b', '$HOME', '`id`', "it's", '"', '*', '', '-n', ';exit 3'];
    const { out } = await exec([], ['printf', '%s\\n', ...words]);
    expect(out).toBe(words.map((word) => `${word}\n`).join(''));
  });

  test('stdin is passed on, and its end', async () => {
    const stdin = new PassThrough();
    const sent = Buffer.alloc(2_000_000, 'netdebug\n');
    stdin.end(sent);
    const { code, out } = await exec(['-i'], ['sh', '-c', 'wc -c; echo over'], stdin);
    expect([code, out.split(/\s+/).filter((word) => word !== '')]).toEqual([0, ['2000000', 'over']]);
  });

  test('without -i the command has no input', async () => {
    const stdin = new PassThrough();
    stdin.write('for somebody else\n');
    expect(await exec([], ['cat'], stdin)).toMatchObject({ code: 0, out: '' });
    expect(String(stdin.read())).toBe('for somebody else\n');
  });

  test('a command that is not in the image', async () => {
    const { code, err } = await exec([], ['no-such-program']);
    expect(code).toBe(8);
    expect(err).toContain('no-such-program is not in the image');
  });

  test('Ctrl-C interrupts it there, and its last words still come', async () => {
    const argv = ['sh', '-c', 'trap "echo bye; exit 7" INT; echo ready; while :; do sleep 0.05; done'];
    const environment = fakeEnvironment(['exec', 'web', ...common(), '--', ...argv], real);
    let out = '';
    environment.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const ended = run(environment);
    await until(() => Promise.resolve(out.includes('ready')));
    environment.stop({ kind: 'interrupted', signal: 'SIGINT' });
    expect(await ended).toBe(130);
    expect(out).toBe('ready\nbye\n');
  });

  test('when the connection is cut, it is ended there', async () => {
    await cluster.fault({ kind: 'drop', match: { upgrade: true }, afterBytes: 100_000, how: 'reset' });
    const { code } = await exec([], ['sh', '-c', 'sleep 4242 & yes; wait']);
    await cluster.clearFaults();
    expect(code).toBe(8);
    await until(async () => !(await running('yes')));
  });

  test('needs a command, and a terminal for -t', async () => {
    expect((await runWords(['exec', 'web'])).code).toBe(2);
    const { code, err } = await exec(['-t'], ['sh']);
    expect(code).toBe(2);
    expect(err).toContain('not a terminal');
    expect((await runWords(['shell', 'web', '--detach-key', 'F1'])).code).toBe(2);
  });
});
