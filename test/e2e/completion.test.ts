/** Tab in real shells, and through stock kubectl, with the built program and an API server that knows names. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type NamesServer, startNamesServer } from '../plugin/completion/names-server.js';
import { programs } from './program.js';

const launcher = fileURLToPath(new URL('../../plugin/completion/kubectl_complete-netdebug', import.meta.url));
const limitMs = 25_000;

let names: NamesServer;
let env: Record<string, string>;

beforeAll(async () => {
  names = await startNamesServer({
    names: {
      'shop/pods': ['web-0', 'db-0'],
      'shop/services': ['api', 'front'],
      'shop/deployments': ['api', 'front'],
    },
    objects: { '/api/v1/namespaces/shop/services/api': { spec: { ports: [{ port: 8080 }] } } },
  });
  const { home } = names;
  const bin = join(home, 'bin');
  await mkdir(bin);
  // What is completed is asked of the program; what is then run only says what it was given.
  await writeFile(
    join(bin, 'kubectl-netdebug'),
    `#!/bin/sh\ncase $1 in __*|completion) exec ${programs.executable.join(' ')} "$@";; esac\nprintf 'ran:'\nprintf ' [%s]' "$@"\nprintf ' end\\n'\n`,
  );
  await chmod(join(bin, 'kubectl-netdebug'), 0o755);
  await copyFile(launcher, join(bin, 'kubectl_complete-netdebug'));
  await writeFile(
    join(home, 'more'),
    JSON.stringify({
      contexts: ['arn:aws:eks/one', 'arn:aws:rds/two'].map((name) => ({ name, context: {} })),
    }),
  );
  env = {
    PATH: [bin, process.env.PATH ?? ''].join(delimiter),
    HOME: home,
    TERM: 'dumb',
    KUBECONFIG: [names.kubeconfig, join(home, 'more')].join(delimiter),
  };
});
afterAll(() => names.remove());

describe('stock kubectl', () => {
  async function complete(...words: readonly string[]): Promise<string[]> {
    const { stdout } = await promisify(execFile)('kubectl', ['__complete', 'netdebug', ...words], { env });
    return stdout.trimEnd().split('\n');
  }

  test('completes commands, and names of the cluster', async () => {
    expect(await complete('cap')).toEqual([expect.stringMatching(/^capture\tpackets /), ':4']);
    expect(await complete('tcpdump', 'w')).toEqual(['web-0\tRunning', ':4']);
    expect(await complete('ping', 'web-0', '--color=a')).toEqual(['auto', 'always', ':4']);
    expect(await complete('capture', '-w', '')).toEqual([':0']);
  });
});

test('the executable completes under the name that kubectl looks for', async () => {
  const second = join(names.home, 'kubectl_complete-netdebug');
  await copyFile(programs.executable[0], second);
  const { stdout } = await promisify(execFile)(second, ['tcpdump', 'w'], { env });
  expect(stdout).toBe('web-0\tRunning\n:4\n');
});

const prompt = 'READY';

/** How each shell is started with our script in it, and says that it is ready. */
const shells = {
  bash: ['bash', '--noprofile', '--rcfile', 'rc', '-i'],
  zsh: ['zsh', '-f', '-i'],
  fish: ['fish', '--no-config', '-i', '-C', 'source rc'],
} as const;
const startUp = {
  bash: `PS1='${prompt} '; source <(kubectl-netdebug completion bash)`,
  // Sourced by hand: -f reads no file.
  zsh: `PS1='${prompt} '; unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -d $HOME/zdump; source <(kubectl-netdebug completion zsh)`,
  fish: `function fish_prompt; echo '${prompt} '; end; function fish_greeting; end; kubectl-netdebug completion fish | source`,
} as const;

/** Types lines into a shell in a terminal of its own; resolves with what the program was then given, line by line. */
async function type(shell: keyof typeof shells, lines: readonly string[]): Promise<string[]> {
  const folder = join(names.home, shell);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'rc'), `${startUp[shell]}\n`);
  await writeFile(join(folder, 'some-profile.yaml'), '');
  const command = shells[shell].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    cwd: folder,
    env,
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  let screen = '';
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const until = (holds: () => boolean, what: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (holds()) resolve();
      };
      child.stdout.on('data', look);
      void ended.then(() => reject(new Error(`${shell} ended before ${what}: ${screen}`)));
      look();
    });
  child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
  const ran = () => [...screen.matchAll(/ran:(.*?) end\r?\n/g)].map(([, words = '']) => words.trim());
  if (shell === 'zsh') child.stdin.write('source ./rc\r');
  await until(() => screen.includes(prompt), 'its prompt');
  for (const [at, line] of lines.entries()) {
    child.stdin.write(`kubectl-netdebug ${line}\r`);
    await until(() => ran().length > at, `running ${JSON.stringify(line)}`);
  }
  child.stdin.write('exit\r');
  child.stdin.end();
  await ended;
  return ran();
}

describe.each(Object.keys(shells) as (keyof typeof shells)[])('%s', (shell) => {
  test('completes what is typed', async () => {
    const given = await type(shell, [
      'cap\tweb\t--col\tnev\t',
      'ping web-0 svc/a\t--color=al\t',
      'tcpdump dep\tf\t',
      'connect web-0 svc/api:8\t',
      'list --context arn:aws:e\t',
      'list --context=arn:aws:r\t',
      'ping web-0 --profile ./some-p\t',
      'nothing-of-ours we\t',
    ]);
    expect(given).toEqual([
      '[capture] [web-0] [--color] [never]',
      '[ping] [web-0] [svc/api] [--color=always]',
      '[tcpdump] [deploy/front]',
      '[connect] [web-0] [svc/api:8080]',
      '[list] [--context] [arn:aws:eks/one]',
      '[list] [--context=arn:aws:rds/two]',
      '[ping] [web-0] [--profile] [./some-profile.yaml]',
      '[nothing-of-ours] [we]',
    ]);
  });
});
