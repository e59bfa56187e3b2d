import type { RequestOptions } from 'node:https';
import type { CredentialSource, Credentials } from './credentials.js';
import { configError } from './kubeconfig.js';
import type { Settings } from './settings.js';
import { cleanText } from './text.js';

const KEEP_MS = 60_000;

/**
 * The old `auth-provider` entries (OIDC with its refresh token, azure, gcp), as client-node knows them. client-node is
 * loaded here only: it costs 100 ms and more, and few kubeconfigs need it.
 */
export async function authProviderSource(settings: Settings, now: () => number): Promise<CredentialSource> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const provider = withIssuer(settings.user.authProvider ?? {});
  const load = () => {
    const config = new KubeConfig();
    config.loadFromOptions({
      clusters: [{ name: 'cluster', server: settings.server, skipTLSVerify: settings.insecure }],
      users: [{ name: settings.user.name, authProvider: provider }],
      contexts: [{ name: 'context', cluster: 'cluster', user: settings.user.name }],
      currentContext: 'context',
    });
    return config;
  };
  let config = load();
  // client-node takes a refreshed token for expired at once and would ask the provider before every request.
  let kept: { readonly credentials: Credentials; readonly until: number } | undefined;
  return {
    async current() {
      if (kept && kept.until > now()) return kept.credentials;
      const options: RequestOptions = {};
      try {
        await config.applyToHTTPSOptions(options);
      } catch (error) {
        const name = typeof provider.name === 'string' ? provider.name : '';
        const why = cleanText(error instanceof Error ? error.message : String(error), 300);
        throw configError(
          `The auth-provider "${cleanText(name, 50)}" gave no credentials: ${why}`,
          'Log in again.',
        );
      }
      const { Authorization: authorization } = (options.headers ?? {}) as Record<string, unknown>;
      const credentials = {
        headers: typeof authorization === 'string' ? { Authorization: authorization } : {},
      };
      kept = { credentials, until: now() + KEEP_MS };
      return credentials;
    },
    renew() {
      kept = undefined;
      config = load();
      return true;
    },
  };
}

/** client-node hands the issuer on as text to a library that takes a URL only, so that no expired token could be refreshed. */
function withIssuer(provider: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { config } = provider;
  if (typeof config !== 'object' || config === null || !('idp-issuer-url' in config)) return provider;
  const issuer = config['idp-issuer-url'];
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) return provider;
  return { ...provider, config: { ...config, 'idp-issuer-url': new URL(issuer) } };
}
