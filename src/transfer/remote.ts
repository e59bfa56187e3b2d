import type { Clock, ToolEnd } from '../debugger/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import { cleanText } from '../kube/text.js';
import { collect, type RunTool } from '../tools/run.js';
import type { FileFacts } from './types.js';

/** How the container is asked. */
export interface RemoteContext {
  readonly run: RunTool;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** A file or folder in a container, as it was found. */
export interface RemotePath extends FileFacts {
  readonly kind: 'file' | 'folder';
  readonly path: string;
  /** Of a file; undefined for a folder. */
  readonly bytes: number | undefined;
  /** What the container has of the programs that a transfer uses. */
  readonly has: { readonly tar: boolean; readonly sha256sum: boolean; readonly find: boolean };
}

const lookTimeoutMs = 30_000;
/** A checksum reads everything once more. */
const sumTimeoutMs = 15 * 60_000;

const lookScript = `p=$1 kind=missing facts=
if [ -d "$p" ]; then kind=folder
elif [ -f "$p" ]; then kind=file
elif [ -e "$p" ]; then kind=other
elif [ -L "$p" ]; then kind=dangling
fi
case $kind in
  folder) if [ ! -r "$p" ] || [ ! -x "$p" ]; then kind=unreadable; fi ;;
  file) [ -r "$p" ] || kind=unreadable ;;
esac
if [ $kind = file ]; then
  facts=$(stat -L -c '%s %a %Y' -- "$p" 2>/dev/null) || facts=$(wc -c <"$p")
fi
has() { if command -v "$1" >/dev/null 2>&1; then printf ' %s' "$1"; fi; }
printf '%s\\n' "$kind" "$facts" "$(has tar)$(has sha256sum)$(has find)"`;

/** argv that runs a script with words as its positional parameters: no part of them is read as shell text. */
export function scriptArgv(script: string, ...words: readonly string[]): string[] {
  return ['sh', '-c', script, 'netdebug', ...words];
}

/**
 * Looks at what is to be pulled. Throws a {@link NetdebugError}: 6 when it is not there, cannot be read or is neither file nor
 * folder, or when the container has no shell.
 */
export async function lookAt(path: string, context: RemoteContext): Promise<RemotePath> {
  const { stdout, stderr, end } = await collect(context.run, scriptArgv(lookScript, path), {
    limitBytes: 64 * 1024,
    timeoutMs: lookTimeoutMs,
    clock: context.clock,
    signal: context.signal,
  });
  if (end.kind !== 'exited') throw notAsked(end);
  const [kind = '', facts = '', programs = ''] = stdout.split('\n');
  const name = cleanText(path, 200);
  if (kind !== 'file' && kind !== 'folder') {
    throw new NetdebugError(
      (sentences[kind] ?? ((it) => `${it} could not be looked at: ${cleanText(stderr, 200)}.`))(name),
      {
        exitCode: ExitCode.target,
        hint: hints[kind],
      },
    );
  }
  const has = new Set(programs.trim().split(' '));
  const [bytes, mode, mtime] = facts.trim().split(/\s+/);
  return {
    kind,
    path,
    bytes: kind === 'file' ? Number(/^\d{1,15}$/.exec(bytes ?? '')?.[0] ?? 0) : undefined,
    mode: mode !== undefined && /^[0-7]{1,5}$/.test(mode) ? parseInt(mode, 8) & 0o777 : undefined,
    mtimeSeconds: mtime !== undefined && /^\d{1,12}$/.test(mtime) ? Number(mtime) : undefined,
    has: { tar: has.has('tar'), sha256sum: has.has('sha256sum'), find: has.has('find') },
  };
}

const sentences: Readonly<Record<string, (name: string) => string>> = {
  missing: (name) => `${name} is not there.`,
  dangling: (name) => `${name} is a link to something that is not there.`,
  unreadable: (name) => `${name} may not be read there.`,
  other: (name) => `${name} is neither a file nor a folder.`,
};

const hints: Readonly<Record<string, string>> = {
  missing:
    "Paths are those of the debug container, unless -c CONTAINER names another. Through --target CONTAINER its files are under /proc/1/root, as far as the profile's user may look there.",
  unreadable: 'Another user may: try --profile netadmin or general, or -c CONTAINER.',
  other: 'Devices, sockets and pipes are not pulled.',
};

/** The failure when not even a shell could be started. */
function notAsked(end: Exclude<ToolEnd, { kind: 'exited' }>): NetdebugError {
  if (end.kind === 'lost') return end.error;
  return new NetdebugError('The container has no shell, so nothing can be copied out of it or into it.', {
    exitCode: ExitCode.target,
    hint: 'What works: leave -c out and name the container with --target CONTAINER; its files are then under /proc/1/root in the debug container (for another user than root with --profile general).',
    details: [end.error.message],
    cause: end.error,
  });
}

/** Bytes that a folder takes, about, by du; undefined where that cannot be told soon. Never rejects. */
export async function sizeOfFolder(path: string, context: RemoteContext): Promise<number | undefined> {
  try {
    const script = 'exec du -sk -- "$1" 2>/dev/null';
    const options = { limitBytes: 64 * 1024, timeoutMs: 20_000, ...context };
    const { stdout } = await collect(context.run, scriptArgv(script, path), options);
    const kibibytes = /^\d{1,12}/.exec(stdout)?.[0];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}

/** sha256 of a file there, or of its first so many bytes; undefined when it cannot be had. Rejects on Ctrl-C and lost connections. */
export async function remoteSum(
  path: string,
  context: RemoteContext,
  firstBytes?: number,
): Promise<string | undefined> {
  const whole = 'exec sha256sum <"$1"';
  const part = 'head -c "$2" <"$1" | sha256sum';
  const argv =
    firstBytes === undefined ? scriptArgv(whole, path) : scriptArgv(part, path, String(firstBytes));
  const { stdout, end } = await collect(context.run, argv, {
    limitBytes: 64 * 1024,
    timeoutMs: sumTimeoutMs,
    clock: context.clock,
    signal: context.signal,
  });
  if (end.kind === 'lost') throw end.error;
  return /^[0-9a-f]{64}/.exec(stdout)?.[0];
}
