/**
 * Which subprotocol a stream gets, and the answer to the upgrade: `exec-protocols.json` and `portforward.json`.
 * v5 is spoken by the API server itself and wins whatever the order; the others by the kubelet, in the client's order.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a session needs to know about the agreed subprotocol. */
export interface Protocol {
  /** As in Sec-WebSocket-Protocol; empty when the client offered none. */
  readonly name: string;
  readonly version: 'v5' | 'v4' | 'v1';
  readonly base64: boolean;
}

/** An answer without upgrade. `body` absent: no body and no content type, as the recorded server does. */
export interface Refusal {
  readonly status: number;
  readonly body?: string;
}

const streamProtocols: readonly Protocol[] = [
  { name: 'v5.channel.k8s.io', version: 'v5', base64: false },
  { name: 'v4.channel.k8s.io', version: 'v4', base64: false },
  { name: 'v4.base64.channel.k8s.io', version: 'v4', base64: true },
  { name: 'channel.k8s.io', version: 'v1', base64: false },
  { name: 'base64.channel.k8s.io', version: 'v1', base64: true },
];

const noProtocol: Protocol = { name: '', version: 'v1', base64: false };

/** RFC 6455, section 1.3. */
const acceptSuffix = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

function offers(request: IncomingMessage): string[] {
  return (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((offer) => offer.trim())
    .filter((offer) => offer !== '');
}

/** Checks the upgrade itself; undefined when it is a websocket upgrade as RFC 6455 wants it. */
export function refuseUpgrade(request: IncomingMessage): Refusal | undefined {
  const upgrade = (request.headers.upgrade ?? '').toLowerCase();
  if (upgrade !== 'websocket') {
    // The second handler (SPDY) is asked after the first, and both write their sentence, hence twice.
    // The kubelet counts X-Forwarded-For, which the API server adds, as well.
    const count = Object.keys(request.headers).length + 1;
    const sentence = `unable to upgrade: header X-Stream-Protocol-Version does not exist in request with ${count} headers\n`;
    return { status: 400, body: request.method === 'GET' ? sentence + sentence : sentence };
  }
  if (request.method !== 'GET') {
    return { status: 405 };
  }
  if (
    request.headers['sec-websocket-version'] !== '13' ||
    request.headers['sec-websocket-key'] === undefined
  ) {
    return { status: 400 };
  }
  return undefined;
}

/** The protocol of an exec, attach or portforward stream, or the bare 403 for offers nobody knows. */
export function agree(request: IncomingMessage, kind: 'exec' | 'attach' | 'portforward'): Protocol | Refusal {
  const wanted = offers(request);
  if (wanted.length === 0) {
    return noProtocol;
  }
  const known = streamProtocols.filter(({ name, version }) =>
    kind === 'portforward' ? version === 'v4' : wanted.includes(name),
  );
  const v5 = known.find(({ version }) => version === 'v5');
  const first = wanted.map((offer) => known.find(({ name }) => name === offer)).find(Boolean);
  return v5 ?? first ?? { status: 403 };
}

/** Whether agree() refused. */
export function isRefusal(answer: Protocol | Refusal): answer is Refusal {
  return 'status' in answer;
}

/** The bytes of the 101 answer. */
export function switchingProtocols(request: IncomingMessage, protocol: Protocol): string {
  const key = request.headers['sec-websocket-key'] ?? '';
  const accept = createHash('sha1')
    .update(key + acceptSuffix)
    .digest('base64');
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    `Sec-WebSocket-Protocol: ${protocol.name}`,
    '\r\n',
  ].join('\r\n');
}
