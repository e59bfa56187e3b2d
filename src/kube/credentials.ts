import { readFile } from 'node:fs/promises';
import { configError } from './kubeconfig.js';
import type { Impersonation, Material, Settings, UserSettings } from './settings.js';

/** What a request carries to say who we are. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** PEM. */
  readonly cert?: string | undefined;
  /** PEM. */
  readonly key?: string | undefined;
}

/** Gives the credentials of the moment; they change when a token is rotated or a plugin's credential expires. */
export interface CredentialSource {
  current(signal?: AbortSignal): Promise<Credentials>;
  /** The server answered 401: forgets what was cached. False when asking again would give the same. */
  renew(): boolean;
}

/** What the sources below cannot know themselves. */
export interface CredentialSurroundings {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Makes the runner of `user.exec`; loaded only when a kubeconfig has one. */
  readonly execPlugin: (settings: Settings) => Promise<CredentialSource>;
  /** Asks client-node for `user.auth-provider`; loaded only when a kubeconfig has one. */
  readonly authProvider: (settings: Settings) => Promise<CredentialSource>;
}

/** A rotated token is seen after this long. */
const TOKEN_FILE_MS = 10_000;

/**
 * The credentials of a user, by client-go's order: a token (file before value) or basic auth as they stand, else the exec plugin
 * or the auth provider; the client certificate goes with each of them. Nothing is sent over plain http.
 */
export async function credentialSource(
  settings: Settings,
  around: CredentialSurroundings,
): Promise<CredentialSource> {
  const { user } = settings;
  const fixed = { headers: impersonationHeaders(user.impersonate) };
  if (!settings.server.startsWith('https:'))
    return { current: () => Promise.resolve(fixed), renew: () => false };
  const cert = await readMaterial(user.clientCertificate, 'client-certificate');
  const key = await readMaterial(user.clientKey, 'client-key');
  if ((cert === undefined) !== (key === undefined)) {
    throw configError(
      `User "${user.name}" has a client ${cert === undefined ? 'key without a certificate' : 'certificate without a key'}.`,
      'A kubeconfig needs both client-certificate and client-key.',
    );
  }
  const own = { ...fixed, cert, key };
  const dynamic = await dynamicSource(settings, around);
  if (!dynamic) return { current: () => Promise.resolve(own), renew: () => false };
  return {
    async current(signal) {
      const got = await dynamic.current(signal);
      return { cert: got.cert ?? cert, key: got.key ?? key, headers: { ...own.headers, ...got.headers } };
    },
    renew: () => dynamic.renew(),
  };
}

/** Reads a certificate or key given in the kubeconfig or in a file beside it. */
export async function readMaterial(
  material: Material | undefined,
  what: string,
): Promise<string | undefined> {
  if (!material) return undefined;
  if ('data' in material) return Buffer.from(material.data, 'base64').toString('utf8');
  return readConfigFile(material.file, what);
}

async function dynamicSource(
  settings: Settings,
  around: CredentialSurroundings,
): Promise<CredentialSource | undefined> {
  const { user } = settings;
  if (user.tokenFile !== undefined) return tokenFileSource(user.tokenFile, user.token, around.now);
  const fixed = authorization(user);
  if (fixed)
    return { current: () => Promise.resolve({ headers: { Authorization: fixed } }), renew: () => false };
  if (user.exec) return around.execPlugin(settings);
  if (user.authProvider) return around.authProvider(settings);
  return undefined;
}

function authorization(user: UserSettings): string | undefined {
  if (user.token !== undefined) return `Bearer ${user.token.trim()}`;
  if (!user.basic) return undefined;
  return `Basic ${Buffer.from(`${user.basic.username}:${user.basic.password}`).toString('base64')}`;
}

function tokenFileSource(file: string, fallback: string | undefined, now: () => number): CredentialSource {
  let token: string | undefined;
  let readAt = 0;
  return {
    async current() {
      if (token === undefined || now() - readAt > TOKEN_FILE_MS) {
        // While the kubelet swaps the file a read may fail; the last token is good for a while.
        const fresh = await readConfigFile(file, 'tokenFile').catch((error: unknown) => {
          if (token === undefined && fallback === undefined) throw error;
          return token ?? fallback ?? '';
        });
        token = fresh.trim();
        readAt = now();
      }
      return { headers: { Authorization: `Bearer ${token}` } };
    },
    renew() {
      readAt = 0;
      return true;
    },
  };
}

function impersonationHeaders(
  impersonate: Impersonation | undefined,
): Record<string, string | readonly string[]> {
  if (!impersonate) return {};
  const headers: Record<string, string | readonly string[]> = { 'Impersonate-User': impersonate.user };
  if (impersonate.groups.length > 0) headers['Impersonate-Group'] = impersonate.groups;
  if (impersonate.uid !== undefined) headers['Impersonate-Uid'] = impersonate.uid;
  for (const [key, values] of Object.entries(impersonate.extra)) {
    headers[`Impersonate-Extra-${encodeHeaderKey(key)}`] = values;
  }
  return headers;
}

/** Header names allow only some characters; the others go percent-encoded, as client-go does. */
function encodeHeaderKey(key: string): string {
  return key.replace(/[^A-Za-z0-9!#$&'*+.^_`|~-]/g, (each) =>
    [...Buffer.from(each)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}

async function readConfigFile(file: string, what: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw configError(
      `The ${what} of the kubeconfig cannot be read (${code}): ${file}`,
      'Check the path and its permissions.',
    );
  });
}
