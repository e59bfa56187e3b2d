/**
 * A client that speaks raw websocket frames, as the one that made the recordings did: it can leave without a close frame,
 * reset, stop reading, and it notes every frame it sees.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';

/** A frame of the server. `channel` is absent for control frames; `payload` is without the channel byte. */
export interface Seen {
  readonly opcode: 'text' | 'binary' | 'close' | 'ping' | 'pong';
  readonly channel?: number;
  readonly payload: Buffer;
}

/** Where to connect and as whom. */
export interface Access {
  readonly server: string;
  readonly kubeconfig: string;
}

/** An upgrade request. */
export interface Upgrade {
  readonly method?: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer that is no 101. */
export interface Refused {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const names = { 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' } as const;
const numbers = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Certificate, key or token of a kubeconfig of our own making (JSON). */
export function credentialsOf(kubeconfig: string): {
  ca: string;
  cert?: string;
  key?: string;
  token?: string;
} {
  const config = JSON.parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const decode = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString();
  const user = config.users[0]?.user ?? {};
  const ca = decode(config.clusters[0]?.cluster['certificate-authority-data']);
  return user.token === undefined
    ? { ca, cert: decode(user['client-certificate-data']), key: decode(user['client-key-data']) }
    : { ca, token: user.token };
}

/** A session after its 101. */
export class Recording {
  readonly seen: Seen[] = [];
  readonly protocol: string;
  /** The socket ended, by whomever. */
  readonly ended: Promise<void>;
  /** TCP ended from the server's side. */
  fin = false;
  readonly #socket: tls.TLSSocket;
  readonly #raw: net.Socket;
  readonly #watchers = new Set<() => void>();
  #rest: Buffer;

  constructor(socket: tls.TLSSocket, raw: net.Socket, head: Buffer, protocol: string) {
    this.#socket = socket;
    this.#raw = raw;
    this.#rest = head;
    this.protocol = protocol;
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => {
      this.fin = true;
      this.#tell();
    });
    socket.on('close', () => this.#tell());
    this.#receive(Buffer.alloc(0));
  }

  /** All payload of a channel so far. */
  data(channel: number): Buffer {
    return Buffer.concat(
      this.seen.filter((frame) => frame.channel === channel).map(({ payload }) => payload),
    );
  }

  /** The close frame's code, once it came. */
  get closeCode(): number | undefined {
    return this.seen.find(({ opcode }) => opcode === 'close')?.payload.readUInt16BE(0);
  }

  /** Whether the session is over: close frame, or end of TCP. */
  get over(): boolean {
    return this.closeCode !== undefined || this.fin || this.#socket.destroyed;
  }

  /** Waits for a state of this recording; rejects with what was seen instead. */
  until(what: string, predicate: () => boolean, timeoutMs = 15_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (predicate()) {
          clearTimeout(timer);
          this.#watchers.delete(check);
          resolve();
        }
      };
      const timer = setTimeout(() => {
        this.#watchers.delete(check);
        reject(new Error(`${what}: not within ${timeoutMs} ms; seen ${this.toString()}`));
      }, timeoutMs);
      this.#watchers.add(check);
      check();
    });
  }

  toString(): string {
    const frames = this.seen.slice(-12).map(({ opcode, channel, payload }) => {
      return `${opcode} ${channel ?? ''} ${JSON.stringify(payload.toString().slice(0, 400))}`;
    });
    return `${frames.join('\n')}${this.fin ? '\n(FIN)' : ''}`;
  }

  /** Sends a data frame. */
  send(channel: number, data: Buffer | string): void {
    const payload = typeof data === 'string' ? Buffer.from(data) : data;
    this.frame('binary', Buffer.concat([Buffer.from([channel]), payload]));
  }

