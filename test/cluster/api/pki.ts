import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate with its key, PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** The cluster's own certificate authority. It lives in memory: nothing of it is written anywhere by this module. */
export interface Pki {
  /** PEM of the CA certificate: `certificate-authority-data` of a kubeconfig. */
  readonly ca: string;
  /** A server certificate for these names and addresses, besides 127.0.0.1, ::1 and localhost. */
  server(names?: readonly string[]): Promise<KeyPair>;
  /** A server certificate for exactly these names, with this CN. */
  site(commonName: string, names: readonly string[]): Promise<KeyPair>;
  /** A client certificate: the user is the CN, the groups are the O, as Kubernetes reads them. */
  client(user: string, groups?: readonly string[]): Promise<KeyPair>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const hourMs = 3_600_000;

function pem(bytes: ArrayBuffer, label: string): string {
  const base64 = Buffer.from(bytes).toString('base64');
  return `-----BEGIN ${label}-----\n${base64.replace(/(.{64})/g, '$1\n').trimEnd()}\n-----END ${label}-----\n`;
}

function isAddress(name: string): boolean {
  return /^[0-9.]+$/.test(name) || name.includes(':');
}

/**
 * Makes a CA (EC P-256). Certificates are valid from an hour before to a day after `now`: clusters are short-lived,
 * and a skewed clock of the API server must not spoil TLS.
 */
export async function createPki(now: number = Date.now()): Promise<Pki> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const validity = { notBefore: new Date(now - 24 * hourMs), notAfter: new Date(now + 24 * 30 * hourMs) };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=kubernetes',
    ...validity,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  let serial = 1;

  const issue = async (subject: x509.JsonName, extensions: x509.Extension[]): Promise<KeyPair> => {
    serial += 1;
    const own = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const cert = await x509.X509CertificateGenerator.create({
      serialNumber: serial.toString(16).padStart(4, '0'),
      subject,
      issuer: authority.subject,
      ...validity,
      signingAlgorithm: algorithm,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ...extensions,
      ],
    });
    const key = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
    return { cert: `${cert.toString('pem')}\n`, key: pem(key, 'PRIVATE KEY') };
  };

  const site = (commonName: string, names: readonly string[]): Promise<KeyPair> =>
    issue(
      [{ CN: [commonName] }],
      [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          [...new Set(names)].map((name) => ({
            type: isAddress(name) ? ('ip' as const) : ('dns' as const),
            value: name,
          })),
        ),
      ],
    );

  return {
    ca: `${authority.toString('pem')}\n`,
    site,
    server: (names = []) =>
      site('kube-apiserver', [
        ...['localhost', '127.0.0.1', '::1', 'kubernetes', 'kubernetes.default.svc'],
        ...names,
      ]),
    client: (user, groups = []) =>
      issue(
        [...groups.map((group) => ({ O: [group] })), { CN: [user] }],
        [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])],
      ),
  };
}
