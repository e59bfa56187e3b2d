import { climb, explainInjection } from '../debugger/ladder.js';
import { injection, sendInjection } from '../debugger/inject.js';
import { limitsOf } from '../debugger/profile.js';
import { containerName, debugContainerSpec, profileOf } from '../debugger/spec.js';
import type { DebugOptions } from '../debugger/types.js';
import { NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import type { Pod } from '../kube/types.js';
import { checkOfError } from './outcome.js';
import type { Check } from './types.js';

export interface AdmissionRequest {
  readonly namespace: string;
  readonly pod: Pod;
  readonly options: DebugOptions;
  /** Uniform in [0, 1), as Math.random. */
  readonly random: () => number;
}

/**
 * Lets the API server try the very patch (dryRun=All): which profile Pod Security, policies and webhooks admit, and what that one
 * cannot do. Nothing is changed.
 */
export async function checkAdmission(api: Pick<KubeApi, 'send'>, request: AdmissionRequest): Promise<Check> {
  const { namespace, pod, options, random } = request;
  const base = { id: 'admission', area: 'target' } as const;
  const name = containerName(random);
  const refused: string[] = [];
  try {
    const spec =
      options.profile === 'auto'
        ? await climb(api, {
            namespace,
            pod,
            name,
            options,
            need: 'none',
            onProgress: (progress) => {
              if (progress.kind === 'rung-refused')
                refused.push(`${progress.profile} is refused: ${progress.why}`);
            },
          })
        : debugContainerSpec(name, pod, options.profile, options);
    if (options.profile !== 'auto')
      await sendInjection(api, injection(namespace, pod.metadata.name, spec), { dryRun: true }).catch(
        (error: unknown) => {
          const { profile } = options;
          throw explainInjection(
            namespace,
            error,
            typeof profile === 'string' && profile !== 'auto' ? profile : undefined,
          );
        },
      );
    const limits = limitsOf(spec.securityContext);
    return {
      ...base,
      state: limits.length === 0 ? 'ok' : 'warning',
      message: `a debug container is admitted: profile ${profileOf(spec)}`,
      ...(refused.length + limits.length === 0 ? {} : { details: [...refused, ...limits] }),
      ...(refused.length === 0
        ? {}
        : {
            advice: `For more, ask the administrators of namespace ${namespace} for a lower level of Pod Security, or an exception.`,
          }),
    };
  } catch (error) {
    const check = checkOfError(error, 'admission', 'target');
    // Without the right to patch nothing can be tried; that the right is missing is told where the rights are.
    if (error instanceof NetdebugError && error.message.includes('may not patch pods/ephemeralcontainers'))
      return {
        ...base,
        state: 'unknown',
        message: 'what admission would say cannot be asked: you may not patch pods/ephemeralcontainers',
      };
    return check;
  }
}
