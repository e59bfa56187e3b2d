import { ExitCode, NetdebugError } from '../errors.js';
import { cleanText } from './text.js';

/** No answer came from the API server: not found, refused, not trusted, too slow, or the connection broke. */
export class ConnectionError extends NetdebugError {
  /** Node's or OpenSSL's code: `ECONNREFUSED`, `CERT_HAS_EXPIRED`, `TIMEOUT`, … */
  readonly code: string;

  constructor(code: string, sentence: string, hint: string, cause?: unknown) {
    super(sentence, { exitCode: ExitCode.unreachable, hint, cause });
    this.code = code;
  }
}

/** The proxy could not be reached, or did not lead on. */
export class ProxyError extends Error {
  /** HOST:PORT, without the password that the URL may hold. */
  readonly proxy: string;

  constructor(proxy: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.proxy = proxy;
  }
}

const CHECK_PROXY = 'Check HTTPS_PROXY, NO_PROXY or the proxy-url of the kubeconfig.';
const CHECK_SERVER =
  'Check that the cluster runs and that the server of this context is right (kubectl config view --minify).';
const CHECK_CA =
  "The kubeconfig's certificate-authority does not fit this server (a cluster made anew?), or something in between answers in its place.";

const UNKNOWN_AUTHORITY = ["the server's certificate is signed by an unknown authority.", CHECK_CA] as const;

/** Whether trying again may help: the connection was cut, rather than refused or not trusted. */
export function isConnectionReset(error: unknown): boolean {
  return error instanceof ConnectionError && ['ECONNRESET', 'EPIPE', 'ECONNABORTED'].includes(error.code);
}

/** The deadline of a call has passed. */
export function timeoutError(server: string, timeoutMs: number, cause?: unknown): ConnectionError {
  return new ConnectionError(
    'TIMEOUT',
    `The API server ${server} did not answer within ${timeoutMs / 1000} s.`,
    'Check the network, VPN or proxy to the cluster; --request-timeout allows more time.',
    cause,
  );
}

/** Turns an error of node:https, node:tls or ws into a sentence, its cause and the next step. */
export function connectionError(error: unknown, server: string): NetdebugError {
  if (error instanceof NetdebugError) return error;
  if (error instanceof ProxyError) return proxyError(error, server);
  const code = codeOf(error);
  const text = cleanText(error instanceof Error ? error.message : String(error), 300);
  const [why, hint] = explain(code, text);
  return new ConnectionError(code, `Cannot reach the API server ${server}: ${why}`, hint, error);
}

function proxyError(error: ProxyError, server: string): NetdebugError {
  const text = cleanText(error.message, 300);
  // A failure of SOCKS has no code, only the words of the one below it.
  const code =
    [codeOf(error.cause), /\bE[A-Z]{4,}\b/.exec(text)?.[0]].find((each) => each !== 'UNKNOWN') ?? 'UNKNOWN';
  const refused = /^Bad response: (\d{3})$/.exec(text)?.[1];
  const silent = text === 'Proxy timeout' ? 'it did not answer.' : undefined;
  const why =
    refused === undefined ? (silent ?? explain(code, text)[0]) : `it refused the tunnel (HTTP ${refused}).`;
  return new ConnectionError(
    code,
    `Cannot reach the API server ${server} through the proxy ${cleanText(error.proxy, 200)}: ${why}`,
    CHECK_PROXY,
    error,
  );
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'UNKNOWN';
  const { code, errors } = error as { code?: unknown; errors?: unknown };
  if (typeof code === 'string') return code;
  // "localhost" is tried on ::1 and 127.0.0.1; the reason is the same for both.
  return Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : 'UNKNOWN';
}

function explain(code: string, text: string): readonly [string, string] {
  switch (code) {
    case 'ECONNREFUSED':
      return ['nothing listens there (connection refused).', CHECK_SERVER];
    case 'ENOTFOUND':
      return ['its name does not resolve.', `${CHECK_SERVER} A private cluster may need a VPN.`];
    case 'EAI_AGAIN':
      return ['the DNS server does not answer.', 'Check the network of this machine.'];
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
      return [`no route or no answer (${code}).`, 'Check the network, VPN or proxy to the cluster.'];
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
      return ['the connection was cut.', 'Try again; a proxy or load balancer may have closed it.'];
    case 'CERT_HAS_EXPIRED':
      return ["the server's certificate has expired.", "Renew it, or check this machine's clock."];
    case 'CERT_NOT_YET_VALID':
      return ["the server's certificate is not valid yet.", "Check this machine's clock."];
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return [
        `the server's certificate is for another name (${text}).`,
        'Use a name of the certificate as server, or give it with --tls-server-name.',
      ];
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
    case 'CERT_UNTRUSTED':
    case 'INVALID_CA':
      return UNKNOWN_AUTHORITY;
    default:
      return explainText(code, text);
  }
}

function explainText(code: string, text: string): readonly [string, string] {
  if (/wrong.version.number/i.test(text)) {
    return ['it does not speak TLS.', 'Is the server of this context meant to be http:// or another port?'];
  }
  // Bun's words for a certificate-authority that holds no certificate.
  if (text === 'Invalid CA') return UNKNOWN_AUTHORITY;
  if (/alert.*(certificate|unknown ca)/i.test(text)) {
    return ['it did not accept the client certificate.', 'Log in again, or choose another context.'];
  }
  if (/PEM|asn1|key (values|type) mismatch|key_(values|type)_mismatch/i.test(text)) {
    return [
      `a certificate or key in the kubeconfig cannot be used (${text}).`,
      'Check certificate-authority, client-certificate and client-key.',
    ];
  }
  return [`${text || code}.`, CHECK_SERVER];
}