  /** Sends any frame, masked. */
  frame(opcode: keyof typeof numbers, payload: Buffer): void {
    const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10);
    head[0] = 0x80 | numbers[opcode];
    head[1] = 0x80 | (head.length === 2 ? payload.length : head.length === 4 ? 126 : 127);
    if (head.length === 4) {
      head.writeUInt16BE(payload.length, 2);
    } else if (head.length === 10) {
      head.writeBigUInt64BE(BigInt(payload.length), 2);
    }
    // A mask of zeros is a mask too, and spares bulk input the work.
    const mask = payload.length > 65_536 ? Buffer.alloc(4) : randomBytes(4);
    const masked =
      payload.length > 65_536 ? payload : payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0));
    this.#socket.write(Buffer.concat([head, mask, masked]));
  }

  close(code = 1000): void {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.frame('close', payload);
  }

  /** Leaves without a close frame. */
  destroy(how: 'fin' | 'reset' = 'fin'): void {
    if (how === 'reset') {
      this.#raw.resetAndDestroy();
    }
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #tell(): void {
    this.#watchers.forEach((check) => check());
  }

  #receive(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let size = this.#next(); size > 0; size = this.#next()) {
      this.#rest = this.#rest.subarray(size);
    }
    this.#tell();
  }

  /** Notes the first whole frame of the rest; returns its size, 0 when there is none. */
  #next(): number {
    const rest = this.#rest;
    const short = (rest[1] ?? 0) & 0x7f;
    const headSize = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (rest.length < headSize) {
      return 0;
    }
    const length =
      short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short;
    if (rest.length < headSize + length) {
      return 0;
    }
    const opcode = names[((rest[0] ?? 0) & 0x0f) as keyof typeof names];
    const payload = Buffer.from(rest.subarray(headSize, headSize + length));
    if (opcode === 'binary' || opcode === 'text') {
      const first = payload[0] ?? -1;
      this.seen.push({
        opcode,
        channel: opcode === 'text' ? first - 0x30 : first,
        payload: payload.subarray(1),
      });
    } else {
      this.seen.push({ opcode, payload });
    }
    return headSize + length;
  }
}

/** Asks for an upgrade. Returns the session, or the server's refusal. Rejects when the answer is no websocket answer. */
export async function upgrade(access: Access, wanted: Upgrade): Promise<Recording | Refused> {
  const { ca, cert, key, token } = credentialsOf(access.kubeconfig);
  const { hostname, port } = new URL(access.server);
  const raw = net.connect(Number(port), hostname);
  // The TLS socket tells of it too, unless it was reset below it.
  raw.on('error', () => undefined);
  const socket = tls.connect({
    socket: raw,
    ca,
    servername: 'localhost',
    ...(cert && key ? { cert, key } : {}),
  });
  const nonce = randomBytes(16).toString('base64');
  const headers = {
    'sec-websocket-version': '13',
    'sec-websocket-key': nonce,
    ...wanted.headers,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const request = https.request({
      hostname,
      port,
      method: wanted.method ?? 'GET',
      path: wanted.path,
      headers,
      createConnection: () => socket,
    });
    request.on('error', reject);
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => {
        socket.destroy();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    request.on('upgrade', (response, _, head) => {
      const expected = createHash('sha1')
        .update(`${nonce}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      if (response.headers['sec-websocket-accept'] !== expected) {
        reject(new Error(`wrong accept ${String(response.headers['sec-websocket-accept'])}`));
      }
      resolve(new Recording(socket, raw, head, response.headers['sec-websocket-protocol'] ?? ''));
    });
    request.end();
  });
}

/** As upgrade(), but a refusal is an error. */
export async function record(access: Access, wanted: Upgrade): Promise<Recording> {
  const answer = await upgrade(access, wanted);
  if (answer instanceof Recording) {
    return answer;
  }
  throw new Error(`${wanted.path}: ${answer.status} ${answer.body}`);
}

/** The path and headers of an exec. */
export function execRequest(
  target: { readonly namespace?: string; readonly pod: string; readonly container?: string },
  command: readonly string[],
  options: {
    readonly protocol?: string;
    readonly stdin?: boolean;
    readonly tty?: boolean;
    readonly stderr?: boolean;
  } = {},
): Upgrade {
  const query = new URLSearchParams({
    stdout: 'true',
    stdin: String(options.stdin ?? false),
    tty: String(options.tty ?? false),
  });
  query.set('stderr', String(options.stderr ?? !options.tty));
  if (target.container !== undefined) {
    query.set('container', target.container);
  }
  command.forEach((word) => query.append('command', word));
  return {
    path: `/api/v1/namespaces/${target.namespace ?? 'default'}/pods/${target.pod}/exec?${query.toString()}`,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-protocol': options.protocol ?? 'v5.channel.k8s.io',
    },
  };
}
