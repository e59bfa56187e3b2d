import { isIP } from 'node:net';
import { ExitCode, NetdebugError } from '../errors.js';
import { cleanText } from '../kube/text.js';
import { kindOf, kinds, type ReferenceKind } from './kinds.js';
import { nearNames } from './near.js';

export type Protocol = 'tcp' | 'udp' | 'sctp';

interface WithPort {
  /** A number from 1 to 65535, or the name of a port. */
  readonly port?: number | string;
  /** tcp unless given. */
  readonly protocol: Protocol;
}

/** What a person named, by the grammar of docs/references.md. */
export type Reference =
  | (WithPort & {
      readonly type: 'object';
      readonly kind: ReferenceKind;
      readonly namespace?: string;
      readonly name: string;
    })
  /** A DNS name. */
  | (WithPort & { readonly type: 'host'; readonly host: string })
  | (WithPort & { readonly type: 'ip'; readonly ip: string; readonly family: 4 | 6 })
  | (WithPort & { readonly type: 'url'; readonly url: string; readonly host: string; readonly port: number })
  /** A client outside the cluster. */
  | { readonly type: 'external' };

export type ObjectReference = Extract<Reference, { type: 'object' }>;

/**
 * Where the reference stands: `object` = only things of the cluster, a bare name is a pod; `destination` = also hosts,
 * addresses and URLs, a bare name is a host; `either` = all of them, a bare name is a pod and HOST needs a port or a dot.
 */
export type ReferencePlace = 'object' | 'destination' | 'either';

const protocols: readonly string[] = ['tcp', 'udp', 'sctp'] satisfies readonly Protocol[];

/** Reads one reference. Throws a NetdebugError, exit 2, that says what is wrong and what may have been meant. */
export function parseReference(text: string, place: ReferencePlace = 'object'): Reference {
  const shown = cleanText(text, 100);
  if (text === '') throw wrong('A reference is empty.');
  if (text.length > 2_000) throw wrong(`${shown} is too long for a reference.`);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return outside(parseUrl(text, shown), place, shown);
  const address = parseAddress(text, shown);
  if (address) return outside(address, place, shown);

  const { head, port, protocol } = splitPort(text, shown);
  const withPort = { ...(port === undefined ? {} : { port }), protocol };
  const parts = head.split('/');
  if (parts.length === 1) return bareName(head, withPort, place, shown);
  if (parts.length > 3 || parts.includes('')) {
    throw wrong(
      `${shown} is not a reference.`,
      'It is [NAMESPACE/]KIND/NAME[:PORT[/PROTOCOL]], as in shop/deploy/api or svc/api:80.',
    );
  }
  const [name = '', kindWord = '', namespace] = parts.reverse();
  const info = kindOf(kindWord);
  if (info === undefined) throw unknownKind(kindWord, namespace, name, shown);
  if (namespace !== undefined && !info.namespaced) {
    throw wrong(`${shown}: a ${info.kind} is in no namespace.`, `Write ${info.kind}/${name}.`);
  }
  checkName(name, info.kind, shown);
  if (namespace !== undefined) checkName(namespace, 'namespace', shown);
  return {
    type: 'object',
    kind: info.kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    ...withPort,
  };
}

/** A reference as a person would write it; parses to the same again. */
export function formatReference(reference: Reference): string {
  if (reference.type === 'external') return 'external';
  if (reference.type === 'url') return reference.url;
  const protocol = reference.protocol === 'tcp' ? '' : `/${reference.protocol}`;
  const port = reference.port === undefined ? '' : `:${reference.port}${protocol}`;
  switch (reference.type) {
    case 'ip':
      return reference.family === 6 && port !== '' ? `[${reference.ip}]${port}` : `${reference.ip}${port}`;
    case 'host':
      return `${reference.host}${port}`;
    case 'object': {
      const namespace = reference.namespace === undefined ? '' : `${reference.namespace}/`;
      return `${namespace}${reference.kind}/${reference.name}${port}`;
    }
  }
}

function bareName(name: string, withPort: WithPort, place: ReferencePlace, shown: string): Reference {
  if (name === 'external' && withPort.port === undefined) {
    if (place === 'object') throw wrong('external is a client outside the cluster; a pod is meant here.');
    return { type: 'external' };
  }
  const host =
    place === 'destination' || (place === 'either' && (withPort.port !== undefined || name.includes('.')));
  if (host) {
    if (
      !/^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i.test(name)
    ) {
      throw wrong(`${shown} is neither a host name nor an address.`);
    }
    return { type: 'host', host: name, ...withPort };
  }
  if (withPort.port !== undefined) {
    throw wrong(`${shown}: a bare name takes no port.`, `Write pod/${cleanText(name, 60)}:${withPort.port}.`);
  }
  checkName(name, 'pod', shown);
  return { type: 'object', kind: 'pod', name, protocol: 'tcp' };
}

