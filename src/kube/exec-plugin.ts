import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { CredentialSource, Credentials } from './credentials.js';
import {
  asFields,
  configError,
  optionalBoolean,
  optionalList,
  optionalString,
  optionalStrings,
} from './kubeconfig.js';
import type { Fields } from './kubeconfig.js';
import { cleanText } from './text.js';

/** What a plugin needs of the program around it. */
export interface ExecPluginSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  /** Whether a person can answer the plugin's questions. */
  readonly stdinIsTerminal: boolean;
  /** Where the plugin's own messages go, e.g. "open this page to log in"; they are also quoted when it fails. */
  readonly stderr?: Writable | undefined;
  /** Limit for one run; default 2 minutes, 10 minutes when it may ask a person. */
  readonly timeoutMs?: number | undefined;
}

/** The cluster as the plugin is told of it (`provideClusterInfo`). */
export interface PluginCluster {
  readonly server: string;
  readonly certificateAuthorityData?: string | undefined;
  readonly insecure: boolean;
  readonly tlsServerName?: string | undefined;
  readonly proxyUrl?: string | undefined;
  /** Value of the cluster's extension `client.authentication.k8s.io/exec`. */
  readonly config?: unknown;
}

interface PluginSpec {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint: string | undefined;
  readonly provideClusterInfo: boolean;
  readonly interactive: boolean;
}

interface Cached extends Credentials {
  readonly expiresAt: number | undefined;
}

const GROUP = 'client.authentication.k8s.io';
const VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `${GROUP}/${version}`);
const MAX_OUTPUT_BYTES = 1024 * 1024;

/**
 * The credential plugin of a user (`user.exec`), by client-go's rules (plugin/pkg/client/auth/exec): the request in
 * `KUBERNETES_EXEC_INFO`, an ExecCredential on stdout, kept until its `expirationTimestamp`; asked again after a 401. At most one runs at a time.
 */
export function execPlugin(
  fields: Fields,
  user: string,
  cluster: PluginCluster,
  around: ExecPluginSurroundings,
): CredentialSource {
  const spec = readSpec(fields, user, around.stdinIsTerminal);
  let cached: Cached | undefined;
  let running: Promise<Cached> | undefined;
  const run = async (signal?: AbortSignal) => {
    const output = await runPlugin(spec, cluster, around, signal);
    return parseCredential(output, spec);
  };
  return {
    async current(signal) {
      if (cached && (cached.expiresAt === undefined || cached.expiresAt > around.now())) return cached;
      running ??= run(signal).finally(() => (running = undefined));
      cached = await running;
      return cached;
    },
    renew() {
      cached = undefined;
      return true;
    },
  };
}

function readSpec(fields: Fields, user: string, stdinIsTerminal: boolean): PluginSpec {
  const where = `user "${user}" (exec)`;
  const apiVersion = optionalString(fields, 'apiVersion', where) ?? '';
  const command = optionalString(fields, 'command', where) ?? '';
  if (!VERSIONS.includes(apiVersion)) {
    throw configError(
      `In ${where}, apiVersion "${apiVersion}" is not known.`,
      `Known: ${VERSIONS.join(', ')}.`,
    );
  }
  if (command === '') throw configError(`In ${where}, there is no command.`, 'Check the kubeconfig.');
  const mode =
    optionalString(fields, 'interactiveMode', where) ?? (apiVersion.endsWith('/v1') ? '' : 'IfAvailable');
  if (!['Never', 'IfAvailable', 'Always'].includes(mode)) {
    throw configError(
      `In ${where}, interactiveMode is "${mode}".`,
      'It must be Never, IfAvailable or Always.',
    );
  }
  if (mode === 'Always' && !stdinIsTerminal) {
    throw configError(
      `The credential plugin ${command} asks a person, and there is no terminal.`,
      'Run this in a terminal, or log in beforehand.',
    );
  }
  const env = optionalList(fields, 'env', where).map((item) => {
    const pair = asFields(item, where, 'env');
    return [optionalString(pair, 'name', where) ?? '', optionalString(pair, 'value', where) ?? ''] as const;
  });
  return {
    apiVersion,
    command,
    args: optionalStrings(fields, 'args', where),
    env: Object.fromEntries(env),
    installHint: optionalString(fields, 'installHint', where),
    provideClusterInfo: optionalBoolean(fields, 'provideClusterInfo', where),
    interactive: mode !== 'Never' && stdinIsTerminal,
  };
}

