/** Opens recorded sessions, as the client that made the recordings did. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { Recording } from './recording.js';

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
