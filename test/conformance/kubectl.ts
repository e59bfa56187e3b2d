/** Stock kubectl as a child process, with nothing of the machine's own configuration. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { TestCluster } from '../cluster/harness.js';

/** What a run of kubectl gave. */
export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How kubectl is run. */
export interface KubectlOptions {
  readonly kubeconfig: string;
  /** Home directory, where kubectl keeps its discovery cache. */
  readonly home: string;
  readonly stdin?: string | Buffer;
  /** On a terminal of its own (script(1)); stdout and stderr are then one. */
  readonly tty?: boolean;
  /** SIGINT once stdout or stderr holds this; kubectl is killed 20 s later in any case. */
  readonly interruptAt?: RegExp;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Runs kubectl to its end. Never rejects because of what kubectl answers. */
function kubectl(args: readonly string[], options: KubectlOptions): Promise<KubectlResult> {
  const argv = options.tty
    ? ['script', '-qefc', ['kubectl', ...args].map(quoted).join(' '), '/dev/null']
    : ['kubectl', ...args];
  const [program = '', ...rest] = argv;
  const env = {
    PATH: process.env.PATH,
    HOME: options.home,
    KUBECONFIG: options.kubeconfig,
    TERM: 'xterm',
    SHELL: '/bin/sh',
  };
  const child = spawn(program, rest, { env, stdio: 'pipe', timeout: 20_000, killSignal: 'SIGKILL' });
  child.stdin.on('error', () => undefined);
  if (options.tty && options.stdin !== undefined) {
    // A terminal stays open after its last input.
    child.stdin.write(options.stdin);
  } else {
    child.stdin.end(options.stdin);
  }
  let stdout = '';
  let stderr = '';
  let interrupted = false;
  const look = (): void => {
    if (!interrupted && options.interruptAt?.test(stdout + stderr)) {
      interrupted = true;
      child.kill('SIGINT');
    }
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    look();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 137), stdout, stderr }),
    );
  });
}

/** kubectl as the administrator of one cluster. */
export interface Kubectl {
  /** Its home directory; it goes with the cluster. */
  readonly home: string;
  readonly run: (args: readonly string[], options?: Partial<KubectlOptions>) => Promise<KubectlResult>;
  /** stdout of a run that has to succeed. */
  readonly out: (args: readonly string[], options?: Partial<KubectlOptions>) => Promise<string>;
}

/** kubectl for a cluster. `out` throws with everything that was printed when the exit code is not 0. */
export function kubectlOf({ dir, kubeconfig }: Pick<TestCluster, 'dir' | 'kubeconfig'>): Kubectl {
  const home = path.join(dir, 'home');
  mkdirSync(home);
  const run: Kubectl['run'] = (args, options) => kubectl(args, { kubeconfig, home, ...options });
  return {
    home,
    run,
    out: async (args, options) => {
      const { code, stdout, stderr } = await run(args, options);
      if (code !== 0) {
        throw new Error(`kubectl ${args.join(' ')}: exit ${code}\n${stdout}${stderr}`);
      }
      return stdout;
    },
  };
}

/** The rows of a table, cells apart. */
export function rows(table: string): string[][] {
  return table
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/\s{2,}/));
}