/** The ExecCredential that a plugin reads from its environment. */
function execInfo(spec: PluginSpec, cluster: PluginCluster): string {
  const told = {
    server: cluster.server,
    'tls-server-name': cluster.tlsServerName,
    'insecure-skip-tls-verify': cluster.insecure || undefined,
    'certificate-authority-data': cluster.certificateAuthorityData,
    'proxy-url': cluster.proxyUrl,
    config: cluster.config,
  };
  return JSON.stringify({
    kind: 'ExecCredential',
    apiVersion: spec.apiVersion,
    spec: { interactive: spec.interactive, cluster: spec.provideClusterInfo ? told : undefined },
  });
}

function runPlugin(
  spec: PluginSpec,
  cluster: PluginCluster,
  around: ExecPluginSurroundings,
  signal?: AbortSignal,
): Promise<string> {
  const timeoutMs = around.timeoutMs ?? (spec.interactive ? 600_000 : 120_000);
  return new Promise((resolve, reject) => {
    const child = spawn(spec.command, spec.args, {
      env: { ...around.env, ...spec.env, KUBERNETES_EXEC_INFO: execInfo(spec, cluster) },
      stdio: [spec.interactive ? 'inherit' : 'ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    let stdout = '';
    let stderr = '';
    const giveUp = () => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      // What the plugin has started may hold the pipes for longer.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const fail = (what: string, hint: string) => {
      giveUp();
      const said = cleanText(stderr, 600);
      reject(configError(`The credential plugin ${spec.command} ${what}.`, hint, said === '' ? [] : [said]));
    };
    const timer = setTimeout(
      () => fail(`did not end within ${timeoutMs / 1000} s`, 'Run it by hand to see what it waits for.'),
      timeoutMs,
    );
    const abort = () => {
      giveUp();
      reject(signal?.reason as Error);
    };
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.length > MAX_OUTPUT_BYTES)
        fail('printed more than 1 MiB', 'It must print one ExecCredential.');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-4000);
      around.stderr?.write(text);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT';
      fail(
        missing
          ? 'is not installed (not found in PATH)'
          : `could not be started (${error.code ?? error.message})`,
        cleanText(spec.installHint ?? '', 2000) ||
          'Install it, or check user.exec.command of the kubeconfig.',
      );
    });
    child.on('close', (code, killedBy) => {
      signal?.removeEventListener('abort', abort);
      if (code !== 0) {
        fail(
          `failed with ${code === null ? (killedBy ?? 'a signal') : `exit code ${code}`}`,
          'Log in again, or run it by hand.',
        );
        return;
      }
      clearTimeout(timer);
      resolve(stdout);
    });
  });
}

function parseCredential(output: string, spec: PluginSpec): Cached {
  const bad = (what: string) =>
    configError(`The credential plugin ${spec.command} ${what}.`, 'Run it by hand, or update it.');
  let parsed: unknown;
  try {
    parsed = JSON.parse(output);
  } catch {
    throw bad('did not print JSON');
  }
  const credential = asFields(parsed, spec.command, 'its output');
  if (credential.kind !== 'ExecCredential' || credential.apiVersion !== spec.apiVersion) {
    throw bad(`did not print an ExecCredential of ${spec.apiVersion}`);
  }
  const status = asFields(credential.status ?? {}, spec.command, 'status');
  const token = optionalString(status, 'token', spec.command) || undefined;
  const cert = optionalString(status, 'clientCertificateData', spec.command) || undefined;
  const key = optionalString(status, 'clientKeyData', spec.command) || undefined;
  if (token === undefined && cert === undefined && key === undefined)
    throw bad('gave neither a token nor a certificate');
  if ((cert === undefined) !== (key === undefined)) throw bad('gave only one of certificate and key');
  const expiry = Date.parse(optionalString(status, 'expirationTimestamp', spec.command) ?? '');
  return {
    headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
    cert,
    key,
    expiresAt: Number.isNaN(expiry) ? undefined : expiry,
  };
}
