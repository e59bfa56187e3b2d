import { isObject } from '../json.js';
import type { Pod } from '../pods/types.js';
import type { Stored } from '../../types.js';
import { baselineChecks, restrictedChecks } from './checks.js';

export type Level = 'privileged' | 'baseline' | 'restricted';

/** A level with the version of its policy, as a namespace label gives it: `baseline:latest`. */
export interface Policy {
  readonly level: Level;
  readonly version: string;
}

const prefix = 'pod-security.kubernetes.io/';

/** The policy of a namespace for one mode; privileged when no label says more. */
export function policyOf(namespace: Stored | undefined, mode: 'enforce' | 'warn' | 'audit'): Policy {
  const labels = isObject(namespace?.metadata.labels) ? namespace.metadata.labels : {};
  const level = labels[`${prefix}${mode}`];
  const version = labels[`${prefix}${mode}-version`] ?? 'latest';
  return { level: level === 'baseline' || level === 'restricted' ? level : 'privileged', version };
}

/** `violates PodSecurity "baseline:latest": a (why), b (why)` without the verb; undefined when nothing is violated. */
export function violations(pod: Pick<Pod, 'metadata' | 'spec'>, policy: Policy): string | undefined {
  if (policy.level === 'privileged') return undefined;
  const checks = policy.level === 'baseline' ? baselineChecks : restrictedChecks;
  const found = checks.map((check) => check(pod.spec)).filter((item) => item !== undefined);
  if (found.length === 0) return undefined;
  const texts = found.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');
  return `PodSecurity "${policy.level}:${policy.version}": ${texts}`;
}
