import type { Writable } from 'node:stream';
import type { KubeApi } from './api.js';
import { kubeClient } from './client.js';
import { credentialSource, readMaterial } from './credentials.js';
import { systemClock } from './deadline.js';
import type { Clock } from './deadline.js';
import { execPlugin } from './exec-plugin.js';
import { asFields, readKubeconfig } from './kubeconfig.js';
import { chooseProxy, makeAgent } from './proxy.js';
import { resolveSettings } from './resolve-settings.js';
import type { ConnectFlags, Settings } from './settings.js';
import { systemRoots } from './trust.js';

/** kubectl's global flags, and the surroundings they are read in. */
export interface ConnectOptions extends ConnectFlags {
  /** `--kubeconfig` */
  readonly kubeconfig?: string | undefined;
  /** `--request-timeout` in milliseconds; default 30 s. */
  readonly requestTimeoutMs?: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The person's home directory, for `~/.kube/config`. */
  readonly homeDir: string;
  /** Whether a credential plugin may ask a person; default false. */
  readonly stdinIsTerminal?: boolean | undefined;
  /** Where a credential plugin's messages go; default nowhere (they are still quoted when it fails). */
  readonly pluginStderr?: Writable | undefined;
  /** Limit for one run of a credential plugin, milliseconds; default 2 minutes, 10 when it may ask a person. */
  readonly pluginTimeoutMs?: number | undefined;
  /** Told while the API server takes its time, with its URL. */
  readonly onSlow?: ((server: string, waitedMs: number | undefined) => void) | undefined;
  /** Default `kubectl-netdebug`. */
  readonly userAgent?: string | undefined;
  /** Where a pod finds its service account, for tests. */
  readonly serviceAccountDir?: string | undefined;
  /** Default the real one. */
  readonly clock?: Clock | undefined;
}

/**
 * Finds the cluster as kubectl does and gives the client for it. Nothing is sent yet and no plugin is run: a bad kubeconfig is told here (exit
 * 4), an unreachable server by the first call.
 */
export async function connect(options: ConnectOptions): Promise<KubeApi> {
  const config = await readKubeconfig({
    explicit: options.kubeconfig,
    env: options.env,
    homeDir: options.homeDir,
  });
  const settings = await resolveSettings(config, options, options);
  const clock = options.clock ?? systemClock;
  const url = new URL(settings.server);
  const ca = await readMaterial(settings.certificateAuthority, 'certificate-authority');
  const [agent, credentials, roots] = await Promise.all([
    makeAgent(url, chooseProxy(url, settings.proxyUrl, options.env), options.env),
    credentialSource(settings, {
      now: () => clock.now(),
      execPlugin: () => Promise.resolve(pluginOf(settings, ca, options, clock)),
      authProvider: async () =>
        (await import('./auth-provider.js')).authProviderSource(settings, () => clock.now()),
    }),
    ca === undefined && !settings.insecure && url.protocol === 'https:'
      ? systemRoots(options.env)
      : undefined,
  ]);
  const trusted = ca ?? roots;
  const { onSlow } = options;
  return kubeClient({
    endpoint: {
      server: settings.server,
      agent,
      credentials,
      userAgent: options.userAgent ?? 'kubectl-netdebug',
      ...(onSlow && { onSlow: (waitedMs: number | undefined) => onSlow(settings.server, waitedMs) }),
      tls: {
        ...(trusted !== undefined && { ca: trusted }),
        ...(settings.tlsServerName !== undefined && { servername: settings.tlsServerName }),
        ...(settings.insecure && { rejectUnauthorized: false }),
      },
    },
    context: settings.context,
    namespace: settings.namespace,
    timeoutMs: options.requestTimeoutMs ?? 30_000,
    clock,
  });
}

function pluginOf(settings: Settings, ca: string | undefined, options: ConnectOptions, clock: Clock) {
  const extensions = settings.clusterExtensions.map((each) => asFields(each, 'cluster', 'extensions'));
  const cluster = {
    server: settings.server,
    insecure: settings.insecure,
    tlsServerName: settings.tlsServerName,
    proxyUrl: settings.proxyUrl,
    certificateAuthorityData: ca && Buffer.from(ca).toString('base64'),
    config: extensions.find((each) => each.name === 'client.authentication.k8s.io/exec')?.extension,
  };
  return execPlugin(settings.user.exec ?? {}, settings.user.name, cluster, {
    env: options.env,
    now: () => clock.now(),
    stdinIsTerminal: options.stdinIsTerminal ?? false,
    stderr: options.pluginStderr,
    timeoutMs: options.pluginTimeoutMs,
  });
}
