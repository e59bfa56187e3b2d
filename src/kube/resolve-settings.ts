import {
  configError,
  optionalBoolean,
  optionalFields,
  optionalString,
  optionalStrings,
} from './kubeconfig.js';
import type { Fields, Kubeconfig } from './kubeconfig.js';
import { inClusterSettings } from './in-cluster.js';
import type { InClusterPlaces } from './in-cluster.js';
import type { ConnectFlags, Impersonation, Material, Settings, UserSettings } from './settings.js';

/**
 * Chooses the context and lays the flags over it, by kubectl's rules (client-go, tools/clientcmd/client_config.go): flags win;
 * `--insecure-skip-tls-verify` and `--certificate-authority` replace each other; a `--server` or `--tls-server-name` drops the kubeconfig's
 * tls-server-name; `--token` replaces token and tokenFile.
 */
export async function resolveSettings(
  config: Kubeconfig | undefined,
  flags: ConnectFlags,
  places: InClusterPlaces,
): Promise<Settings> {
  const chosen = chooseContext(config, flags);
  if (!chosen && flags.server === undefined) {
    const inside = await inClusterSettings(places);
    if (inside) return { ...inside, ...overInCluster(inside, flags) };
    throw noContext(config);
  }
  const context = chosen?.fields ?? {};
  const where = `context "${chosen?.name ?? ''}"`;
  const clusterName = flags.cluster || optionalString(context, 'cluster', where) || '';
  const userName = flags.user || optionalString(context, 'user', where) || '';
  const cluster = named(
    config?.clusters,
    clusterName,
    'cluster',
    flags.server !== undefined && !flags.cluster,
  );
  const user = named(config?.users, userName, 'user', userName === '');
  return {
    context: chosen?.name ?? '',
    namespace: flags.namespace || optionalString(context, 'namespace', where) || 'default',
    ...clusterSettings(cluster, clusterName, flags),
    user: userSettings(user, userName, flags),
  };
}

function chooseContext(
  config: Kubeconfig | undefined,
  flags: ConnectFlags,
): { name: string; fields: Fields } | undefined {
  const name = flags.context || config?.currentContext;
  if (!name) return flags.cluster && config ? { name: '', fields: {} } : undefined;
  const fields = config?.contexts.get(name);
  if (fields) return { name, fields };
  const known = [...(config?.contexts.keys() ?? [])].sort();
  throw configError(
    `There is no context "${name}" in the kubeconfig.`,
    known.length > 0 ? `Choose one with --context: ${known.join(', ')}` : 'Check KUBECONFIG or --kubeconfig.',
    config ? [`read from ${config.files.join(', ')}`] : ['no kubeconfig was found'],
  );
}

function noContext(config: Kubeconfig | undefined): Error {
  if (!config) {
    return configError(
      'There is no kubeconfig, and this is not a pod of a cluster.',
      'Set KUBECONFIG, give --kubeconfig, or log in to a cluster so that ~/.kube/config is written.',
    );
  }
  const known = [...config.contexts.keys()].sort();
  return configError(
    'The kubeconfig has no current context.',
    known.length > 0
      ? `Choose one with --context: ${known.join(', ')}`
      : 'It has no contexts at all: log in to a cluster first.',
    [`read from ${config.files.join(', ')}`],
  );
}

function named(
  map: ReadonlyMap<string, Fields> | undefined,
  name: string,
  kind: string,
  mayMiss: boolean,
): Fields {
  const found = map?.get(name);
  if (found) return found;
  if (mayMiss) return {};
  const known = [...(map?.keys() ?? [])].sort().join(', ');
  throw configError(`There is no ${kind} "${name}" in the kubeconfig.`, `Known: ${known || 'none'}.`);
}

