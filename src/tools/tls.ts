import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import {
  collectWithin,
  heldFunction,
  millisecondsBetween,
  nowFunction,
  outcomeOfWords,
  type ProbeOptions,
} from './probe.js';
import type { RunTool } from './run.js';
import { printable } from './text.js';

export interface TlsRequest {
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** SNI, and the name that the certificate must have. */
  readonly serverName: string | undefined;
}

/** A certificate as the server sent it. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** `DNS:...` and `IP Address:...`; empty when there are none. */
  readonly names: readonly string[];
  /** ISO 8601. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Negative when it has expired. By our clock. */
  readonly daysLeft: number;
  readonly sha256: string;
}

/** What a TLS handshake showed. */
export interface TlsFacts {
  readonly via: 'openssl' | undefined;
  readonly serverName?: string;
  /** e.g. `TLSv1.3` */
  readonly protocol?: string;
  readonly cipher?: string;
  /** ALPN */
  readonly application?: string;
  /** The server's own certificate first. */
  readonly chain: readonly CertificateFacts[];
  /** Whether the container's own authorities vouch for it, in openssl's words; in a cluster they seldom do. */
  readonly verified?: string;
  /** The server wants to see a certificate of the client's; whether it insists shows only in what it answers later. */
  readonly asksForCertificate?: boolean;
  /** With the TCP connection before it. */
  readonly ms?: number;
  /** One sentence: no handshake, expired, not yet valid, another name. */
  readonly problem?: string;
}

const script = `${nowFunction}${heldFunction}addr=$1 name=$2 wait=$3
command -v openssl >/dev/null || { echo 'via none'; exit; }
echo 'via openssl'
set -- s_client -connect "$addr" -showcerts
if [ -n "$name" ]; then set -- "$@" -servername "$name"; else set -- "$@" -noservername; fi
now; echo "start $n"
if command -v timeout >/dev/null; then held timeout $wait openssl "$@" </dev/null 2>&1; else held openssl "$@" </dev/null 2>&1; fi
r=$?
now; echo "end $n $r"`;

/** argv of one handshake. */
function tlsArgv({ address, port, serverName, timeoutMs }: TlsRequest): string[] {
  const to = isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
  return [
    'sh',
    '-c',
    script,
    'netdebug',
    to,
    serverName ?? '',
    String(Math.max(1, Math.ceil(timeoutMs / 1000))),
  ];
}

/** Shakes hands by openssl in the debug container. A handshake that fails is a result, and so is a container without openssl. */
export async function readTls(run: RunTool, request: TlsRequest, options: ProbeOptions): Promise<TlsFacts> {
  const said = await collectWithin(run, tlsArgv(request), {
    ...options,
    timeoutMs: request.timeoutMs + 15_000,
    limitBytes: 1024 * 1024,
  });
  if (said === 'timeout')
    return { via: 'openssl', chain: [], problem: 'the TLS handshake was not answered in time' };
  return parseTls(said.stdout, request, options.clock.now());
}

/** Reads what `openssl s_client -showcerts` printed. `now`: milliseconds since 1970. */
function parseTls(text: string, request: TlsRequest, now: number): TlsFacts {
  if (!/^via openssl$/m.test(text))
    return { via: undefined, chain: [], problem: 'the debug container has no openssl to shake hands with' };
  const { serverName } = request;
  const chain = certificatesIn(text).map((one) => factsOf(one, now));
  const session = /^New, (?:\(NONE\)|(\S+)), Cipher is (\S+)/m.exec(text);
  const end = /^end (\S+) (\d+)$/m.exec(text);
  const ms = millisecondsBetween(/^start (\S+)$/m.exec(text)?.[1], end?.[1]);
  const verified =
    /^\s*Verify return code: (\d+ \(.*\))/m.exec(text)?.[1] ?? /^Verification: (\w+)/m.exec(text)?.[1];
  const application = /^ALPN protocol: (\S+)/m.exec(text)?.[1];
  const shook = session?.[1] !== undefined;
  const problem = shook
    ? certificateProblem(text, request, now)
    : handshakeProblem(text, Number(end?.[2] ?? 255));
  return {
    via: 'openssl',
    ...(serverName === undefined ? {} : { serverName }),
    ...(shook ? { protocol: session[1] ?? '', cipher: session[2] ?? '' } : {}),
    ...(application === undefined ? {} : { application }),
    chain,
    ...(shook && verified !== undefined ? { verified: printable(verified) } : {}),
    ...(shook && asksForCertificate.test(text) ? { asksForCertificate: true } : {}),
    ...(ms === undefined ? {} : { ms }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** openssl prints these of a CertificateRequest only. */
const asksForCertificate =
  /^(?:Acceptable client certificate CA names|Client Certificate Types:|Requested Signature Algorithms:)/m;

function certificatesIn(text: string): X509Certificate[] {
  const found = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  return found.slice(0, 10).flatMap((pem) => {
    try {
      return [new X509Certificate(pem)];
    } catch {
      return [];
    }
  });
}

function factsOf(certificate: X509Certificate, now: number): CertificateFacts {
  const until = Date.parse(certificate.validTo);
  const oneLine = (name: string): string => printable(name.replaceAll('\n', ', '));
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: (certificate.subjectAltName ?? '')
      .split(', ')
      .filter((name) => name !== '')
      .map(printable)
      .slice(0, 200),
    notBefore: isoTime(certificate.validFrom),
    notAfter: isoTime(certificate.validTo),
    daysLeft: Math.floor((until - now) / 86_400_000),
    sha256: certificate.fingerprint256,
  };
}

function isoTime(text: string): string {
  const time = Date.parse(text);
  return Number.isNaN(time) ? printable(text) : new Date(time).toISOString();
}

function certificateProblem(text: string, request: TlsRequest, now: number): string | undefined {
  const [own] = certificatesIn(text);
  if (own === undefined) return 'the server showed no certificate';
  const until = Date.parse(own.validTo);
  if (until < now) return `the certificate expired on ${isoTime(own.validTo)}`;
  if (Date.parse(own.validFrom) > now) return `the certificate is not valid before ${isoTime(own.validFrom)}`;
  const name = request.serverName;
  if (name !== undefined && isIP(name) === 0 && own.checkHost(name) === undefined)
    return `the certificate is not for ${name}`;
  return undefined;
}

function handshakeProblem(text: string, code: number): string {
  if (code === 124 || code === 143) return 'the TLS handshake was not answered in time';
  const alert = /:SSL routines:[^:]*:([^:\n]+)/.exec(text)?.[1];
  if (alert !== undefined) {
    const plain = /wrong version number|packet length|http request/i.test(alert)
      ? ' (the other side may not speak TLS)'
      : '';
    return `no TLS handshake: ${printable(alert).slice(0, 100)}${plain}`;
  }
  const network = outcomeOfWords(text);
  if (network !== undefined) return `no TLS handshake: ${network.errno ?? network.outcome}`;
  return 'no TLS handshake: the connection was closed';
}
