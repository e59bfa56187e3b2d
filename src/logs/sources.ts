import type { Pod } from '../kube/types.js';

/** One log that can be read: a container of a pod, running or the instance before. */
export interface LogSource {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The instance that ended before the present one. */
  readonly previous: boolean;
}

/** Which containers' logs are wanted. */
export interface SourceChoice {
  /** Only containers of this name. */
  readonly container?: string | undefined;
  /** Also the instance before a restart; default true. */
  readonly previous?: boolean | undefined;
}

/**
 * The logs of pods: of all containers, of those that set up the pod and of debug containers too, and of the instances before a
 * restart, the elder first. Containers that never started have none. In the order of the pods.
 */
export function logSources(pods: readonly Pod[], choice: SourceChoice = {}): readonly LogSource[] {
  return pods.flatMap(({ metadata, status }) => {
    const statuses = [
      ...(status?.initContainerStatuses ?? []),
      ...(status?.containerStatuses ?? []),
      ...(status?.ephemeralContainerStatuses ?? []),
    ];
    return statuses.flatMap((each) => {
      if (choice.container !== undefined && each.name !== choice.container) return [];
      const source = { namespace: metadata.namespace ?? '', pod: metadata.name, container: each.name };
      const began = each.state?.waiting === undefined || (each.restartCount ?? 0) > 0;
      // While a container waits for its restart, its log is that of the instance before anyhow.
      const restarted =
        (each.restartCount ?? 0) > 0 && each.state?.waiting === undefined && choice.previous !== false;
      return [
        ...(restarted ? [{ ...source, previous: true }] : []),
        ...(began ? [{ ...source, previous: false }] : []),
      ];
    });
  });
}

/** `shop/web-0/app`, and ` (previous)` after it. */
export function sourceName({ namespace, pod, container, previous }: LogSource): string {
  return `${namespace}/${pod}/${container}${previous ? ' (previous)' : ''}`;
}
