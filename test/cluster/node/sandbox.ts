/**
 * The namespaces that the whole cluster lives in: network, mounts, processes, and users when the caller is not root.
 * When the process in them dies, even by kill -9, the kernel ends everything inside of them.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/** How user ids look inside. `single`: one user is known, who stands for root; see README.md. */
export type IdMap =
  | {
      readonly kind: 'full';
      /** In a user namespace, where overlays need another option. */ readonly nested: boolean;
    }
  | { readonly kind: 'single'; readonly uid: number; readonly gid: number };

/**
 * The argv that runs a command in namespaces of its own. Without root it needs user namespaces of the kernel; the
 * capabilities inside of them come from `--keep-caps`, because the caller's own id is kept: tcpdump, when it is root,
 * wants to become another user, and there is none in such a namespace.
 */
export function sandboxArgv(command: readonly string[], uid: number = userInfo().uid): string[] {
  const users = uid === 0 ? [] : ['--map-current-user', '--keep-caps'];
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  return ['unshare', ...users, ...namespaces, ...command];
}

/**
 * Why no sandbox can be made here, in one sentence, or undefined when it can.
 * Tries it: neither the kernel's settings nor those of a container around us tell reliably.
 */
export function sandboxProblem(argv: readonly string[] = sandboxArgv(['true'])): string | undefined {
  const [file = '', ...args] = argv;
  try {
    execFileSync(file, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 10_000 });
    return undefined;
  } catch (error) {
    const { stderr, message } = error as { stderr?: Buffer; message: string };
    return `this kernel does not let the local cluster make namespaces (${stderr?.toString().trim() || message})`;
  }
}

/** How ids are mapped in the namespace that this process is in (user_namespaces(7)). */
export function readIdMap(text: string = readFileSync('/proc/self/uid_map', 'utf8')): IdMap {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const known = lines.reduce((sum, [, , count = 0]) => sum + count, 0);
  const { uid, gid } = userInfo();
  return known > 1
    ? { kind: 'full', nested: lines.length > 1 || lines[0]?.[1] !== 0 || known < 2 ** 32 - 1 }
    : { kind: 'single', uid, gid };
}
