/** Runs this machine's programs inside the cluster's namespaces. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunResult } from './ipc.js';
import { resolverAddress } from './network/dns/outside.js';

/** Runs a command to its end, in the network namespace of process `netOf` if given. Output over 64 MiB, and a command over its time, end it. */
export function runCommand(
  argv: readonly string[],
  netOf: number | undefined,
  timeoutMs: number,
): Promise<RunResult> {
  const [program = '', ...args] =
    netOf === undefined ? argv : ['nsenter', `--net=/proc/${netOf}/ns/net`, '--', ...argv];
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL' as const, maxBuffer: 64 * 1024 * 1024 };
    execFile(program, args, options, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') {
        reject(new Error(`${argv.join(' ')}: ${error.message}`));
      } else {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      }
    });
  });
}

/** The same command, for which names are looked up by the resolver outside of the cluster. */
export function withResolver(dir: string, argv: readonly string[]): readonly string[] {
  const file = join(dir, 'outside-resolv.conf');
  writeFileSync(file, `nameserver ${resolverAddress}\noptions timeout:1 attempts:1\n`);
  const script = 'mount --bind "$1" "$(readlink -f /etc/resolv.conf)" && shift && exec "$@"';
  return ['unshare', '-m', 'sh', '-c', script, 'sh', file, ...argv];
}
