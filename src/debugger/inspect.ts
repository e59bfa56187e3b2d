import type { KubeApi } from '../kube/api.js';
import { cleanText } from '../kube/text.js';
import { leaseDirectories, shellFunctions } from './lease.js';
import type { ContainerAddress } from './types.js';

/** A tool that runs in a debug container. */
export interface RunningTool {
  readonly pid: number;
  /** Its command line on one line, cleaned for a terminal. */
  readonly command: string;
  /** Its client has left and let it run: it ends when the container does. */
  readonly detached?: true | undefined;
}

/** What a lease says of itself. */
export interface LeaseState {
  /** Seconds until the container ends, unless it is used; never ends while a tool runs. */
  readonly leftSeconds: number;
  readonly tools: readonly RunningTool[];
}

const findDirectory = `for c in ${leaseDirectories}; do
  if [ -r $c/.netdebug-$NETDEBUG_ID/pid ]; then d=$c/.netdebug-$NETDEBUG_ID; break; fi
done 2>/dev/null
`;

const inspectScript = `${shellFunctions}d=
${findDirectory}[ -n "$d" ] || exit 1
{ read -r left ttl <$d/left && echo "left $left"; } 2>/dev/null
for f in $d/beat.*; do
  p=\${f##*.}
  { read -r n t s <$f && started $p && [ "$st" = "$s" ] && read -r line <$d/argv.$p && printf 'tool %s %s\\n' "$p" "$line"; } 2>/dev/null
done
for f in $d/kept.*; do
  p=\${f##*.}
  { read -r s line <$f && label=$line && started $p && [ "$st" = "$s" ] && printf 'kept %s %s\\n' "$p" "$label"; } 2>/dev/null
done
exit 0`;

// $1 is where to look for the lease without its directory: 1 in a process namespace of its own, nowhere in a shared one.
const endScript = `d= lease=$1
${findDirectory}[ -z "$d" ] || read -r lease <$d/pid
case $lease in '' | *[!0-9]*) exit 1 ;; esac
kill -TERM $lease`;

/** Asks a debug container what runs in it: one short exec. undefined when it does not tell in time, or may not be asked. */
export async function inspectLease(
  api: Pick<KubeApi, 'exec'>,
  at: ContainerAddress,
  timeoutMs: number,
): Promise<LeaseState | undefined> {
  const text = await execText(api, at, ['sh', '-c', inspectScript, 'netdebug'], timeoutMs).catch(
    () => undefined,
  );
  return text === undefined ? undefined : parseLease(text);
}

/** Reads what the script above prints. undefined without a time left. */
export function parseLease(text: string): LeaseState | undefined {
  const left = /^left (\d{1,9})$/m.exec(text)?.[1];
  if (left === undefined) return undefined;
  const tools = [...text.matchAll(/^(tool|kept) (\d{1,9}) (.*)$/gm)].map(
    ([, how, pid = '', command = '']): RunningTool => ({
      pid: Number(pid),
      command: cleanText(command, 500),
      ...(how === 'kept' ? { detached: true } : {}),
    }),
  );
  return { leftSeconds: Number(left), tools };
}

/**
 * Tells a lease to end; it ends its tools in order first. Rejects only when the exec is refused; whether the container has
 * ended is in the pod's status.
 * @param sharedProcesses The container's own process is not process 1.
 */
export async function endLease(
  api: Pick<KubeApi, 'exec'>,
  at: ContainerAddress,
  sharedProcesses: boolean,
  timeoutMs: number,
): Promise<void> {
  await execText(api, at, ['sh', '-c', endScript, 'netdebug', sharedProcesses ? '' : '1'], timeoutMs);
}

/** Output of a short command; what is over 64 KiB is left out. Rejects when the exec is refused, resolves early when time is up. */
async function execText(
  api: Pick<KubeApi, 'exec'>,
  { namespace, pod, container }: ContainerAddress,
  argv: readonly string[],
  timeoutMs: number,
): Promise<string> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const session = await api.exec({ namespace, pod, container, argv, timeoutMs, signal: deadline });
  const close = (): void => {
    session.close();
  };
  deadline.addEventListener('abort', close);
  let text = '';
  session.stdout.setEncoding('utf8');
  session.stdout.on('data', (chunk: string) => {
    if (text.length < 65_536) text += chunk;
  });
  session.stderr.resume();
  await session.done;
  deadline.removeEventListener('abort', close);
  return text;
}
