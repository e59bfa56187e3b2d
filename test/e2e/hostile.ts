/** Servers that do what servers should not, run by node in the network of a pod. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { RunPlace, RunResult } from '../cluster/ipc.js';
import type { TestCluster } from '../cluster/harness.js';

/** What listens on which port. */
export const hostilePorts = {
  endlessHeaders: 8001,
  endlessBody: 8002,
  silent: 8003,
  controlCharacters: 8004,
  cutBody: 8005,
  redirectsForever: 8006,
  notHttp: 8007,
  redirectToSilence: 8008,
  good: 8441,
  expired: 8442,
  otherName: 8443,
  wantsCertificate: 8444,
  silentUdp: 8101,
} as const;

const program = `
const net = require('node:net'), tls = require('node:tls'), dgram = require('node:dgram');
process.on('uncaughtException', () => undefined);
const pairs = JSON.parse(process.argv[1]), ports = JSON.parse(process.argv[2]);
const tcp = (port, serve) => net.createServer((s) => { s.on('error', () => s.destroy()); serve(s); }).listen(port);
const pump = (s, text) => { const go = () => { while (!s.destroyed && s.write(text)); }; s.on('drain', go); go(); };
const answer = (port, text, after = () => undefined) => tcp(port, (s) => s.once('data', () => { s.write(text); after(s); }));
tcp(ports.endlessHeaders, (s) => { s.write('HTTP/1.1 200 OK\\r\\n'); pump(s, 'X-Pad: ' + 'a'.repeat(500) + '\\r\\n'); });
tcp(ports.endlessBody, (s) => { s.write('HTTP/1.1 200 OK\\r\\n\\r\\n'); pump(s, 'b'.repeat(65536)); });
tcp(ports.silent, (s) => s.resume());
answer(ports.controlCharacters, 'HTTP/1.1 200 O\\u001b[31mK\\r\\nX-Evil: \\u001b]0;owned\\u0007\\u001b[2Jhere\\r\\nContent-Length: 0\\r\\n\\r\\n');
answer(ports.cutBody, 'HTTP/1.1 200 OK\\r\\nContent-Length: 1000\\r\\n\\r\\nabc', (s) => s.end());
answer(ports.redirectsForever, 'HTTP/1.1 302 Found\\r\\nLocation: /again\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n', (s) => s.end());
tcp(ports.redirectToSilence, (s) => s.once('data', () => s.end('HTTP/1.1 302 Found\\r\\nLocation: http://' + s.localAddress.replace('::ffff:', '') + ':' + ports.silent + '/\\r\\nContent-Length: 0\\r\\n\\r\\n')));
answer(ports.notHttp, 'SSH-2.0-OpenSSH_9.2\\r\\n', (s) => s.end());
const secure = (name, pair, more) => tls.createServer({ ...pair, ...more }, (s) => s.on('error', () => undefined)).listen(ports[name]);
secure('good', pairs.good);
secure('expired', pairs.expired);
secure('otherName', pairs.otherName);
secure('wantsCertificate', pairs.good, { requestCert: true, rejectUnauthorized: false });
dgram.createSocket('udp4').on('message', () => undefined).bind(ports.silentUdp);
`;

/** Starts them in a pod and resolves when all of TCP listen. They end with the cluster. */
export async function startHostile(cluster: TestCluster, pod: string, name: string): Promise<void> {
  const place: RunPlace = { namespace: 'default', pod };
  const pairs = {
    good: await selfSigned(name, -1, 30),
    expired: await selfSigned(name, -30, -10),
    otherName: await selfSigned('other.example', -1, 30),
  };
  const argv = [process.execPath, '-e', program, JSON.stringify(pairs), JSON.stringify(hostilePorts)];
  const running = cluster.run(argv, { in: place, timeoutMs: 300_000 });
  const port = String(hostilePorts.wantsCertificate);
  const listening = cluster.run(
    ['sh', '-c', `until ss -Hltn sport = :${port} | grep -q .; do sleep 0.1; done`],
    { in: place },
  );
  const failed = running.then(({ stderr }: RunResult) => {
    throw new Error(`the hostile servers ended: ${stderr}`);
  });
  // When the cluster stops, the call is not answered any more.
  failed.catch(() => undefined);
  await Promise.race([listening, failed]);
}

/** A certificate that nobody vouches for; valid from and until so many days from now. */
async function selfSigned(dns: string, fromDays: number, untilDays: number): Promise<object> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const day = (days: number): Date => new Date(Date.now() + days * 86_400_000);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: `CN=${dns}`,
    notBefore: day(fromDays),
    notAfter: day(untilDays),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: dns }])],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') };
}
