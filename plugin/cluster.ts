import type { KubeApi } from '../src/kube/api.js';
import type { Environment } from './environment.js';
import { formatDuration } from './options/duration.js';
import type { KubeRequest } from './options/kube.js';
import type { StatusLine } from './print/statusline.js';

/** Finds the cluster that the flags, the kubeconfig or the pod we are in name. The client is loaded here, not before. */
async function connectCluster(
  request: KubeRequest,
  environment: Environment,
  status: StatusLine,
): Promise<KubeApi> {
  const { connect } = await import('../src/kube/connect.js');
  return connect({
    ...request,
    env: environment.env,
    homeDir: environment.homeDir,
    stdinIsTerminal: environment.isTTY.stdin,
    pluginStderr: environment.stderr,
    onSlow: (server, waitedMs) => {
      if (waitedMs === undefined) status.clear();
      else status.show('api', `waiting for the API server ${server} (${formatDuration(waitedMs)})`);
    },
  });
}

/** {@link connectCluster} for the time of one task: connections are closed afterwards. */
export async function withCluster<T>(
  request: KubeRequest,
  environment: Environment,
  status: StatusLine,
  task: (api: KubeApi) => Promise<T>,
): Promise<T> {
  const api = await connectCluster(request, environment, status);
  try {
    return await task(api);
  } finally {
    api.close();
  }
}