/** IP, IP:PORT, [IPv6], [IPv6]:PORT, each with /PROTOCOL after the port. */
function parseAddress(text: string, shown: string): Reference | undefined {
  const plain = isIP(text);
  if (plain !== 0) return { type: 'ip', ip: text, family: plain === 4 ? 4 : 6, protocol: 'tcp' };
  const bracketed = /^\[([^\]]*)\](.*)$/.exec(text);
  if (bracketed) {
    const [, ip = '', rest = ''] = bracketed;
    if (isIP(ip) !== 6) throw wrong(`${shown}: ${cleanText(ip, 60)} is not an IPv6 address.`);
    const { head, port, protocol } = splitPort(`x${rest}`, shown);
    if (head !== 'x') throw wrong(`${shown}: after the address comes :PORT or nothing.`);
    return { type: 'ip', ip, family: 6, ...(port === undefined ? {} : { port }), protocol };
  }
  const withPort = /^([0-9.]+):(.*)$/.exec(text);
  if (withPort && isIP(withPort[1] ?? '') === 4) {
    const { port, protocol } = splitPort(text, shown);
    return {
      type: 'ip',
      ip: withPort[1] ?? '',
      family: 4,
      ...(port === undefined ? {} : { port }),
      protocol,
    };
  }
  if (/^[0-9]+(\.[0-9]+){3}(:|$)/.test(text)) throw wrong(`${shown} is not an IPv4 address.`);
  return undefined;
}

function parseUrl(text: string, shown: string): Reference {
  if (!URL.canParse(text)) throw wrong(`${shown} is not a URL.`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw wrong(`${shown}: only http and https URLs are understood.`);
  }
  const port = url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port);
  return { type: 'url', url: text, host: url.hostname.replace(/^\[|\]$/g, ''), port, protocol: 'tcp' };
}

/** Takes `:PORT[/PROTOCOL]` off the end. */
function splitPort(text: string, shown: string): WithPort & { readonly head: string } {
  const match = /^([^:]*):([^:/]*)(?:\/([^/]*))?$/.exec(text);
  if (!match) {
    if (text.includes(':')) {
      throw wrong(
        `${shown} is not a reference.`,
        'A port is written NAME:PORT or NAME:PORT/udp, an IPv6 address [ADDRESS]:PORT.',
      );
    }
    return { head: text, protocol: 'tcp' };
  }
  const [, head = '', word = '', protocolWord = 'tcp'] = match;
  const protocol = protocolWord.toLowerCase();
  if (!protocols.includes(protocol)) {
    throw wrong(
      `${shown}: ${cleanText(protocolWord, 20)} is not a protocol.`,
      `It is one of ${protocols.join(', ')}.`,
    );
  }
  return { head, port: parsePort(word, shown), protocol: protocol as Protocol };
}

function parsePort(word: string, shown: string): number | string {
  if (/^\d+$/.test(word)) {
    const port = Number(word);
    if (port >= 1 && port <= 65_535) return port;
    throw wrong(`${shown}: ${cleanText(word, 20)} is not a port; ports are 1 to 65535.`);
  }
  // IANA_SVC_NAME: at most 15 characters in a container, 63 in a Service.
  if (/^(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(word)) return word;
  throw wrong(
    `${shown}: ${JSON.stringify(cleanText(word, 40))} is neither a port number nor the name of a port.`,
  );
}

function outside(reference: Reference, place: ReferencePlace, shown: string): Reference {
  if (place !== 'object') return reference;
  throw wrong(
    `${shown} is an address; something of the cluster is meant here.`,
    'Name it as KIND/NAME, or NAME for a pod.',
  );
}

function checkName(name: string, what: string, shown: string): void {
  if (/^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name)) return;
  const lower = name.toLowerCase();
  const hint = lower !== name ? `Names are in lower case: ${cleanText(lower, 100)}.` : undefined;
  throw wrong(`${shown}: ${JSON.stringify(cleanText(name, 100))} cannot be the name of a ${what}.`, hint);
}

function unknownKind(
  word: string,
  namespace: string | undefined,
  name: string,
  shown: string,
): NetdebugError {
  // shop/api may well be meant as NAMESPACE/POD.
  const near = nearNames(
    word,
    kinds.flatMap(({ kind, plural, short }) => [kind, plural, ...short]),
  );
  const pod =
    namespace === undefined && near.length === 0
      ? `, or for pod ${cleanText(name, 60)} of namespace ${cleanText(word, 60)} write ${cleanText(word, 60)}/pod/${cleanText(name, 60)}`
      : '';
  const meant =
    near.length > 0
      ? `Did you mean ${near.join(' or ')}?`
      : `It is one of ${kinds.map(({ kind }) => kind).join(', ')}${pod}.`;
  return wrong(`${shown}: ${JSON.stringify(cleanText(word, 60))} is not a kind.`, meant);
}

function wrong(sentence: string, hint?: string): NetdebugError {
  return new NetdebugError(sentence, { exitCode: ExitCode.usage, hint });
}
