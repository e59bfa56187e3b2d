import { ExitCode, NetdebugError } from '../errors.js';
import { refusal } from './request.js';
import { UpgradeRefused } from './websocket.js';

/**
 * Throws what a failed upgrade means: the server's Status as an ApiError; one clear error where something between us and the server took the
 * Upgrade header away (the API server then sees an ordinary GET and says "Upgrade request required", a proxy answers 200 or 426 by itself);
 * anything else as it is.
 */
export async function refusedUpgrade(
  error: unknown,
  server: string,
  path: string,
  signal: AbortSignal,
): Promise<never> {
  if (!(error instanceof UpgradeRefused)) throw error;
  const { response } = error;
  const code = response.statusCode ?? 0;
  const abort = () => response.destroy();
  signal.addEventListener('abort', abort, { once: true });
  const answer = await refusal(response, server, 'GET', path);
  signal.removeEventListener('abort', abort);
  response.destroy();
  signal.throwIfAborted();
  const message = answer.status.message ?? '';
  const isStatus = response.headers['content-type']?.includes('json') === true;
  const stripped = code < 300 || code === 426 || (code === 400 && isLostUpgrade(message, isStatus));
  if (stripped) {
    throw new NetdebugError(
      `Something between here and the API server ${server} does not let websockets through (HTTP ${code}).`,
      {
        exitCode: ExitCode.unreachable,
        details: message === '' ? [] : [message],
        hint: 'A proxy or load balancer drops the Upgrade header. Allow websockets there, or go around it (NO_PROXY, proxy-url, server).',
        cause: answer,
      },
    );
  }
  // A Status always has a body; a bare 403 is the websocket library of the server saying that it knows none of our protocols.
  if (code === 403 && message === '') {
    throw new NetdebugError(
      `The API server ${server} speaks neither v5.channel.k8s.io nor v4.channel.k8s.io.`,
      {
        exitCode: ExitCode.unreachable,
        hint: 'Kubernetes 1.7 or newer is needed; a proxy in between may also refuse.',
        cause: answer,
      },
    );
  }
  throw answer;
}

/** Of the API server's own 400s, which speak of containers and streams, each is a Status but the one about streams. */
function isLostUpgrade(message: string, isStatus: boolean): boolean {
  if (/Upgrade request required|unable to upgrade/i.test(message)) return true;
  return !isStatus && !message.startsWith('you must specify at least 1 of stdin');
}
