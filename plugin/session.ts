import type { DebugContainer, Need } from '../src/debugger/types.js';
import type { KubeApi } from '../src/kube/api.js';
import type { RunTool } from '../src/tools/run.js';
import type { Environment } from './environment.js';
import type { DebugRequest } from './options/debug.js';
import type { OutputOptions } from './options/output.js';
import { showDebugProgress } from './print/progress.js';
import type { StatusLine } from './print/statusline.js';

/** A pod by its name. */
export interface PodAddress {
  readonly namespace: string;
  readonly pod: string;
  /** The node whose network is meant, through a debug pod that is made there; `pod` is then what messages call it. */
  readonly node?: string | undefined;
}

/** What a command needs besides the pod to get at a debug container. */
export interface SessionContext {
  readonly api: KubeApi;
  readonly environment: Environment;
  readonly status: StatusLine;
  readonly output: OutputOptions;
  readonly debug: DebugRequest;
  /** What is to be taken away when the command is over, however it ends. */
  readonly atEnd: Removal[];
}

/** Takes something away that the command put into the cluster. Rejects with a NetdebugError that says what stays. */
export type Removal = () => Promise<void>;

/** A running debug container, and how tools are started in it. */
export interface DebugSession {
  readonly container: DebugContainer;
  readonly run: RunTool;
}

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
