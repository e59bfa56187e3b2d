/**
 * The namespaces that the whole cluster lives in: network, mounts, processes, and users when the caller is not root.
 * When the process in them dies, even by kill -9, the kernel ends everything inside of them.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

/** How user ids look inside. `single`: one user is known, who stands for root; see README.md. */
export type IdMap =
  { readonly kind: 'full' } | { readonly kind: 'single'; readonly uid: number; readonly gid: number };

/** Who starts the cluster; passed in by tests. */
export interface Caller {
  readonly uid: number;
  readonly username: string;
  /** True when /etc/subuid and newuidmap give this user a range of ids. */
  readonly hasSubordinateIds: boolean;
}

/** The caller of this process. */
export function currentCaller(): Caller {
  const { uid, username } = userInfo();
  return { uid, username, hasSubordinateIds: uid !== 0 && ownsSubordinateIds(uid, username) };
}

function ownsSubordinateIds(uid: number, username: string): boolean {
  try {
    accessSync('/usr/bin/newuidmap', constants.X_OK);
    accessSync('/usr/bin/newgidmap', constants.X_OK);
    return ['/etc/subuid', '/etc/subgid'].every((path) =>
      readFileSync(path, 'utf8')
        .split('\n')
        .some((line) => line.startsWith(`${username}:`) || line.startsWith(`${uid}:`)),
    );
  } catch {
    return false;
  }
}

/**
 * The argv that runs a command in namespaces of its own. Without root it needs user namespaces of the kernel; the
 * capabilities inside of them come from `--keep-caps`, because the caller's own id is kept (tcpdump, when it is root,
 * wants to become another user, and there is none in such a namespace).
 */
export function sandboxArgv(command: readonly string[], caller: Caller = currentCaller()): string[] {
  const users =
    caller.uid === 0
      ? []
      : caller.hasSubordinateIds
        ? ['--map-root-user', '--map-auto']
        : ['--map-current-user', '--keep-caps'];
  return [
    'unshare',
    ...users,
    ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
    ...command,
  ];
}

/**
 * Why no sandbox can be made here, in one sentence, or undefined when it can.
 * Tries it: neither the kernel's settings nor those of a container around us tell reliably.
 */
export function sandboxProblem(): string | undefined {
  try {
    const [file = '', ...args] = sandboxArgv(['true']);
    execFileSync(file, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 10_000 });
    return undefined;
  } catch (error) {
    const { stderr, message } = error as { stderr?: Buffer; message: string };
    return `this kernel does not let the local cluster make namespaces (${stderr?.toString().trim() || message})`;
  }
}

/** How ids are mapped in the namespace that this process is in (user_namespaces(7)). */
export function readIdMap(text: string = readFileSync('/proc/self/uid_map', 'utf8')): IdMap {
  const known = text
    .trim()
    .split('\n')
    .map((line) => Number(line.trim().split(/\s+/)[2]))
    .reduce((sum, count) => sum + count, 0);
  const { uid, gid } = userInfo();
  return known > 1 ? { kind: 'full' } : { kind: 'single', uid, gid };
}
