/** Volumes of pods as directories of the node, bound into containers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Store } from '../types.js';
import type { ContainerSpec, Pod, Volume } from './pod.js';
import type { Mount } from './container.js';

function fill(dir: string, data: Readonly<Record<string, string>>, encoding: 'utf8' | 'base64'): void {
  for (const [name, value] of Object.entries(data)) {
    // Names of keys are checked by the API server; a separator must not lead out of here even so.
    writeFileSync(join(dir, basename(name)), Buffer.from(value, encoding));
  }
}

function dataOf(store: Store, resource: string, namespace: string, name: string): Record<string, string> {
  return (store.get({ group: '', resource }, namespace, name)?.data ?? {}) as Record<string, string>;
}

/** The directory of a volume, made when first asked for. What it cannot be filled with stays out. */
function directory(store: Store, pod: Pod, volume: Volume, podDir: string, nodeDir: string): string {
  if (volume.hostPath) {
    // Files of this machine are no business of a pod: a node has a root of its own, empty at first.
    const dir = join(nodeDir, volume.hostPath.path);
    mkdirSync(dir, { recursive: true });
    return dir;
  }
  const dir = join(podDir, 'volumes', volume.name);
  if (mkdirSync(dir, { recursive: true, mode: 0o777 }) !== undefined) {
    const { namespace } = pod.metadata;
    if (volume.configMap) {
      fill(dir, dataOf(store, 'configmaps', namespace, volume.configMap.name ?? ''), 'utf8');
    }
    if (volume.secret) {
      fill(dir, dataOf(store, 'secrets', namespace, volume.secret.secretName ?? ''), 'base64');
    }
    if ('projected' in volume) {
      fill(dir, { namespace, ...dataOf(store, 'configmaps', namespace, 'kube-root-ca.crt') }, 'utf8');
    }
  }
  return dir;
}

/** The mounts of a container. `podDir` and `nodeDir` are the node's own directories for both. */
export function mountsOf(
  store: Store,
  pod: Pod,
  container: ContainerSpec,
  podDir: string,
  nodeDir: string,
): Mount[] {
  return (container.volumeMounts ?? []).flatMap((mount) => {
    const volume = pod.spec.volumes?.find(({ name }) => name === mount.name);
    if (!volume) {
      return [];
    }
    const dir = directory(store, pod, volume, podDir, nodeDir);
    const source = mount.subPath === undefined ? dir : join(dir, join('/', mount.subPath));
    mkdirSync(source, { recursive: true });
    return [{ source, target: join('/', mount.mountPath), readOnly: mount.readOnly ?? false }];
  });
}
