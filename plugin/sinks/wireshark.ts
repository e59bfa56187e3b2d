import { execFile, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sink } from '../../src/capture/sink.js';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import { streamSink } from './stream.js';
import type { WiresharkFound } from './wireshark-find.js';

/** The first version that reads what `-i any` captures (LINKTYPE_LINUX_SLL2, 276). */
const leastForAny = [3, 4] as const;

const versionTimeoutMs = 15_000;
const exitWaitMs = 1_000;

/** What `--version` printed → `[4, 0, 17]`; undefined when it holds no version. */
export function parseWiresharkVersion(text: string): readonly [number, number, number] | undefined {
  const match = /(?:Wireshark|TShark)[^\d\n]*(\d+)\.(\d+)(?:\.(\d+))?/i.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** Asks Wireshark for its version; undefined when it does not say. */
export function wiresharkVersion(
  found: WiresharkFound,
): Promise<readonly [number, number, number] | undefined> {
  const { versionCommand } = found;
  if (versionCommand === undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const options = { timeout: versionTimeoutMs, windowsHide: true, maxBuffer: 1 << 20 };
    execFile(versionCommand, [...found.args, '--version'], options, (_, stdout) =>
      resolve(parseWiresharkVersion(stdout)),
    );
  });
}

/** Whether a version reads what is captured on all interfaces. */
export function readsAny([major, minor]: readonly [number, number, number]): boolean {
  return major > leastForAny[0] || (major === leastForAny[0] && minor >= leastForAny[1]);
}

/** Refuses a Wireshark that cannot read what is going to be captured. `any`: packets of all interfaces. */
export function checkWireshark(version: readonly [number, number, number] | undefined, any: boolean): void {
  if (version === undefined || !any || readsAny(version)) return;
  throw new NetdebugError(
    `Wireshark ${version.join('.')} cannot read packets captured on all interfaces (link type 276): that takes 3.4 or newer`,
    {
      exitCode: ExitCode.usage,
      hint: 'capture one interface, such as -i eth0, or write a file with -w FILE',
    },
  );
}

/** Starts Wireshark reading packets from a pipe. It outlives this program; when it is closed, the capture ends in order. */
export async function openWiresharkSink(found: WiresharkFound): Promise<Sink> {
  // A session of its own: Ctrl-C here must not close the window with what was captured.
  const child = spawn(found.command, [...found.args, '-k', '-i', '-'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(
        new NetdebugError(`cannot start Wireshark (${found.command}): ${cause.message}`, {
          exitCode: ExitCode.usage,
          hint: 'write a file with -w FILE and open it later',
          cause,
        }),
      ),
    );
  });
  const sink = streamSink(child.stdin, 'Wireshark', true);
  const exit = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      child.stdin.destroy();
      resolve(code);
    });
  });
  child.unref();
  return {
    ...sink,
    async close() {
      // The pipe breaks a moment before the exit code is known.
      const code = child.stdin.destroyed ? await Promise.race([exit, delay(exitWaitMs, 0)]) : 0;
      await sink.close();
      if (code !== 0) throw badEnd(code);
    },
    async abort(reason) {
      child.kill();
      await sink.abort(reason);
    },
  };
}

function badEnd(code: number | null): NetdebugError {
  return new NetdebugError(`Wireshark ended ${code === null ? 'by a signal' : `with exit code ${code}`}`, {
    exitCode: ExitCode.incomplete,
    hint: 'start it by hand to see why, or write a file with -w FILE',
  });
}
