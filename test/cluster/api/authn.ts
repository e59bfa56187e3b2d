import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { authorize, refusal } from './rbac.js';
import { unauthorized } from './status.js';
import type { ApiStore, Identity } from './types.js';

const anonymous: Identity = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

function texts(value: unknown): string[] {
  if (Array.isArray(value)) return (value as unknown[]).flatMap(texts);
  return typeof value === 'string' ? [value] : [];
}

function withAuthenticated(groups: readonly string[]): string[] {
  return [...new Set([...groups, 'system:authenticated'])];
}

/** The user of the client certificate; undefined when none was sent. Throws 401 for one of another authority. */
function fromCertificate(socket: TLSSocket): Identity | undefined {
  const certificate = socket.getPeerCertificate();
  // Node gives an empty object when there is no certificate.
  if (Object.keys(certificate).length === 0) return undefined;
  if (!socket.authorized) throw unauthorized();
  const subject = certificate.subject as { CN?: unknown; O?: unknown };
  const hash = createHash('sha256').update(certificate.raw).digest('hex');
  return {
    username: texts(subject.CN)[0] ?? '',
    groups: withAuthenticated(texts(subject.O)),
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${hash}`] },
  };
}

/** Who sent the request: certificate before token before nobody. Throws 401. */
export function authenticate(req: IncomingMessage, token: (token: string) => Identity | undefined): Identity {
  const byCertificate = fromCertificate(req.socket as unknown as TLSSocket);
  if (byCertificate !== undefined) return byCertificate;
  const header = req.headers.authorization;
  if (header === undefined) return anonymous;
  const bearer = /^bearer\s+(\S+)$/i.exec(header)?.[1];
  const found = bearer === undefined ? undefined : token(bearer);
  if (found === undefined) throw unauthorized();
  return { ...found, groups: withAuthenticated(found.groups) };
}

function check(store: ApiStore, who: Identity, resource: string, name: string, namespace?: string): void {
  const wanted = { verb: 'impersonate', group: '', resource, name, namespace };
  if (!authorize(store, who, wanted).allowed) throw refusal(who, wanted);
}

/** Applies the Impersonate-* headers. Throws 403 when the real user may not. */
export function impersonate(req: IncomingMessage, store: ApiStore, who: Identity): Identity {
  const user = req.headers['impersonate-user'];
  if (typeof user !== 'string' || user === '') return who;
  const groups = req.headersDistinct['impersonate-group'] ?? [];
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user);
  if (account === null) check(store, who, 'users', user);
  else check(store, who, 'serviceaccounts', account[2] ?? '', account[1]);
  for (const group of groups) check(store, who, 'groups', group);
  const own =
    account === null ? [] : ['system:serviceaccounts', `system:serviceaccounts:${account[1] ?? ''}`];
  const all = groups.length > 0 ? groups : own;
  return { username: user, groups: user === anonymous.username ? anonymous.groups : withAuthenticated(all) };
}
