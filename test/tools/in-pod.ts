import { ensureDebugContainer } from '../../src/debugger/ensure.js';
import { runTool } from '../../src/debugger/lifeline.js';
import type { DebugOptions, Need } from '../../src/debugger/types.js';
import type { KubeApi } from '../../src/kube/api.js';
import { connect } from '../../src/kube/connect.js';
import type { RunTool } from '../../src/tools/run.js';
import { startCluster, type ClusterOptions, type TestCluster } from '../cluster/harness.js';
import { clock } from './local.js';

/** A local cluster and its administrator's connection to it. */
export interface Connected {
  readonly cluster: TestCluster;
  readonly api: KubeApi;
  /** Ends both. */
  readonly stop: () => Promise<void>;
}

/** Starts a local cluster and connects to it. */
export async function startConnected(options: ClusterOptions): Promise<Connected> {
  const cluster = await startCluster(options);
  const api = await connectWith(cluster.kubeconfig);
  const stop = async (): Promise<void> => {
    api.close();
    await cluster.stop();
  };
  return { cluster, api, stop };
}

/** A connection to a local cluster, with nothing of this machine's own configuration. */
export function connectWith(kubeconfig: string): Promise<KubeApi> {
  return connect({ kubeconfig, env: {}, homeDir: '/nonexistent' });
}

/** What a user who gives no flag asks of a debug container, but for `more`; it has half a minute to start. */
export function debugOptions(more: Partial<DebugOptions> = {}): DebugOptions {
  return {
    image: 'nicolaka/netshoot:v0.13',
    profile: 'auto',
    fresh: false,
    ttlSeconds: 900,
    startTimeoutMs: 30_000,
    ...more,
  };
}

/** Gets a debug container in a pod and runs tools there, through the API server. */
export async function toolsIn(
  api: KubeApi,
  namespace: string,
  pod: string,
  need: Need,
  options: Partial<DebugOptions> = {},
): Promise<RunTool> {
  const container = await ensureDebugContainer(api, {
    namespace,
    pod,
    need,
    options: debugOptions(options),
    onProgress: () => undefined,
    clock,
    random: Math.random,
  });
  return (argv) => runTool(api, container, argv, { clock });
}
