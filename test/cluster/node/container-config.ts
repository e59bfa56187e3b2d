/** From a container of a pod to what the runtime starts: the kubelet's generateContainerConfig. Pure but for reads of the store. */
import type { Store } from '../types.js';
import { capabilitySet } from './capabilities.js';
import { WaitingError } from './image-puller.js';
import type { KnownImage } from './images.js';
import { podLabel, type ContainerSpec, type EnvSource, type KeyRef, type Pod } from './pod.js';
import type { ContainerRequest, Mount } from './container.js';

/** The addresses that environment variables may ask for (fieldRef). */
export interface Surroundings {
  readonly podIP: string;
  readonly hostIP: string;
  readonly hostname: string;
}

function configError(message: string): WaitingError {
  return new WaitingError('CreateContainerConfigError', message);
}

/** The user it runs as. Throws when the pod forbids root and the image, or the spec, says root. */
function userOf(pod: Pod, container: ContainerSpec, image: KnownImage): { uid: number; gid: number } {
  const own = container.securityContext ?? {};
  const podWide = pod.spec.securityContext ?? {};
  const asked = own.runAsUser ?? podWide.runAsUser;
  const uid = asked ?? image.image.user;
  if (uid === 0 && (own.runAsNonRoot ?? podWide.runAsNonRoot) === true) {
    const where = `(pod: "${podLabel(pod)}", container: ${container.name})`;
    throw configError(
      asked === 0
        ? `container's runAsUser breaks non-root policy ${where}`
        : `container has runAsNonRoot and image will run as root ${where}`,
    );
  }
  // /etc/passwd of every image knows root and 65532; other users have group 0.
  const gid = own.runAsGroup ?? podWide.runAsGroup ?? (uid === 65_532 ? 65_532 : 0);
  return { uid, gid };
}

function keyed(
  store: Store,
  namespace: string,
  kind: 'configmap' | 'secret',
  ref: KeyRef | { readonly name?: string; readonly optional?: boolean },
): Record<string, string> | undefined {
  const key = { group: '', resource: kind === 'configmap' ? 'configmaps' : 'secrets' };
  const object = store.get(key, namespace, ref.name ?? '');
  if (!object) {
    if (ref.optional === true) {
      return undefined;
    }
    throw configError(`${kind} "${ref.name ?? ''}" not found`);
  }
  const data = (object.data ?? {}) as Record<string, string>;
  return kind === 'configmap'
    ? data
    : Object.fromEntries(
        Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]),
      );
}

function fieldValue(pod: Pod, around: Surroundings, path: string): string {
  const label = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (label) {
    return pod.metadata[label[1] as 'labels' | 'annotations']?.[label[2] ?? ''] ?? '';
  }
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': pod.metadata.uid,
    'spec.nodeName': pod.spec.nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName,
    'status.podIP': around.podIP,
    'status.hostIP': around.hostIP,
  };
  return fields[path] ?? '';
}

function sourced(store: Store, pod: Pod, around: Surroundings, source: EnvSource): string | undefined {
  if (source.fieldRef) {
    return fieldValue(pod, around, source.fieldRef.fieldPath);
  }
  const kind = source.configMapKeyRef ? 'configmap' : 'secret';
  const ref = source.configMapKeyRef ?? source.secretKeyRef;
  if (!ref) {
    return '';
  }
  const value = keyed(store, pod.metadata.namespace, kind, ref)?.[ref.key];
  if (value === undefined && ref.optional !== true) {
    const name = kind === 'configmap' ? 'ConfigMap' : 'Secret';
    throw configError(`couldn't find key ${ref.key} in ${name} ${pod.metadata.namespace}/${ref.name ?? ''}`);
  }
  return value;
}

/** `$(NAME)` is replaced when it is known, `$$` is a dollar sign. */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$(?:\$|\(([A-Za-z_.][\w.-]*)\))/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? whole),
  );
}

function environmentOf(
  store: Store,
  pod: Pod,
  container: ContainerSpec,
  image: KnownImage,
  around: Surroundings,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const line of image.image.env) {
    env[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1);
  }
  env.HOSTNAME = around.hostname;
  env.KUBERNETES_SERVICE_HOST = '10.96.0.1';
  env.KUBERNETES_SERVICE_PORT = '443';
  if (container.tty === true) {
    env.TERM = 'xterm';
  }
  for (const from of container.envFrom ?? []) {
    const kind = from.configMapRef ? 'configmap' : 'secret';
    const ref = from.configMapRef ?? from.secretRef;
    const data = ref ? keyed(store, pod.metadata.namespace, kind, ref) : undefined;
    for (const [name, value] of Object.entries(data ?? {})) {
      env[`${from.prefix ?? ''}${name}`] = value;
    }
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const found = valueFrom ? sourced(store, pod, around, valueFrom) : expand(value ?? '', env);
    if (found !== undefined) {
      env[name] = found;
    }
  }
  if (!('HOME' in env)) {
    const uid = container.securityContext?.runAsUser ?? image.image.user;
    env.HOME = uid === 0 ? '/root' : '/home/nonroot';
  }
  return env;
}

/** What the runtime is to start; the process namespace is chosen by the caller, who knows what runs. */
export function containerRequest(
  store: Store,
  pod: Pod,
  container: ContainerSpec,
  image: KnownImage,
  around: Surroundings,
  mounts: readonly Mount[],
): Omit<ContainerRequest, 'processes'> {
  const security = container.securityContext ?? {};
  const { uid, gid } = userOf(pod, container, image);
  const env = environmentOf(store, pod, container, image, around);
  const entrypoint = container.command ?? image.image.entrypoint;
  const args = container.args ?? (container.command ? [] : image.image.command);
  const podWide = pod.spec.securityContext ?? {};
  const groups = [
    ...(podWide.supplementalGroups ?? []),
    ...(podWide.fsGroup === undefined ? [] : [podWide.fsGroup]),
  ];
  return {
    image: image.image,
    argv: [...entrypoint, ...args].map((word) => expand(word, env)),
    env,
    workingDir: container.workingDir ?? image.image.workingDir,
    uid,
    gid,
    supplementalGroups: [...new Set([gid, ...groups])],
    capabilities: capabilitySet({
      privileged: security.privileged ?? false,
      add: security.capabilities?.add ?? [],
      drop: security.capabilities?.drop ?? [],
    }),
    privileged: security.privileged ?? false,
    noNewPrivileges: security.allowPrivilegeEscalation === false,
    readOnlyRoot: security.readOnlyRootFilesystem ?? false,
    mounts,
    stdin: container.stdin ?? false,
    tty: container.tty ?? false,
  };
}
