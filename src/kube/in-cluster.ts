import { readFile, stat } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import type { Settings } from './settings.js';

/** Where a pod finds its service account. */
export interface InClusterPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default `/var/run/secrets/kubernetes.io/serviceaccount`. */
  readonly serviceAccountDir?: string | undefined;
}

const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The settings of a pod: the API server from `KUBERNETES_SERVICE_HOST` and `_PORT`, the service account's token (read again as the
 * kubelet rotates it), CA and namespace. undefined outside of a pod. Source: client-go, rest.InClusterConfig.
 */
export async function inClusterSettings(places: InClusterPlaces): Promise<Settings | undefined> {
  const host = places.env.KUBERNETES_SERVICE_HOST;
  const port = places.env.KUBERNETES_SERVICE_PORT;
  const dir = places.serviceAccountDir ?? SERVICE_ACCOUNT_DIR;
  const tokenFile = path.join(dir, 'token');
  if (!host || !port || !(await isFile(tokenFile))) return undefined;
  const ca = path.join(dir, 'ca.crt');
  return {
    context: 'in-cluster',
    namespace: places.env.POD_NAMESPACE || (await readNamespace(dir)) || 'default',
    server: `https://${net.isIPv6(host) ? `[${host}]` : host}:${port}`,
    certificateAuthority: (await isFile(ca)) ? { file: ca } : undefined,
    insecure: false,
    clusterExtensions: [],
    user: { name: 'in-cluster', tokenFile },
  };
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function readNamespace(dir: string): Promise<string> {
  return readFile(path.join(dir, 'namespace'), 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
}
