import type { Pod } from '../../kube/types.js';
import { itemsOf } from '../reading.js';
import type { LabelSelector } from '../policy/objects.js';
import { compileSelector, matches } from '../policy/selector.js';
import { Tri } from '../policy/tri.js';
import { workloadKinds } from './kinds.js';
import type { PodTemplate, Snapshot, Workload } from './types.js';

/**
 * Pods that manifests would bring about: one, called `WORKLOAD-1`, for every workload that has no pod in the files, was not scaled to
 * nothing, is not done and is not itself made by another one. It has no address and no node.
 */
export function podsOfTemplates(snapshot: Snapshot): Pod[] {
  const byNamespace = new Map<string | undefined, Pod[]>();
  for (const pod of itemsOf(snapshot.read('pods'))) {
    const { namespace } = pod.metadata;
    const known = byNamespace.get(namespace);
    if (known === undefined) byNamespace.set(namespace, [pod]);
    else known.push(pod);
  }
  const made: Pod[] = [];
  for (const workload of workloadKinds.flatMap((kind) => itemsOf(snapshot.read(kind)))) {
    const template = templateOf(workload);
    if (template === undefined || isIdle(workload) || isOwned(workload)) continue;
    const namespace = workload.metadata.namespace ?? '';
    const labels = template.metadata?.labels ?? {};
    const pods = byNamespace.get(workload.metadata.namespace) ?? [];
    if (pods.some((pod) => isPodOf(workload, pod))) continue;
    made.push({ metadata: { name: `${workload.metadata.name}-1`, namespace, labels }, spec: template.spec });
  }
  return made;
}

/** The pods that a workload selects, its own or not: as `kubectl get pods -l` with its selector would list them. */
export function isPodOf(workload: Workload, pod: Pod): boolean {
  if (pod.metadata.namespace !== workload.metadata.namespace) return false;
  const labels = { labels: pod.metadata.labels ?? {}, complete: true };
  const selector = selectorOf(workload);
  return selector !== undefined && matches(compileSelector(selector), labels) === Tri.yes;
}

/** Whether a pod has these labels among its own. A Service without a selector selects nothing. */
export function hasLabels(pod: Pod, labels: Readonly<Record<string, string>> | null | undefined): boolean {
  const wanted = Object.entries(labels ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => pod.metadata.labels?.[key] === value);
}

function selectorOf(workload: Workload): LabelSelector | undefined {
  const { selector } = workload.spec;
  const template = templateOf(workload)?.metadata?.labels;
  // Jobs are given their selector by the API server, CronJobs have none: the labels of the template say who is theirs.
  if (selector == null)
    return Object.keys(template ?? {}).length === 0 ? undefined : { matchLabels: template ?? {} };
  const plain = Object.values(selector).every((value) => typeof value === 'string');
  return plain ? { matchLabels: selector as Readonly<Record<string, string>> } : selector;
}

function templateOf({ spec }: Workload): PodTemplate | undefined {
  return spec.template ?? spec.jobTemplate?.spec?.template ?? undefined;
}

function isIdle({ spec, status }: Workload): boolean {
  return spec.replicas === 0 || status?.completionTime != null;
}

function isOwned({ metadata }: Workload): boolean {
  return (metadata.ownerReferences ?? []).some(({ controller }) => controller === true);
}
