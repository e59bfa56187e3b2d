/** Temporary directories of clusters. Each names its owner, so that the next start can remove what a killed owner left behind. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const prefix = 'netdebug-cluster-';
const ownerFile = 'owner';

/** A directory without owner file this old was left by a start that was killed half-way. */
const orphanAfterMs = 60_000;

/**
 * When a process was started, in clock ticks since boot (proc_pid_stat(5), field 22); with the pid it names a process for
 * good. undefined when it has ended, waited for or not.
 */
export function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function isOwned(dir: string): boolean {
  try {
    const [pid, started] = readFileSync(path.join(dir, ownerFile), 'utf8').split(' ');
    return started !== undefined && startTime(Number(pid)) === started;
  } catch {
    return Date.now() - statSync(dir).mtimeMs < orphanAfterMs;
  }
}

/** Removes a cluster's directory; overlay work directories have mode 0 and resist plain removal. */
export function removeClusterDir(dir: string): void {
  try {
    rmSync(dir, { recursive: true, force: true });
  } catch {
    execFileSync('chmod', ['-R', 'u+rwX', dir], { stdio: 'ignore' });
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Removes the directories of this user's clusters whose owner has gone. Returns what was removed. */
export function sweepClusterDirs(): string[] {
  const uid = process.getuid?.();
  const dirs = readdirSync(tmpdir())
    .filter((name) => name.startsWith(prefix))
    .map((name) => path.join(tmpdir(), name));
  return dirs.filter((dir) => {
    try {
      if (statSync(dir).uid !== uid || isOwned(dir)) {
        return false;
      }
      removeClusterDir(dir);
      return true;
    } catch {
      // Another start was quicker, or it is not ours to remove.
      return false;
    }
  });
}

/** Makes the directory of a new cluster, owned by this process. */
export function makeClusterDir(): string {
  const dir = mkdtempSync(path.join(tmpdir(), prefix));
  writeFileSync(path.join(dir, ownerFile), `${process.pid} ${startTime(process.pid) ?? ''}`);
  return dir;
}
