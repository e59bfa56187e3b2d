/** The API server's `onStream`: from an authorised upgrade request to a session, or to a refusal. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamRequest } from '../api/types.js';
import { KubeletError, type KubeletProcess } from '../types.js';
import { serveForward } from './portforward.js';
import { agree, isRefusal, refuseUpgrade, switchingProtocols, type Refusal } from './protocols.js';
import { serveSession, type StreamOptions } from './session.js';

/** How streams are served. */
export interface StreamSettings {
  /** Asked at each start: how much later the kubelet answers than it would. */
  readonly delayMs: () => number;
  /** Where a fault of our own goes; sessions report everything else to their client. */
  readonly onBug: (error: unknown) => void;
}

/**
 * kubectl 1.32 throws frames away that come before it has made its streams ("Unknown stream id 1, discarding message") and then says that
 * all went well. A container runtime takes longer than that to start a command; here it runs before the upgrade is answered.
 */
const runtimeStartMs = 30;

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
};

function refuse(request: StreamRequest, { status, body }: Refusal): void {
  const head = [`HTTP/1.1 ${status} ${reasons[status] ?? ''}`, 'Connection: close'];
  if (body !== undefined) {
    head.push('Content-Type: text/plain; charset=utf-8');
  }
  head.push(`Content-Length: ${Buffer.byteLength(body ?? '')}`);
  request.socket.end(`${head.join('\r\n')}\r\n\r\n${body ?? ''}`);
}

function streamOptions({ query, subresource }: StreamRequest): StreamOptions {
  // Go's conversion of query values to bool: only these two say no, nonsense says yes (exec-errors.json, "bad stdin value").
  const yes = (name: string): boolean => {
    const value = query.get(name);
    return value !== null && value !== 'false' && value !== '0';
  };
  const tty = yes('tty');
  return {
    kind: subresource === 'attach' ? 'attach' : 'exec',
    argv: query.getAll('command'),
    stdin: yes('stdin'),
    stdout: yes('stdout'),
    // A terminal has one output; stderr beside tty is dropped (exec-errors.json, "tty and stderr both").
    stderr: yes('stderr') && !tty,
    tty,
  };
}

function start(request: StreamRequest, options: StreamOptions): Promise<KubeletProcess> {
  const target = {
    podUid: request.pod.metadata.uid,
    container: request.container,
    stdin: options.stdin,
    tty: options.tty,
  };
  return options.kind === 'attach'
    ? request.kubelet.attach(target)
    : request.kubelet.exec({ ...target, argv: options.argv });
}

/** Failures to start the command come on channel 3; that there is no such running container comes before the upgrade. */
function isAfterUpgrade(error: KubeletError): boolean {
  return error.message.startsWith('error executing command in container');
}

async function serveCommand(request: StreamRequest, settings: StreamSettings): Promise<void> {
  const protocol = agree(request.req, request.subresource);
  if (isRefusal(protocol)) {
    refuse(request, protocol);
    return;
  }
  const options = streamOptions(request);
  if (!options.stdin && !options.stdout && !options.stderr) {
    refuse(request, { status: 400, body: 'you must specify at least 1 of stdin, stdout, stderr' });
    return;
  }
  // Nobody else listens yet; without this a client that goes now would end the cluster.
  request.socket.on('error', () => undefined);
  await sleep(settings.delayMs());
  const starting = start(request, options);
  try {
    await starting;
  } catch (error) {
    if (!(error instanceof KubeletError)) {
      throw error;
    }
    if (!isAfterUpgrade(error)) {
      refuse(request, { status: error.status, body: error.message });
      return;
    }
  }
  request.socket.write(switchingProtocols(request.req, protocol));
  if (request.req.headers['user-agent']?.startsWith('kubectl/') === true) await sleep(runtimeStartMs);
  await serveSession({ socket: request.socket, head: request.head, protocol }, starting, options);
}

/** Serves one stream; never throws. */
export function serveStream(request: StreamRequest, settings: StreamSettings): void {
  const refusal = refuseUpgrade(request.req);
  if (refusal) {
    refuse(request, refusal);
    return;
  }
  const serving =
    request.subresource === 'portforward' ? serveForward(request, refuse) : serveCommand(request, settings);
  serving.catch((error: unknown) => {
    request.socket.destroy();
    settings.onBug(error);
  });
}
