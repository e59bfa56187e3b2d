import { withRole } from '../debugger/ladder.js';
import { runTool } from '../debugger/lifeline.js';
import type { Clock, ContainerAddress } from '../debugger/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { podPath } from '../kube/paths.js';
import type { Pod } from '../kube/types.js';
import { chooseContainer } from '../target/pods.js';
import type { RunTool } from '../tools/run.js';

/** A container of a pod that is not ours. */
export interface InsideContainer {
  readonly at: ContainerAddress;
  readonly pod: Pod;
  /** Under the lifeline, as in a debug container: what is started ends with its connection. Needs a shell there. */
  readonly run: RunTool;
}

/**
 * Makes a container of the pod itself usable; nothing is injected or changed. Throws a NetdebugError: 6 when there is no such pod or
 * container, or it does not run; 5 when pods may not be read.
 * @param named Undefined: the default container of the pod.
 */
export async function runInContainer(
  api: Pick<KubeApi, 'exec' | 'get'>,
  place: { readonly namespace: string; readonly pod: string },
  named: string | undefined,
  options: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): Promise<InsideContainer> {
  const { namespace, pod: name } = place;
  const pod = await api
    .get<Pod>(podPath(namespace, name), { signal: options.signal })
    .catch((error: unknown) => {
      throw withRole(namespace, error);
    });
  const container = chooseContainer(pod, named);
  const at = { namespace, pod: name, container };
  const status = pod.status?.containerStatuses?.find((one) => one.name === container);
  if (status !== undefined && status.state?.running === undefined) {
    throw new NetdebugError(`Container ${container} of pod ${namespace}/${name} does not run.`, {
      exitCode: ExitCode.target,
      hint: 'Leave -c out: the debug container runs beside it.',
    });
  }
  return { at, pod, run: (argv) => runTool(api, at, argv, { ...options, called: 'container' }) };
}
