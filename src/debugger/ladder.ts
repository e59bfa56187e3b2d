import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { isApiError } from '../kube/status.js';
import type { Pod } from '../kube/types.js';
import { parseRefusal, type Refusal } from './admission.js';
import { injection, sendInjection } from './inject.js';
import { ladder, permitsRaw, securityContextOf } from './profile.js';
import { debugRole } from './role.js';
import { debugContainerSpec, type DebugContainerSpec } from './spec.js';
import type { DebugOptions, Need, OnProgress, ProfileName } from './types.js';

/** What a rung was refused for. */
interface RefusedRung {
  readonly rung: ProfileName;
  readonly refusal: Refusal;
}

export interface ClimbRequest {
  readonly namespace: string;
  readonly pod: Pod;
  readonly name: string;
  readonly options: DebugOptions;
  readonly need: Need;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks the API server (dryRun=All, which admission answers as it would the real patch) for the highest rung that it takes, from
 * netadmin down to restricted, and returns that container. A rung that the tool cannot work with is only asked to say what would still
 * work. Throws a NetdebugError, exit 5, that names who refuses what.
 */
export async function climb(api: Pick<KubeApi, 'send'>, request: ClimbRequest): Promise<DebugContainerSpec> {
  const { namespace, pod, name, options, need, onProgress, signal } = request;
  const refused: RefusedRung[] = [];
  for (const rung of ladder) {
    const spec = debugContainerSpec(name, pod, rung, options);
    try {
      await sendInjection(api, injection(namespace, pod.metadata.name, spec), { dryRun: true, signal });
    } catch (error) {
      const refusal = isApiError(error) ? parseRefusal(error) : undefined;
      if (refusal === undefined || refusal.kind === 'webhook-broken')
        throw explainInjection(namespace, error);
      refused.push({ rung, refusal });
      onProgress({ kind: 'rung-refused', profile: rung, why: summary(refusal) });
      continue;
    }
    if (need === 'none' || permitsRaw(securityContextOf(rung, pod, options.target))) return spec;
    throw refusedError(namespace, refused, rung);
  }
  throw refusedError(namespace, refused, undefined);
}

/**
 * A refusal of RBAC with the whole Role to ask for: the one right that it names, as a Role of its own, would take the others away.
 * Any other error comes back as it is.
 */
export function withRole(namespace: string, error: unknown): unknown {
  if (!isApiError(error) || !error.forbidden) return error;
  return new NetdebugError(error.message, {
    exitCode: ExitCode.notAllowed,
    details: error.details,
    hint: `Ask an administrator for this Role, bound to you:\n${debugRole(namespace)}`,
    cause: error,
  });
}

/** An error of the injection as a person can use it; any other error comes back as it is. */
export function explainInjection(namespace: string, error: unknown, rung?: ProfileName): unknown {
  if (!isApiError(error)) return error;
  if (error.forbidden) return withRole(namespace, error);
  const refusal = parseRefusal(error);
  if (refusal === undefined) return error;
  if (refusal.kind === 'webhook-broken') {
    return new NetdebugError(
      `The cluster refuses debug containers because the ${refusal.by} does not answer.`,
      {
        exitCode: ExitCode.notAllowed,
        details: [refusal.words],
        hint: 'This is a fault of the cluster: tell its administrators. Until it is mended no pod of this namespace can be changed.',
        cause: error,
      },
    );
  }
  return refusedError(namespace, [{ rung: rung ?? 'netadmin', refusal }], undefined, rung !== undefined);
}

/**
 * @param works The rung that the namespace takes, though the tool at hand cannot work with it.
 * @param alone The person chose the profile; the others were not tried.
 */
function refusedError(
  namespace: string,
  refused: readonly RefusedRung[],
  works: ProfileName | undefined,
  alone = false,
): NetdebugError {
  const security = refused.map(({ refusal }) => refusal).find((refusal) => refusal.kind === 'pod-security');
  const details = refused.flatMap(({ rung, refusal }) => describe(rung, refusal));
  if (security)
    details.unshift(`label of namespace ${namespace}: pod-security.kubernetes.io/enforce=${security.level}`);
  const by = security ? `Pod Security "${security.level}"` : (refused.map(byOf)[0] ?? 'The API server');
  const verdict =
    works !== undefined
      ? 'allows no packet capture'
      : alone
        ? `does not allow the profile ${refused[0]?.rung ?? ''}`
        : 'allows no debug container';
  return new NetdebugError(`${upperFirst(by)} in namespace ${namespace} ${verdict}.`, {
    exitCode: ExitCode.notAllowed,
    details,
    hint: hint(namespace, security !== undefined, works, alone),
  });
}

function hint(namespace: string, security: boolean, works: ProfileName | undefined, alone: boolean): string {
  if (alone) return 'Leave --profile out: auto takes the highest profile that the namespace allows.';
  const still =
    works === undefined
      ? ''
      : `What needs no raw socket still works here: ping, netstat, connect and other ordinary connections (profile ${works}).\n`;
  const ask = security
    ? `To capture, ask the administrators of namespace ${namespace} for the level baseline.`
    : 'Ask the administrators of the cluster for an exception.';
  return still + ask;
}

function describe(rung: ProfileName, refusal: Refusal): readonly string[] {
  if (refusal.kind !== 'pod-security')
    return [`${rung}: ${refusal.by}: ${refusal.words || 'no reason given'}`];
  return refusal.violations.map(({ check, fields }) => `${rung}: ${check}: ${fields.join('; ')}`);
}

function summary(refusal: Refusal): string {
  if (refusal.kind !== 'pod-security') return `${refusal.by}: ${refusal.words || 'no reason given'}`;
  const checks = refusal.violations.map(({ check }) => check).join(', ');
  return `Pod Security "${refusal.level}"${checks && `: ${checks}`}`;
}

function byOf({ refusal }: RefusedRung): string {
  return refusal.kind === 'pod-security' ? `Pod Security "${refusal.level}"` : refusal.by;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
