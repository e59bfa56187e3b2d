import type { Fields } from './kubeconfig.js';

/** kubectl's global flags, as far as they say which cluster and who. */
export interface ConnectFlags {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly namespace?: string | undefined;
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  readonly as?: string | undefined;
  readonly asGroup?: readonly string[] | undefined;
  readonly asUid?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly tlsServerName?: string | undefined;
}

/** Bytes given in the kubeconfig (base64), or in a file. */
export type Material = { readonly data: string } | { readonly file: string };

/** Which server, how it is trusted, and who we are there; nothing is read or run yet. */
export interface Settings {
  /** Name of the context; `in-cluster` in a pod. */
  readonly context: string;
  readonly namespace: string;
  /** Base URL without a trailing slash. */
  readonly server: string;
  readonly certificateAuthority?: Material | undefined;
  readonly insecure: boolean;
  readonly tlsServerName?: string | undefined;
  readonly proxyUrl?: string | undefined;
  readonly clusterExtensions: readonly unknown[];
  readonly user: UserSettings;
}

/** Everything a kubeconfig can say about who we are. */
export interface UserSettings {
  readonly name: string;
  readonly clientCertificate?: Material | undefined;
  readonly clientKey?: Material | undefined;
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly basic?: { readonly username: string; readonly password: string } | undefined;
  readonly exec?: Fields | undefined;
  readonly authProvider?: Fields | undefined;
  readonly impersonate?: Impersonation | undefined;
}

/** Impersonate-* headers. */
export interface Impersonation {
  readonly user: string;
  readonly groups: readonly string[];
  readonly uid?: string | undefined;
  readonly extra: Readonly<Record<string, readonly string[]>>;
}
