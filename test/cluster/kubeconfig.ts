/** Kubeconfigs of the cluster's users. JSON, which every reader of YAML takes. */

/** The name of cluster, context and first user. */
const contextName = 'netdebug-local';

/** Where a kubeconfig points. */
export interface ClusterAddress {
  readonly server: string;
  /** PEM. */
  readonly ca: string;
}

/** By client certificate (PEM) or by bearer token. */
export type UserCredential = { readonly cert: string; readonly key: string } | { readonly token: string };

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** The text of a kubeconfig with one context. */
export function kubeconfig(
  address: ClusterAddress,
  user: { readonly name: string; readonly namespace?: string } & UserCredential,
): string {
  const credential =
    'token' in user
      ? { token: user.token }
      : { 'client-certificate-data': base64(user.cert), 'client-key-data': base64(user.key) };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': contextName,
    clusters: [
      {
        name: contextName,
        cluster: { server: address.server, 'certificate-authority-data': base64(address.ca) },
      },
    ],
    users: [{ name: user.name, user: credential }],
    contexts: [
      {
        name: contextName,
        context: {
          cluster: contextName,
          user: user.name,
          ...(user.namespace === undefined ? {} : { namespace: user.namespace }),
        },
      },
    ],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
