import { withRole } from '../debugger/ladder.js';
import { runTool } from '../debugger/lifeline.js';
import type { Clock, ContainerAddress } from '../debugger/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import type { ExecSession, KubeApi } from '../kube/api.js';
import type { Pod } from '../kube/types.js';
import { interrupted, type RunTool } from '../tools/run.js';
import { runInContainer } from './container.js';
import { type Kept, takenIn } from './keeper.js';
import type { LocalProgram } from './program.js';
import { packOne } from './tarball.js';
import { keeperCommand } from './upload-script.js';

export interface UploadRequest {
  readonly namespace: string;
  readonly pod: string;
  /** Undefined: the default container of the pod. */
  readonly container: string | undefined;
  readonly program: LocalProgram;
  readonly clock: Clock;
  /** Uniform in [0, 1), as Math.random. */
  readonly random: () => number;
  readonly signal?: AbortSignal | undefined;
  /** What a person should know: where it is, that it is not static. */
  readonly onNote?: ((sentence: string) => void) | undefined;
}

/** A tcpdump in a container that had none. */
export interface UploadedTcpdump {
  readonly at: ContainerAddress;
  /**
   * Runs it, under the lifeline; argv as for a debug container, beginning with `tcpdump`. Where the connection that keeps it was lost
   * meanwhile, and it was removed with that, it is uploaded anew.
   */
  readonly run: RunTool;
  /** Takes it away. Resolves when it is gone, or cannot be reached; then the container removes it by itself. Never rejects. */
  readonly remove: () => Promise<void>;
}

/** All of a start: choosing a place, sending, looking whether it runs. */
const startTimeoutMs = 120_000;
const removeTimeoutMs = 10_000;
/** Where a program may be put as a rule; volumes of the container that can be written come after the first two. */
const folders = { first: ['/tmp', '/var/tmp'], last: ['/dev/shm', '/run'] };

/**
 * Copies a tcpdump into a container of the pod itself and makes sure that it runs there: by tar, else by cat; length and sha256 are
 * compared. It stays for as long as this connection does. Throws a {@link NetdebugError} that says what is in the way: no NET_RAW
 * (5), no shell, no place (6), another architecture, not static (2).
 */
export async function uploadTcpdump(
  api: Pick<KubeApi, 'exec' | 'get'>,
  request: UploadRequest,
): Promise<UploadedTcpdump> {
  const { clock, signal, program } = request;
  const { at, pod } = await runInContainer(api, request, request.container, { clock, signal });
  const packed = await packOne('tcpdump', program.bytes, 0o700);
  const upload = (): Promise<Kept> => uploadInto(api, at, pod, packed, request);
  let kept = await upload();
  request.onNote?.(`${program.name} uploaded into ${at.container}: ${kept.folder}, ${kept.version}`);
  if (program.elf.interpreter !== undefined) {
    request.onNote?.(
      `note: ${program.name} is not static; it runs here because the container has its libraries`,
    );
  }
  let renewing: Promise<Kept> | undefined;
  const current = async (): Promise<Kept> => {
    if (!kept.gone()) return kept;
    renewing ??= upload().finally(() => (renewing = undefined));
    return (kept = await renewing);
  };
  return {
    at,
    run: async (argv) => {
      const { path } = await current();
      return runTool(api, at, [path, ...argv.slice(1)], { clock, signal, called: 'container' });
    },
    remove: () => removed(kept, clock),
  };
}

async function uploadInto(
  api: Pick<KubeApi, 'exec'>,
  at: ContainerAddress,
  pod: Pod,
  packed: Uint8Array,
  { program, clock, random, signal }: UploadRequest,
): Promise<Kept> {
  const id = Array.from({ length: 10 }, () => Math.floor(random() * 36).toString(36)).join('');
  const argv = keeperCommand(program.bytes.length, packed.length, id, foldersOf(pod, at.container));
  // The signal ends the start only: what runs is ended by whoever started it, and then taken away.
  const start = new AbortController();
  const giveUp = (): void => start.abort();
  signal?.addEventListener('abort', giveUp, { once: true });
  if (signal?.aborted) giveUp();
  const over = new AbortController();
  const late = new Promise<never>((_, reject) => {
    void clock.sleep(startTimeoutMs, over.signal).then(() => {
      const sentence = `Uploading into container ${at.container} took too long.`;
      if (!over.signal.aborted) reject(new NetdebugError(sentence, { exitCode: ExitCode.incomplete }));
    });
  });
  let session: ExecSession | undefined;
  try {
    session = await api.exec({ ...at, argv, stdin: true, signal: start.signal });
    return await Promise.race([takenIn(session, program, packed, at.container), late]);
  } catch (error) {
    // The script there meets the end of its input, and removes what there is.
    session?.close();
    if (signal?.aborted === true) throw interrupted();
    throw withRole(at.namespace, error);
  } finally {
    over.abort();
    signal?.removeEventListener('abort', giveUp);
  }
}

async function removed({ session, gone }: Kept, clock: Clock): Promise<void> {
  if (gone()) return;
  session.stdin.write('end\n');
  const over = new AbortController();
  await Promise.race([session.done, clock.sleep(removeTimeoutMs, over.signal)]);
  over.abort();
  session.close();
}

interface Mounts {
  readonly volumes?: readonly { readonly name: string; readonly emptyDir?: object }[];
  readonly containers: readonly {
    readonly name: string;
    readonly volumeMounts?: readonly {
      readonly name: string;
      readonly mountPath: string;
      readonly readOnly?: boolean;
    }[];
  }[];
}

/** Where the program may be put: never into a volume that outlives the pod. */
function foldersOf({ spec }: Pod, container: string): string[] {
  const { volumes = [], containers } = spec as Mounts;
  const empty = new Set(volumes.filter(({ emptyDir }) => emptyDir !== undefined).map(({ name }) => name));
  const mounts = containers.find(({ name }) => name === container)?.volumeMounts ?? [];
  const writable = mounts.filter(({ name, readOnly }) => empty.has(name) && readOnly !== true);
  return [...folders.first, ...writable.map(({ mountPath }) => mountPath), ...folders.last];
}
