import type { Clock } from '../../debugger/types.js';
import { ExitCode, NetdebugError } from '../../errors.js';
import type { KubeApi } from '../../kube/api.js';
import { podPath } from '../../kube/paths.js';
import { cleanText } from '../../kube/text.js';
import { eachLine } from '../../tools/text.js';
import { matchesPattern } from './trigger.js';

/** Whose log is followed. */
export interface LogTriggerRequest {
  readonly namespace: string;
  readonly pod: string;
  /** Absent: the pod's only container, or the one it names as its default. */
  readonly container: string | undefined;
  readonly pattern: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const AGAIN_MS = 1_000;
/** So many tries in a row that brought nothing, and the log is given up. */
const MOST_FAILURES = 60;

/**
 * Follows a log until a line matches, over restarts and lost connections, and gives that line, cleaned for a terminal. Lines
 * from before do not count. undefined when the signal came first; rejects when the log cannot be read.
 */
export async function waitForLogLine(
  api: Pick<KubeApi, 'stream'>,
  request: LogTriggerRequest,
): Promise<string | undefined> {
  const { namespace, pod, container, pattern, clock, signal } = request;
  let since = clock.now();
  for (let failures = 0; !isAborted(signal);) {
    try {
      const lookedAt = clock.now();
      const query = { container, follow: true, sinceTime: new Date(since).toISOString() };
      const stream = await api.stream(podPath(namespace, pod, 'log'), { query, signal });
      const seen: string[] = [];
      await eachLine(stream, (line) => {
        failures = 0;
        if (seen.length > 0 || !matchesPattern(line, pattern)) return;
        seen.push(line);
        stream.destroy();
      });
      const [match] = seen;
      if (match !== undefined) return cleanText(match, 200);
      since = lookedAt;
      failures += 1;
    } catch (error) {
      if (isAborted(signal)) return undefined;
      failures += 1;
      if (failures >= MOST_FAILURES || isRefusal(error)) throw error;
    }
    await clock.sleep(AGAIN_MS, signal);
  }
  return undefined;
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** What no second try will change. */
function isRefusal(error: unknown): boolean {
  return error instanceof NetdebugError && error.exitCode === ExitCode.notAllowed;
}
