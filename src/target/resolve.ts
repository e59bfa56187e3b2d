import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { namespacePath, podsPath, resourcePath } from '../kube/paths.js';
import { isApiError } from '../kube/status.js';
import type { KubeObject, Pod, Service } from '../kube/types.js';
import { kindInfo, outsideKinds, type ReferenceKind } from './kinds.js';
import { nearNames } from './near.js';
import { inOrderOfChoice, isReady, podName } from './pods.js';
import { formatReference, type ObjectReference } from './reference.js';

/** What is meant: a reference, or all pods with these labels. */
export type PodQuery =
  | { readonly reference: ObjectReference; readonly namespace: string }
  /** `namespace` undefined = all namespaces. */
  | { readonly labelSelector: string; readonly namespace: string | undefined };

export interface ResolvedPods {
  /** In order of choice: ready ones first, then by name. Never empty. */
  readonly pods: readonly Pod[];
  /** How the choice is told on stderr; undefined when a pod was named, so that nothing was chosen. */
  readonly choice: string | undefined;
  /** What they were listed by, so that those that come later can be watched for; undefined when a pod was named. */
  readonly listed: PodList | undefined;
}

/** A list of pods, and from where to watch it. */
export interface PodList {
  /** undefined: all namespaces. */
  readonly namespace: string | undefined;
  readonly labelSelector: string;
  readonly resourceVersion: string | undefined;
}

interface Selecting extends KubeObject {
  readonly spec?: {
    readonly selector?: LabelSelector | Readonly<Record<string, string>>;
    readonly replicas?: number;
  };
}

interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

type Api = Pick<KubeApi, 'get' | 'list'>;

/**
 * The pods that a reference or a selector stands for. Rejects with a NetdebugError: nothing of that name (exit 6, with near
 * names), no pods (6), a kind that stands for no pods (2), or what the API refuses.
 */
export async function resolvePods(api: Api, query: PodQuery): Promise<ResolvedPods> {
  if ('labelSelector' in query) {
    const { namespace, labelSelector } = query;
    const { items, resourceVersion } = await api.list<Pod>(podsPath(namespace), { labelSelector });
    const where = query.namespace === undefined ? 'any namespace' : `namespace ${query.namespace}`;
    if (items.length === 0) throw absent(`No pod in ${where} has the labels ${query.labelSelector}.`);
    const pods = inOrderOfChoice(items);
    const listed = { namespace, labelSelector, resourceVersion };
    return { pods, choice: tellChoice(`-l ${labelSelector}`, pods), listed };
  }
  const { reference } = query;
  const namespace = reference.namespace ?? query.namespace;
  // Told before anything is read: whether the object exists does not matter then.
  if (podless.includes(reference.kind)) throw standsForNoPods(reference);
  const found = await readReference<Selecting>(api, reference, namespace);
  if (reference.kind === 'pod') {
    return { pods: [found as unknown as Pod], choice: undefined, listed: undefined };
  }
  const labelSelector = selectorOf(reference, found);
  const { items, resourceVersion } = await api.list<Pod>(podsPath(namespace), { labelSelector });
  const shown = formatReference({ ...reference, namespace });
  if (items.length === 0) {
    const scaled = found.spec?.replicas === 0 ? ' It is scaled to 0.' : '';
    throw absent(`${shown} has no pods: none has the labels ${labelSelector}.${scaled}`);
  }
  const pods = inOrderOfChoice(items);
  return {
    pods,
    choice: tellChoice(shown, pods),
    listed: { namespace, labelSelector, resourceVersion },
  };
}

