import { ExitCode, NetdebugError } from '../errors.js';
import type { ContainerAddress } from './types.js';

/** Ctrl-C while a debug container was on its way: it comes all the same, which has to be said. */
export function interruptedStart({ namespace, pod, container }: ContainerAddress): NetdebugError {
  return new NetdebugError(
    `Interrupted while the debug container ${container} in pod ${namespace}/${pod} was starting.`,
    {
      exitCode: ExitCode.interrupted,
      hint: `Once started it ends by itself when its --ttl is over, or at once by: kubectl netdebug stop ${namespace}/pod/${pod}`,
    },
  );
}
