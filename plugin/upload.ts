import { resolve } from 'node:path';
import type { UploadedTcpdump } from '../src/transfer/upload.js';
import { uploadToNode } from './options/upload.js';
import { usageError } from './options/usage.js';
import type { DebugSession, PodAddress, SessionContext } from './context.js';

/**
 * `--upload`: in place of a debug container, the container that is meant itself, with a tcpdump in it that was copied there. Its removal
 * is added to the context's `atEnd`. Rejects with a NetdebugError that says what is in the way.
 * @param path Of the program, as the person gave it.
 */
export async function openUploadSession(
  context: SessionContext,
  at: PodAddress,
  path: string,
): Promise<DebugSession> {
  const { api, environment, status, debug } = context;
  const { signal, clock, random, cwd } = environment;
  if (debug.dryRun)
    throw usageError('with --upload nothing is injected, so there is nothing for --dry-run to show');
  if (at.node !== undefined) throw uploadToNode();
  const [{ readProgram }, { uploadTcpdump }] = await Promise.all([
    import('../src/transfer/program.js'),
    import('../src/transfer/upload.js'),
  ]);
  const program = await readProgram(resolve(cwd, path), path);
  status.show('upload', `uploading ${path}`);
  const uploading: Promise<UploadedTcpdump> = uploadTcpdump(api, {
    ...at,
    container: debug.target,
    program,
    clock,
    random,
    signal,
    onNote: (sentence) => status.note(sentence),
  });
  // The command may be over before it runs there: then it is waited for, and removed.
  context.atEnd.push(async () => {
    const uploaded = await uploading.catch(() => undefined);
    await uploaded?.remove();
  });
  try {
    const { at: address, run } = await uploading;
    const container = {
      ...address,
      image: '',
      profile: 'custom',
      reused: false,
      limits: [],
      warnings: [],
    } as const;
    return { container, run };
  } finally {
    status.clear();
  }
}
