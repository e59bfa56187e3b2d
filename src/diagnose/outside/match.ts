/**
 * How hosts and paths of Ingress and Gateway API match, by their specifications: https://kubernetes.io/docs/concepts/services-networking/ingress/
 * and https://gateway-api.sigs.k8s.io/reference/spec/. Hosts are compared in lower case without a last dot.
 */

/** A host as it is compared. */
export function plainHost(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}

/** Whether the host of an Ingress rule means this host: `*` is exactly one label. No host means every one. */
export function ingressHostMatches(rule: string | null | undefined, host: string): boolean {
  if (rule == null || rule === '') return true;
  const [wanted, asked] = [plainHost(rule), plainHost(host)];
  if (!wanted.startsWith('*.')) return wanted === asked;
  const dot = asked.indexOf('.');
  return dot > 0 && asked.slice(dot) === wanted.slice(1);
}

/** Whether a hostname of Gateway API means this host: `*.example.com` is one label or more before it. No hostname means every one. */
export function gatewayHostMatches(pattern: string | null | undefined, host: string): boolean {
  if (pattern == null || pattern === '') return true;
  const [wanted, asked] = [plainHost(pattern), plainHost(host)];
  return wanted.startsWith('*.')
    ? asked.length > wanted.length - 1 && asked.endsWith(wanted.slice(1))
    : wanted === asked;
}

/** What two hostnames of Gateway API have in common, the narrower of them; undefined when that is nothing. An absent one is every host. */
export function commonHost(
  a: string | null | undefined,
  b: string | null | undefined,
): { readonly host?: string } | undefined {
  if (a == null || a === '') return b == null || b === '' ? {} : { host: b };
  if (b == null || b === '') return { host: a };
  if (plainHost(a) === plainHost(b)) return { host: a };
  const covers = (wide: string, narrow: string): boolean =>
    wide.startsWith('*.') &&
    gatewayHostMatches(wide, narrow.startsWith('*.') ? `x${narrow.slice(1)}` : narrow);
  if (covers(a, b)) return { host: b };
  return covers(b, a) ? { host: a } : undefined;
}

/** How specific a host is: an exact one before a wildcard, a longer wildcard before a shorter one, no host last. */
export function hostRank(host: string | null | undefined): number {
  if (host == null || host === '') return 0;
  return host.startsWith('*.') ? host.length : 1000 + host.length;
}

/** Exact; element by element; or as the implementation likes. */
export type PathKind = 'Exact' | 'Prefix' | 'ImplementationSpecific' | 'RegularExpression';

/** The kind of a path by its word in either API. */
export function pathKind(word: string | null | undefined): PathKind {
  if (word === 'PathPrefix' || word === 'Prefix') return 'Prefix';
  return word === 'Exact' || word === 'RegularExpression' ? word : 'ImplementationSpecific';
}

/**
 * Whether a path means this one. `undefined`: only the implementation knows. Controllers take ImplementationSpecific for a prefix or a
 * regular expression; a plain prefix is taken for the former. Regular expressions are not run: they come from others.
 */
export function pathMatches(
  kind: PathKind,
  path: string | null | undefined,
  asked: string,
): boolean | undefined {
  const own = path == null || path === '' ? '/' : path;
  switch (kind) {
    case 'Exact':
      return own === asked;
    case 'Prefix':
      return prefixMatches(own, asked);
    case 'ImplementationSpecific':
      if (!/[()[\]|^$*+?\\]/.test(own)) return asked.startsWith(own) || prefixMatches(own, asked);
      return asked.startsWith(literalStart(own)) ? undefined : false;
    case 'RegularExpression':
      return undefined;
  }
}

/** What a regular expression begins with, as far as it stands for itself. */
function literalStart(expression: string): string {
  const plain = /^\^?([\w/.~-]*)/.exec(expression)?.[1] ?? '';
  // What follows may make the last character optional.
  return plain.slice(0, -1);
}

function prefixMatches(prefix: string, asked: string): boolean {
  const trimmed = prefix.replace(/\/+$/, '');
  return asked === trimmed || asked.startsWith(`${trimmed}/`) || trimmed === '';
}

/** Which of two paths wins where both match: the longer one, an exact one before a prefix of the same length. Negative: the first. */
export function comparePaths(
  a: { readonly kind: PathKind; readonly path: string },
  b: { readonly kind: PathKind; readonly path: string },
): number {
  const exact = Number(b.kind === 'Exact') - Number(a.kind === 'Exact');
  return b.path.length - a.path.length || exact;
}

/** Whether a name of a certificate, with or without `DNS:` before it, is good for a host: a wildcard stands for one label (RFC 9525, 6.3). */
export function certifies(name: string, host: string): boolean {
  const plain = plainHost(name.replace(/^DNS:/i, ''));
  return (
    gatewayHostMatches(plain, host) &&
    (!plain.startsWith('*.') || host.split('.').length === plain.split('.').length)
  );
}
