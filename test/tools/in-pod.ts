import { ensureDebugContainer } from '../../src/debugger/ensure.js';
import { runTool } from '../../src/debugger/lifeline.js';
import type { DebugOptions, Need } from '../../src/debugger/types.js';
import type { KubeApi } from '../../src/kube/api.js';
import { connect } from '../../src/kube/connect.js';
import type { RunTool } from '../../src/tools/run.js';
import type { TestCluster } from '../cluster/harness.js';
import { clock } from './local.js';

/** The administrator's connection to a local cluster. */
export function connectTo(cluster: TestCluster): Promise<KubeApi> {
  return connect({ kubeconfig: cluster.kubeconfig, env: {}, homeDir: '/nonexistent' });
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
    options: {
      image: 'nicolaka/netshoot:v0.13',
      profile: 'auto',
      fresh: false,
      ttlSeconds: 900,
      startTimeoutMs: 30_000,
      ...options,
    },
    onProgress: () => undefined,
    clock,
    random: Math.random,
  });
  return (argv) => runTool(api, container, argv, { clock });
}
