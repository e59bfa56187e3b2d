import type { KubeObject } from '../../kube/types.js';
import type { WorkloadSelector, Words } from './objects.js';

type Labels = Readonly<Record<string, string>> | undefined;

/** Whether a selector names any label at all; without one an object is about all workloads of its namespace. */
export function isSelective(selector: WorkloadSelector | null | undefined): boolean {
  return Object.keys(wanted(selector)).length > 0;
}

/** Whether a workload with these labels is selected. An empty selector selects every workload. */
export function selects(selector: WorkloadSelector | null | undefined, labels: Labels): boolean {
  return Object.entries(wanted(selector)).every(([key, value]) => labels?.[key] === value);
}

function wanted(selector: WorkloadSelector | null | undefined): Readonly<Record<string, string>> {
  return selector?.matchLabels ?? selector?.labels ?? {};
}

/** Objects in the order in which Istio prefers them: the oldest first, those of one moment by name and namespace. */
export function byAge<T extends KubeObject>(items: readonly T[]): readonly T[] {
  const key = ({ metadata }: T): readonly [number, string] => {
    const at = Date.parse(metadata.creationTimestamp ?? '');
    return [Number.isNaN(at) ? 0 : at, `${metadata.name}.${metadata.namespace ?? ''}`];
  };
  return items.toSorted((a, b) => {
    const [at, name] = key(a);
    const [other, otherName] = key(b);
    return at - other || (name < otherName ? -1 : name > otherName ? 1 : 0);
  });
}

/** Whether an object of namespace `own` is exported to another namespace. Absent: to all. `.` is its own, `~` is nobody. */
export function isExported(exportTo: Words | undefined, own: string, to: string): boolean {
  if (exportTo == null || exportTo.length === 0) return true;
  return exportTo.some((one) => one === '*' || one === to || (one === '.' && own === to));
}
