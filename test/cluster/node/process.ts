/** Starts processes through enter-script.ts and tells how it went: what runc's `create`, `start` and `exec` do. */
import { spawn } from 'node:child_process';
import { closeSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { enterScript } from './enter-script.js';
import { Pipes, type Pipe } from './pipes.js';
import { systemCalls, type Step } from './steps.js';

/** The file name of the script, by which its processes are known before their exec. */
export const scriptName = 'enter.pl';

/** A step that failed: `stage` names it, `text` is strerror(3)'s. */
export class StepError extends Error {
  readonly stage: string;
  readonly text: string;
  constructor(stage: string, text: string) {
    super(`${stage}: ${text}`);
    this.stage = stage;
    this.text = text;
  }
}

/** A process in a container, as the kubelet's side of its streams sees it. */
export interface RunningProcess {
  /** Its id in the cluster's process namespace. */
  readonly pid: number;
  /** The id of the process that waits for it, which is not in the container's process namespace. */
  readonly supervisor: number;
  readonly stdin: Socket | undefined;
  readonly stdout: Socket;
  /** Absent with a terminal. */
  readonly stderr: Socket | undefined;
  /** Its exit code, 128 + signal when killed. Its output may go on after that. */
  readonly exited: Promise<number>;
  /** The size of its terminal. */
  resize(columns: number, rows: number): void;
}

export interface Launch {
  readonly steps: readonly Step[];
  readonly argv: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
}

interface Outcome {
  readonly pid: number;
  readonly error: StepError | undefined;
}

function outcomeOf(text: string): Outcome {
  let pid = 0;
  let error: StepError | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('pid ')) {
      pid = Number(line.slice(4));
    } else if (line.startsWith('error ')) {
      const [stage = '', , reason = ''] = line.slice(6).split('\t');
      error = new StepError(stage, reason);
    }
  }
  return { pid, error };
}

/** The end of a pipe as a stream. Errors of a reader that has gone are no faults: the stream just closes. */
function streamOf(fd: number, direction: 'readable' | 'writable'): Socket {
  const socket = new Socket({ fd, readable: direction === 'readable', writable: direction === 'writable' });
  socket.on('error', () => undefined);
  return socket;
}

/** Starts processes; one for the whole cluster. */
export class Launcher {
  readonly #script: string;
  readonly #pipes: Pipes;
  readonly #calls = systemCalls();

  /** `dir`: a directory of the cluster, for the script and for FIFOs. */
  constructor(dir: string) {
    this.#script = join(dir, scriptName);
    writeFileSync(this.#script, enterScript);
    this.#pipes = new Pipes(join(dir, 'pipes'));
  }

  /** The arguments of perl for these steps. */
  arguments(steps: readonly Step[]): string[] {
    return [this.#script, this.#calls, ...steps.flat()];
  }

  /** Runs steps that end with `ready` and `pause`. Resolves with the id of the process once it is ready. */
  async hold(steps: readonly Step[]): Promise<{ pid: number; exited: Promise<void> }> {
    const child = spawn('perl', this.arguments([...steps, ['ready'], ['pause']]), {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      env: {},
    });
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const text = await collect(child.stdio[3] as Socket);
    const { pid, error } = outcomeOf(text);
    if (error ?? !text.includes('ready')) {
      throw error ?? new StepError('pause', 'ended early');
    }
    return { pid: pid || (child.pid ?? 0), exited };
  }

  /** Runs a command behind the steps. Resolves once it runs; rejects with a StepError when a step or the exec fails. */
  async run(launch: Launch): Promise<RunningProcess> {
    const [output, errors, input] = await Promise.all([
      this.#pipes.make('read'),
      launch.tty ? undefined : this.#pipes.make('read'),
      launch.stdin || launch.tty ? this.#pipes.make('write') : undefined,
    ]);
    const child = spawn('perl', this.arguments([...launch.steps, ['exec', ...launch.argv]]), {
      stdio: [
        input?.read ?? 'ignore',
        output.write,
        errors?.write ?? 'ignore',
        'pipe',
        launch.tty ? 'pipe' : 'ignore',
      ],
      env: {},
    });
    const exited = new Promise<number>((resolve) => {
      child.once('exit', (code, signal) => resolve(code ?? (signal ? 137 : 255)));
      child.once('error', () => resolve(255));
    });
    closeTheirs(output, errors, input);
    const { pid, error } = outcomeOf(await collect(child.stdio[3] as Socket));
    if (error ?? pid === 0) {
      for (const fd of [output.read, errors?.read, input?.write]) {
        if (fd !== undefined) {
          closeSync(fd);
        }
      }
      (child.stdio[4] as Socket | null)?.destroy();
      await exited;
      throw error ?? new StepError('start', 'ended early');
    }
    const control = child.stdio[4] as Socket | null;
    control?.on('error', () => undefined);
    return {
      pid,
      supervisor: child.pid ?? 0,
      stdin: input && streamOf(input.write, 'writable'),
      stdout: streamOf(output.read, 'readable'),
      stderr: errors && streamOf(errors.read, 'readable'),
      exited,
      resize: (columns, rows) => void control?.write(`${columns} ${rows}\n`),
    };
  }
}

function closeTheirs(output: Pipe, errors: Pipe | undefined, input: Pipe | undefined): void {
  closeSync(output.write);
  if (errors) {
    closeSync(errors.write);
  }
  if (input) {
    closeSync(input.read);
  }
}

/** What the script says on its status pipe, up to its end: the exec, the pause, or a failure. */
async function collect(status: Socket): Promise<string> {
  let text = '';
  status.setEncoding('utf8');
  status.on('error', () => undefined);
  status.on('data', (chunk: string) => {
    text += chunk;
  });
  await new Promise<void>((resolve) => status.once('close', () => resolve()));
  return text;
}
