import { ExitCode, NetdebugError } from '../errors.js';
import type { ExecRequest, KubeApi } from '../kube/api.js';
import { isApiError } from '../kube/status.js';
import type { Pod } from '../kube/types.js';
import { checkOfError } from './outcome.js';
import type { Check } from './types.js';

/** What a kubelet says of an exec without any stream; only an upgrade that has come through gets as far as that. */
const noStreams = 'you must specify at least 1 of stdin';
const limitMs = 15_000;

/**
 * Whether websockets reach the API server: an exec in a running container that asks for no stream at all. The server refuses that
 * before anything is started, but after it has seen the upgrade; where something in between took the upgrade away, it says so instead.
 */
export async function checkWebsocket(api: Pick<KubeApi, 'exec'>, pod: Pod): Promise<Check> {
  const base = { id: 'websocket', area: 'cluster' } as const;
  const through: Check = { ...base, state: 'ok', message: 'websockets get through to the API server' };
  const request: ExecRequest = {
    namespace: pod.metadata.namespace ?? '',
    pod: pod.metadata.name,
    container: runningContainer(pod) ?? '',
    argv: ['true'],
    stdin: false,
    stdout: false,
    stderr: false,
    timeoutMs: limitMs,
  };
  try {
    const session = await api.exec(request);
    // A server that starts the command all the same: it is `true`.
    session.stdout.resume();
    session.stderr.resume();
    session.close();
    return { ...through, details: [`protocol ${session.protocol}`] };
  } catch (error) {
    if (isApiError(error, 400) && (error.status.message ?? '').startsWith(noStreams)) return through;
    if (isApiError(error, 403) && !error.foreign)
      return {
        ...base,
        state: 'unknown',
        message: 'whether websockets get through cannot be tried: you may not exec',
      };
    const check = checkOfError(error, 'websocket', 'cluster');
    // A kubelet that is out of reach, a container that has just ended: the websocket is not to blame.
    const ours =
      error instanceof NetdebugError && error.exitCode === ExitCode.unreachable && !isApiError(error);
    return ours ? check : { ...check, state: 'unknown' };
  }
}

/** The name of a container that runs; undefined when none does. */
export function runningContainer(pod: Pod): string | undefined {
  return pod.status?.containerStatuses?.find(({ state }) => state?.running !== undefined)?.name;
}