/** Reads the object that a reference names. Rejects with exit 6 and near names when there is none. */
export async function readReference<T extends KubeObject>(
  api: Api,
  reference: ObjectReference,
  defaultNamespace: string,
): Promise<T> {
  const { group, version, plural, namespaced } = kindInfo(reference.kind);
  const namespace = namespaced ? (reference.namespace ?? defaultNamespace) : undefined;
  const address = { group, version, resource: plural, namespace };
  try {
    return await api.get<T>(resourcePath({ ...address, name: reference.name }));
  } catch (error) {
    if (!isApiError(error, 404) || error.foreign) throw error;
    const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
    const names = await api
      .list<KubeObject>(resourcePath(address))
      .then(({ items }) => items.map(({ metadata }) => metadata.name))
      .catch(() => undefined);
    if (names?.length === 0 && namespace !== undefined && (await isAbsentNamespace(api, namespace))) {
      throw absent(`There is no namespace ${namespace}.`, 'kubectl get namespaces shows those there are.');
    }
    const near = nearNames(reference.name, names ?? []);
    throw absent(
      `There is no ${reference.kind} ${reference.name}${where}.`,
      near.length > 0
        ? `Did you mean ${near.join(' or ')}?`
        : names?.length === 0
          ? `There is no ${reference.kind}${where} at all.`
          : `kubectl get ${plural}${namespaced ? ' -A' : ''} shows all there are${namespaced ? '; -n names the namespace' : ''}.`,
      error,
    );
  }
}

/** The pods behind a Service by its selector; exit 6 when it has none. */
export function serviceSelector(service: Service, shown: string): string {
  const { selector, type, externalName } = service.spec;
  if (selector !== undefined && Object.keys(selector).length > 0) return equalities(selector);
  const why = type === 'ExternalName' ? `it stands for the name ${externalName ?? ''}` : 'it has no selector';
  throw absent(`${shown} stands for no pods: ${why}.`);
}

function selectorOf(reference: ObjectReference, found: Selecting): string {
  const shown = formatReference(reference);
  switch (reference.kind) {
    case 'service':
      return serviceSelector(found as unknown as Service, shown);
    case 'replicationcontroller':
      return equalities((found.spec?.selector ?? {}) as Readonly<Record<string, string>>);
    case 'deployment':
    case 'statefulset':
    case 'daemonset':
    case 'replicaset':
    case 'job':
      return labelSelectorText(found.spec?.selector ?? {});
    case 'pod':
    case 'node':
    case 'ingress':
    case 'gateway':
    case 'httproute':
    case 'grpcroute':
    case 'tlsroute':
    case 'tcproute':
      throw standsForNoPods(reference);
  }
}

const podless: readonly ReferenceKind[] = ['node', ...outsideKinds];

function standsForNoPods(reference: ObjectReference): NetdebugError {
  return new NetdebugError(`${formatReference(reference)} does not stand for pods.`, {
    exitCode: ExitCode.usage,
    hint: 'Name a pod, a workload (deploy, sts, ds, rs, job) or a Service.',
  });
}

/** A LabelSelector in the syntax of the query parameter. */
export function labelSelectorText({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const operators: Readonly<Record<string, (key: string, values: string) => string>> = {
    In: (key, values) => `${key} in (${values})`,
    NotIn: (key, values) => `${key} notin (${values})`,
    Exists: (key) => key,
    DoesNotExist: (key) => `!${key}`,
  };
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) => operators[operator]?.(key, values.join(',')) ?? key,
  );
  return [equalities(matchLabels), ...expressions].filter((part) => part !== '').join(',');
}

function equalities(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function tellChoice(shown: string, pods: readonly Pod[]): string | undefined {
  const [first] = pods;
  if (first === undefined) return undefined;
  const ready = pods.filter(isReady).length;
  const count = pods.length === 1 ? '1 pod' : `${pods.length} pods, ${ready} ready`;
  return `${shown} stands for ${count}; the first is ${podName(first)}${isReady(first) ? '' : ' (not ready)'}`;
}

async function isAbsentNamespace(api: Api, namespace: string): Promise<boolean> {
  return api.get(namespacePath(namespace)).then(
    () => false,
    (error: unknown) => isApiError(error, 404),
  );
}

function absent(sentence: string, hint?: string, cause?: unknown): NetdebugError {
  return new NetdebugError(sentence, { exitCode: ExitCode.target, hint, cause });
}
