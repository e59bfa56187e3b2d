import { readFile } from 'node:fs/promises';
import tls from 'node:tls';

/** Where Linux distributions keep their root certificates, in the order Go's crypto/x509 looks for them. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/**
 * The roots to trust when the kubeconfig names no certificate authority: those of the operating system, as kubectl does, besides
 * those of the runtime. Companies install their own CA there. undefined = only the runtime's.
 */
export async function systemRoots(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string[] | undefined> {
  const ofRuntime = tls as { getCACertificates?: (type: 'system' | 'default') => string[] };
  if (ofRuntime.getCACertificates) {
    return [...ofRuntime.getCACertificates('default'), ...ofRuntime.getCACertificates('system')];
  }
  for (const file of env.SSL_CERT_FILE ? [env.SSL_CERT_FILE] : BUNDLES) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return [...tls.rootCertificates, text];
  }
  return undefined;
}
