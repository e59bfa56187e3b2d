import { writeFile } from 'node:fs/promises';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import { savedSnapshot } from '../../src/diagnose/snapshot/save.js';
import type { Snapshot } from '../../src/diagnose/snapshot/types.js';

/** Writes the objects of a snapshot to a file that only its owner can read. Rejects with a NetdebugError, exit 2. */
export async function saveSnapshot(path: string, snapshot: Snapshot): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(savedSnapshot(snapshot))}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new NetdebugError(
      `cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        exitCode: ExitCode.usage,
        cause,
      },
    );
  }
}
