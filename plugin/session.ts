import type { Need } from '../src/debugger/types.js';
import type { DebugSession, PodAddress, SessionContext } from './context.js';
import { showDebugProgress } from './print/progress.js';

/**
 * Gets a debug container in the pod, found or injected, and shows on stderr what is waited for. What the profile cannot do is
 * said once, when the container is new. Rejects with a NetdebugError.
 */
export async function openSession(
  context: SessionContext,
  at: PodAddress,
  need: Need,
): Promise<DebugSession> {
  if (context.debug.upload !== undefined) {
    const { openUploadSession } = await import('./upload.js');
    return openUploadSession(context, at, context.debug.upload);
  }
  if (at.node !== undefined) {
    const { openNodeSession } = await import('./node.js');
    return openNodeSession(context, at.namespace, at.node, need);
  }
  const { api, environment, status, output, debug } = context;
  const { signal, clock } = environment;
  const [{ ensureDebugContainer }, { runTool }, { readDebugOptions }] = await Promise.all([
    import('../src/debugger/ensure.js'),
    import('../src/debugger/lifeline.js'),
    import('./options/profilefile.js'),
  ]);
  const options = await readDebugOptions(debug, environment.cwd);
  try {
    const container = await ensureDebugContainer(api, {
      ...at,
      need,
      options,
      onProgress: (progress) => showDebugProgress(status, progress, output.verbose),
      clock,
      random: environment.random,
      signal,
    });
    if (!container.reused || output.verbose)
      for (const limit of container.limits) status.note(`note: ${limit}`);
    return {
      container,
      run: (argv) => runTool(api, container, argv, { clock, ttlSeconds: options.ttlSeconds, signal }),
    };
  } finally {
    status.clear();
  }
}
