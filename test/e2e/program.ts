/** The built program as a child process, with nothing of the machine's own configuration. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));

/** The two ways the program is built: compiled, and as a bundle for Node. */
export const programs = {
  executable: [join(dist, 'kubectl-netdebug')],
  'on Node': [process.execPath, join(dist, 'node/kubectl-netdebug')],
} as const satisfies Readonly<Record<string, readonly string[]>>;

let defaultProgram: readonly string[] = programs.executable;

/** Tests that name no program run this one from now on; for test files that are run once more on Node. */
export function byDefault(name: keyof typeof programs): void {
  defaultProgram = programs[name];
}

export interface ProgramOptions {
  /** Default the executable, unless {@link byDefault} chose otherwise. */
  readonly program?: readonly string[];
  readonly kubeconfig?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Words in front of the program, such as `unshare`. */
  readonly wrapper?: readonly string[];
  /** Nobody reads stdout, but it stays open: what is written there stays in the pipe until it is full. */
  readonly stdoutUnread?: boolean;
}

export interface ProgramResult {
  /** 128 + N when a signal ended it, as a shell says. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface RunningProgram {
  readonly child: ChildProcess;
  /** Resolves when stderr (or stdout) holds this; rejects when the program ended without. */
  readonly says: (pattern: RegExp, where?: 'stdout' | 'stderr') => Promise<void>;
  readonly ended: Promise<ProgramResult>;
}

const limitMs = 60_000;
/** How long a program that is interrupted may take to end in order. */
const orderMs = 10_000;
const running = new Set<RunningProgram>();

/**
 * Ends what still runs, as after a test that failed: in order, so that nothing stays in a pod, else by force. True when there was
 * something.
 */
export async function endStarted(): Promise<boolean> {
  const all = [...running];
  for (const { child } of all) child.kill('SIGINT');
  const timer = setTimeout(() => {
    for (const { child } of all) child.kill('SIGKILL');
  }, orderMs);
  await Promise.allSettled(all.map(({ ended }) => ended));
  clearTimeout(timer);
  return all.length > 0;
}

const signals: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** A home directory of its own; removed by the returned function. */
export function makeHome(): { readonly home: string; readonly remove: () => void } {
  const home = mkdtempSync(join(tmpdir(), 'netdebug-e2e-'));
  return { home, remove: () => rmSync(home, { recursive: true, force: true }) };
}

/** Starts the program. It is killed after a minute in any case. */
export function startProgram(args: readonly string[], options: ProgramOptions = {}): RunningProgram {
  const own = options.program ?? defaultProgram;
  if (!existsSync(own.at(-1) ?? '')) throw new Error('there is no program to test: run npm run build');
  const [command = '', ...words] = [...(options.wrapper ?? []), ...own, ...args];
  const child = spawn(command, words, {
    env: {
      PATH: [dist, process.env.PATH ?? ''].join(delimiter),
      HOME: '/nonexistent',
      ...(options.kubeconfig === undefined ? {} : { KUBECONFIG: options.kubeconfig }),
      ...options.env,
    },
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  const chunks: Buffer[] = [];
  const text = { stdout: '', stderr: '' };
  if (options.stdoutUnread !== true) {
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      text.stdout = (text.stdout + chunk.toString('latin1')).slice(-65_536);
    });
  }
  child.stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()));
  const ended = new Promise<ProgramResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({
        code: code ?? 128 + (signals[signal ?? ''] ?? 15),
        stdout: Buffer.concat(chunks),
        stderr: text.stderr,
      }),
    );
  });
  const program: RunningProgram = {
    child,
    ended,
    says: (pattern, where = 'stderr') =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(text[where])) resolve();
        };
        child[where].on('data', look);
        child.on('close', () => reject(new Error(`ended without ${String(pattern)}: ${text.stderr}`)));
        look();
      }),
  };
  running.add(program);
  void ended.catch(() => undefined).then(() => running.delete(program));
  return program;
}

/** Runs the program to its end. */
export function runProgram(args: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  return startProgram(args, options).ended;
}
