import type { KubeApi } from '../kube/api.js';
import { podPath } from '../kube/paths.js';
import { isApiError } from '../kube/status.js';
import type { EphemeralContainer, Pod } from '../kube/types.js';
import { idOf, type DebugContainerSpec } from './spec.js';

/** The one request that changes something: what `--dry-run` prints and the injection sends. */
export interface Injection {
  readonly method: 'PATCH';
  readonly path: string;
  readonly contentType: 'application/strategic-merge-patch+json';
  readonly body: { readonly spec: { readonly ephemeralContainers: readonly DebugContainerSpec[] } };
}

/** What the API server stored, which a webhook may have changed. */
export interface Injected {
  readonly pod: Pod;
  /** undefined when the answer does not hold the container: a webhook took it out. */
  readonly spec: EphemeralContainer | undefined;
  readonly warnings: readonly string[];
}

/** The patch that adds a debug container to a pod. */
export function injection(namespace: string, pod: string, spec: DebugContainerSpec): Injection {
  return {
    method: 'PATCH',
    path: podPath(namespace, pod, 'ephemeralcontainers'),
    contentType: 'application/strategic-merge-patch+json',
    body: { spec: { ephemeralContainers: [spec] } },
  };
}

/**
 * Sends the patch, or lets the API server and its admission try it (`dryRun`). Throws what the API throws.
 * Never repeated on its own: a conflict is answered by deciding again.
 */
export async function sendInjection(
  api: Pick<KubeApi, 'send'>,
  { method, path, contentType, body }: Injection,
  options: { readonly dryRun: boolean; readonly signal?: AbortSignal | undefined },
): Promise<Injected> {
  const { object, warnings } = await api.send<Pod>(method, path, {
    body,
    contentType,
    signal: options.signal,
    ...(options.dryRun ? { query: { dryRun: 'All' }, retry: true } : {}),
  });
  const asked = body.spec.ephemeralContainers[0];
  const stored = object.spec.ephemeralContainers ?? [];
  // A webhook can rename it; the id in its environment stays.
  const spec =
    stored.find(({ name }) => name === asked?.name) ??
    stored.find((one) => asked !== undefined && idOf(one) === asked.name);
  return { pod: object, spec, warnings };
}

/** Whether the pod changed under us, or the name is taken: read it again and decide again. */
export function isClash(error: unknown): boolean {
  if (isApiError(error, 409)) return true;
  if (!isApiError(error, 422)) return false;
  const causes = error.status.details?.causes ?? [];
  return causes.some(
    ({ reason, message }) =>
      reason === 'FieldValueDuplicate' ||
      /existing ephemeral containers .* may not be (changed|removed)/s.test(message ?? ''),
  );
}

/** What was stored otherwise than asked, one clause each. */
export function differences(asked: DebugContainerSpec, stored: EphemeralContainer): readonly string[] {
  const found: string[] = [];
  if (stored.name !== asked.name) found.push(`the name is ${stored.name}`);
  if (stored.image !== asked.image)
    found.push(`the image is ${stored.image ?? 'none'} instead of ${asked.image}`);
  for (const [key, value] of Object.entries(asked.securityContext ?? {})) {
    const now: unknown = (stored.securityContext as Readonly<Record<string, unknown>> | undefined)?.[key];
    if (canonical(now) !== canonical(value)) {
      found.push(`securityContext.${key} is ${canonical(now)} instead of ${canonical(value)}`);
    }
  }
  for (const key of Object.keys(stored.securityContext ?? {})) {
    if (asked.securityContext === undefined || !(key in asked.securityContext)) {
      const now: unknown = (stored.securityContext as Readonly<Record<string, unknown>>)[key];
      found.push(`securityContext.${key} is ${canonical(now)}`);
    }
  }
  return found;
}

function canonical(value: unknown): string {
  if (value === undefined) return 'absent';
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => a.localeCompare(b)))
      : each,
  );
}
