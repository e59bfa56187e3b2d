/** A client of exec and attach for tests: one websocket, nothing hidden. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { WebSocket } from 'ws';
import type { TestCluster } from '../../cluster/harness.js';

export interface SessionOptions {
  readonly pod: string;
  readonly container?: string;
  readonly namespace?: string;
  readonly command?: readonly string[];
  readonly kind?: 'exec' | 'attach';
  readonly stdin?: boolean;
  readonly tty?: boolean;
  readonly protocol?: 'v5.channel.k8s.io' | 'v4.channel.k8s.io';
}

/** What channel 3 said. */
export interface Ended {
  readonly status?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly message: string }[] };
}

export class Session {
  readonly socket: WebSocket;
  readonly output: Buffer[] = [];
  readonly errors: Buffer[] = [];
  receivedBytes = 0;
  readonly ended: Promise<Ended | undefined>;
  readonly #listeners = new Set<() => void>();

  constructor(socket: WebSocket) {
    this.socket = socket;
    let status: Ended | undefined;
    socket.on('message', (data: Buffer) => {
      const text = data.subarray(1);
      if (data[0] === 3) {
        status = JSON.parse(text.toString()) as Ended;
      } else {
        this.receivedBytes += text.length;
        (data[0] === 1 ? this.output : this.errors).push(text);
      }
      this.#listeners.forEach((listener) => listener());
    });
    socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => socket.once('close', () => resolve(status)));
  }

  get stdout(): string {
    return Buffer.concat(this.output).toString();
  }

  get stderr(): string {
    return Buffer.concat(this.errors).toString();
  }

  send(channel: number, data: string | Buffer): void {
    this.socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(data)]));
  }

  /** Half-close of stdin (v5). */
  endInput(): void {
    this.send(255, Buffer.from([0]));
  }

  /** Resolves once something that came makes `seen` true; rejects when the session ends before. */
  until(seen: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (seen()) {
          this.#listeners.delete(look);
          resolve();
        }
      };
      this.#listeners.add(look);
      void this.ended.then(() => reject(new Error(`the session ended before: ${this.stdout}${this.stderr}`)));
      look();
    });
  }
}

/** Opens a session; rejects with status and body of a refusal. */
export function openSession(cluster: TestCluster, options: SessionOptions): Promise<Session> {
  const query = new URLSearchParams([
    ['container', options.container ?? 'main'],
    ['stdin', String(options.stdin ?? false)],
    ['stdout', 'true'],
    ['stderr', String(options.tty !== true)],
    ['tty', String(options.tty ?? false)],
    ...(options.command ?? []).map((word): [string, string] => ['command', word]),
  ]);
  const place = `/api/v1/namespaces/${options.namespace ?? 'default'}/pods/${options.pod}/${options.kind ?? 'exec'}`;
  const socket = new WebSocket(
    `${cluster.server}${place}?${query.toString()}`,
    [options.protocol ?? 'v5.channel.k8s.io'],
    {
      ca: readFileSync(cluster.caFile),
      cert: readFileSync(path.join(cluster.dir, 'admin.crt')),
      key: readFileSync(path.join(cluster.dir, 'admin.key')),
      perMessageDeflate: false,
    },
  );
  return new Promise((resolve, reject) => {
    socket.once('unexpected-response', (_, response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () => reject(new Error(`${response.statusCode ?? 0}: ${body}`)));
    });
    socket.once('error', reject);
    const session = new Session(socket);
    socket.once('open', () => resolve(session));
  });
}

export interface RunOutcome {
  readonly stdout: string;
  readonly stderr: string;
  /** 0, or the exit code that channel 3 told; undefined when it told none. */
  readonly code: number | undefined;
  readonly message: string | undefined;
}

/** Runs a command to its end. */
export async function runIn(
  cluster: TestCluster,
  pod: string,
  command: readonly string[],
  container = 'main',
): Promise<RunOutcome> {
  const session = await openSession(cluster, { pod, container, command });
  const status = await session.ended;
  const told = status?.details?.causes?.find(({ message }) => /^\d+$/.test(message))?.message;
  return {
    stdout: session.stdout,
    stderr: session.stderr,
    code: status?.status === 'Success' ? 0 : told === undefined ? undefined : Number(told),
    message: status?.message,
  };
}
