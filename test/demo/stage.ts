import { spawn, type ChildProcess } from 'node:child_process';
import { delimiter } from 'node:path';
import type { Place } from './place.js';

export interface Running {
  /** Resolves when the command says on stderr that it listens. */
  readonly listening: Promise<void>;
  /** Resolves with stdout when it ended with 0; rejects with a sentence otherwise. */
  readonly ended: Promise<string>;
}

const limitMs = 180_000;

/** Runs the plugin in front of the audience: the command is printed, its output goes to the terminal as it comes. */
export class Stage {
  readonly #place: Place;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #signal: AbortSignal;

  constructor(place: Place, folder: string, signal: AbortSignal) {
    this.#place = place;
    this.#signal = signal;
    const path = `${folder}${delimiter}${process.env.PATH ?? ''}`;
    this.#env = { ...process.env, PATH: path, KUBECONFIG: place.kubeconfig };
  }

  say(text: string): void {
    console.log(`\n# ${text}`);
  }

  async run(words: readonly string[], options: { readonly quiet?: boolean } = {}): Promise<string> {
    return await this.start(words, options).ended;
  }

  start(words: readonly string[], options: { readonly quiet?: boolean } = {}): Running {
    this.#signal.throwIfAborted();
    const flags = ['--context', this.#place.context, '-n', this.#place.namespace];
    console.log(`$ kubectl netdebug ${words.join(' ')}`);
    const child = spawn('kubectl-netdebug', [...words, ...flags], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const abort = (): void => void child.kill('SIGINT');
    this.#signal.addEventListener('abort', abort, { once: true });
    const timer = setTimeout(abort, limitMs);
    const listening = saysOn(child, /listening on/);
    // Whoever does not wait for it must not be killed by its rejection.
    listening.catch(() => undefined);
    const ended = output(child, options.quiet === true, words.join(' ')).finally(() => {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', abort);
    });
    ended.catch(() => undefined);
    return { listening, ended };
  }
}

async function output(child: ChildProcess, quiet: boolean, what: string): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (!quiet) process.stdout.write(chunk);
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => process.stderr.write(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('close', resolve).on('error', reject);
  });
  if (code !== 0) throw new Error(`${what} ended with ${String(code)}`);
  return text;
}

async function saysOn(child: ChildProcess, pattern: RegExp): Promise<void> {
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer | string) => {
      text = (text + chunk.toString()).slice(-4096);
      if (pattern.test(text)) resolve();
    });
    child.on('close', () => reject(new Error('the capture ended before it listened')));
  });
}