function clusterSettings(
  cluster: Fields,
  name: string,
  flags: ConnectFlags,
): Omit<Settings, 'context' | 'namespace' | 'user'> {
  const where = `cluster "${name}"`;
  const trustByFlag = flags.insecureSkipTlsVerify === true || !!flags.certificateAuthority;
  const nameByFlag = !!flags.tlsServerName || !!flags.server;
  const certificateAuthority = trustByFlag
    ? fileMaterial(flags.certificateAuthority)
    : material(cluster, 'certificate-authority', where);
  const insecure = trustByFlag
    ? flags.insecureSkipTlsVerify === true
    : optionalBoolean(cluster, 'insecure-skip-tls-verify', where);
  if (insecure && certificateAuthority) {
    throw configError(
      `In ${where}, insecure-skip-tls-verify and a certificate-authority exclude each other.`,
      'Remove one of the two.',
    );
  }
  return {
    server: serverUrl(flags.server || optionalString(cluster, 'server', where) || '', where),
    certificateAuthority,
    insecure,
    tlsServerName:
      (nameByFlag ? flags.tlsServerName : optionalString(cluster, 'tls-server-name', where)) || undefined,
    proxyUrl: optionalString(cluster, 'proxy-url', where) || undefined,
    clusterExtensions: Array.isArray(cluster.extensions) ? cluster.extensions : [],
  };
}

function userSettings(user: Fields, name: string, flags: ConnectFlags): UserSettings {
  const where = `user "${name}"`;
  const username = optionalString(user, 'username', where);
  const exec = optionalFields(user, 'exec', where);
  const authProvider = optionalFields(user, 'auth-provider', where);
  if (exec && authProvider)
    throw configError(`In ${where}, exec and auth-provider exclude each other.`, 'Remove one of the two.');
  return {
    name,
    clientCertificate: fileMaterial(flags.clientCertificate) ?? material(user, 'client-certificate', where),
    clientKey: fileMaterial(flags.clientKey) ?? material(user, 'client-key', where),
    token: flags.token || optionalString(user, 'token', where) || undefined,
    tokenFile: (flags.token ? undefined : optionalString(user, 'tokenFile', where)) || undefined,
    basic: username ? { username, password: optionalString(user, 'password', where) ?? '' } : undefined,
    exec,
    authProvider,
    impersonate: impersonation(user, where, flags),
  };
}

function impersonation(user: Fields, where: string, flags: ConnectFlags): Impersonation | undefined {
  const name = flags.as || optionalString(user, 'as', where);
  const groups = flags.asGroup?.length ? flags.asGroup : optionalStrings(user, 'as-groups', where);
  const uid = flags.asUid || optionalString(user, 'as-uid', where) || undefined;
  const extraFields = optionalFields(user, 'as-user-extra', where) ?? {};
  const extra = Object.fromEntries(
    Object.keys(extraFields).map((key) => [key, optionalStrings(extraFields, key, where)]),
  );
  if (name) return { user: name, groups, uid, extra };
  if (groups.length > 0 || uid !== undefined || Object.keys(extra).length > 0) {
    throw configError('A group, uid or extra cannot be impersonated without a user.', 'Give --as as well.');
  }
  return undefined;
}

/** In a pod only the namespace and whom to impersonate can differ from what the pod is given. */
function overInCluster(inside: Settings, flags: ConnectFlags): Partial<Settings> {
  const user = userSettings({}, inside.user.name, flags);
  return {
    namespace: flags.namespace || inside.namespace,
    user: { ...user, tokenFile: user.token ? undefined : inside.user.tokenFile },
  };
}

function material(fields: Fields, key: string, where: string): Material | undefined {
  const data = optionalString(fields, `${key}-data`, where);
  return data ? { data } : fileMaterial(optionalString(fields, key, where));
}

function fileMaterial(file: string | undefined): Material | undefined {
  return file ? { file } : undefined;
}

function serverUrl(server: string, where: string): string {
  // kubectl takes a server without a scheme for http.
  const text = server.includes('://') ? server : `http://${server}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (server === '' || !url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw configError(
      `The server of ${where} is not an http or https URL: "${server}".`,
      'Check it with: kubectl config view --minify',
    );
  }
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
}
