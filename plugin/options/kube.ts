import type { ConnectFlags } from '../../src/kube/settings.js';
import { parseDuration } from './duration.js';
import type { Flags } from './flags.js';
import { flagSetting } from './setting.js';
import { usageError } from './usage.js';
import type { Words } from './words.js';
import { switchOf, wordOf, wordsOf } from './words.js';

/** How to reach the cluster, as kubectl's flags say it; what was not given is undefined and comes from the kubeconfig. */
export interface KubeRequest extends ConnectFlags {
  readonly kubeconfig: string | undefined;
  /** Undefined when not given or `0`: the program's own limits. */
  readonly requestTimeoutMs: number | undefined;
}

/** Flags of every command that talks to a cluster, spelt as kubectl spells them. */
export const kubeFlags = {
  namespace: {
    kind: 'text',
    short: 'n',
    placeholder: 'NAMESPACE',
    describe: 'namespace of references that carry none',
    group: 'Cluster',
  },
  kubeconfig: {
    kind: 'text',
    placeholder: 'FILE',
    describe: 'kubeconfig to use instead of KUBECONFIG or ~/.kube/config',
    group: 'Cluster',
  },
  context: {
    kind: 'text',
    placeholder: 'NAME',
    completes: 'contexts',
    describe: 'kubeconfig context',
    group: 'Cluster',
  },
  cluster: {
    kind: 'text',
    placeholder: 'NAME',
    completes: 'clusters',
    describe: 'kubeconfig cluster',
    group: 'Cluster',
  },
  user: {
    kind: 'text',
    placeholder: 'NAME',
    completes: 'users',
    describe: 'kubeconfig user',
    group: 'Cluster',
  },
  server: {
    kind: 'text',
    short: 's',
    placeholder: 'URL',
    describe: 'address of the API server',
    group: 'Cluster',
  },
  token: {
    kind: 'text',
    placeholder: 'TOKEN',
    completes: 'none',
    describe: 'bearer token',
    group: 'Cluster',
  },
  as: {
    kind: 'text',
    placeholder: 'USER',
    completes: 'none',
    describe: 'user to impersonate',
    group: 'Cluster',
  },
  'as-group': {
    kind: 'list',
    placeholder: 'GROUP',
    completes: 'none',
    describe: 'group to impersonate; may be given more than once',
    group: 'Cluster',
  },
  'as-uid': {
    kind: 'text',
    placeholder: 'UID',
    completes: 'none',
    describe: 'UID to impersonate',
    group: 'Cluster',
  },
  'certificate-authority': {
    kind: 'text',
    placeholder: 'FILE',
    describe: 'certificate that the API server is checked against',
    group: 'Cluster',
  },
  'client-certificate': {
    kind: 'text',
    placeholder: 'FILE',
    describe: 'client certificate',
    group: 'Cluster',
  },
  'client-key': {
    kind: 'text',
    placeholder: 'FILE',
    describe: 'key of the client certificate',
    group: 'Cluster',
  },
  'tls-server-name': {
    kind: 'text',
    placeholder: 'NAME',
    completes: 'none',
    describe: "name that the API server's certificate is checked for",
    group: 'Cluster',
  },
  'insecure-skip-tls-verify': {
    kind: 'switch',
    describe: "do not check the API server's certificate",
    group: 'Cluster',
  },
  'request-timeout': {
    kind: 'text',
    placeholder: 'DURATION',
    describe: 'limit of a single request, such as 10s; 0 leaves it to the program',
    group: 'Cluster',
  },
} as const satisfies Flags;

/** Reads the flags of {@link kubeFlags}. */
export function parseKube(words: Words): KubeRequest {
  const timeout = flagSetting(words, 'request-timeout');
  const timeoutMs = timeout === undefined ? 0 : parseDuration(timeout, 0);
  return {
    namespace: parseNamespace(words),
    kubeconfig: wordOf(words, 'kubeconfig'),
    context: wordOf(words, 'context'),
    cluster: wordOf(words, 'cluster'),
    user: wordOf(words, 'user'),
    server: parseServer(words),
    token: wordOf(words, 'token'),
    as: wordOf(words, 'as'),
    asGroup: wordsOf(words, 'as-group'),
    asUid: wordOf(words, 'as-uid'),
    certificateAuthority: wordOf(words, 'certificate-authority'),
    clientCertificate: wordOf(words, 'client-certificate'),
    clientKey: wordOf(words, 'client-key'),
    tlsServerName: wordOf(words, 'tls-server-name'),
    insecureSkipTlsVerify: words.given.has('insecure-skip-tls-verify')
      ? switchOf(words, 'insecure-skip-tls-verify')
      : undefined,
    requestTimeoutMs: timeoutMs === 0 ? undefined : timeoutMs,
  };
}

/** The server itself is checked where the kubeconfig's is; a number was meant for a flag that other programs call -s. */
function parseServer(words: Words): string | undefined {
  const server = wordOf(words, 'server');
  if (server === undefined || !/^\d+$/.test(server)) return server;
  throw usageError(
    `--server: ${JSON.stringify(server)} is not the address of an API server`,
    words.command,
    words.command === 'ping' ? 'the size of packets is given with --size' : undefined,
  );
}

/** RFC 1123 label, as the API server demands of namespaces. */
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

function parseNamespace(words: Words): string | undefined {
  const namespace = wordOf(words, 'namespace');
  if (namespace === undefined || namespace === '') return undefined;
  if (label.test(namespace)) return namespace;
  throw usageError(
    `--namespace: ${JSON.stringify(namespace)} is not the name of a namespace`,
    words.command,
    'expected lower-case letters, digits and -, at most 63',
  );
}
