import { parseAddress, parseCidr, contains } from '../policy/address.js';
import { Tri, both } from '../policy/tri.js';
import type { AuthorizationOperation, AuthorizationSource, Words } from './objects.js';

/** What a server's proxy knows of a connection. */
export interface Caller {
  /** Whether the peer proves who it is by mutual TLS; unknown where that is not known. */
  readonly authenticated: Tri;
  readonly namespace?: string;
  readonly serviceAccount?: string;
  /** Of the peer; none where not known. */
  readonly addresses: readonly string[];
  /** Trust domains that mean this mesh. */
  readonly trustDomains: readonly string[];
  /** Of the workload, after a Service has replaced its own; undefined where not known. */
  readonly port?: number;
  /** Whether the port carries HTTP: only then methods, paths and headers are there to be matched. */
  readonly http: Tri;
}

interface Context {
  readonly caller: Caller;
  /** In a DENY policy what a TCP connection cannot have is left out; in an ALLOW policy its rule never matches. */
  readonly deny: boolean;
  /** What is taken for fields that only a request tells. */
  readonly request: Tri;
}

/** One `source`: every field that is set has to match. */
export function matchSource(source: AuthorizationSource, context: Context): Tri {
  const { caller } = context;
  return all(
    source,
    (field, words) => {
      switch (field) {
        case 'principals':
          return identity(caller, words, principals(caller));
        case 'namespaces':
          return identity(caller, words, caller.namespace === undefined ? [] : [caller.namespace]);
        case 'serviceAccounts':
          return identity(caller, words, accounts(caller));
        case 'ipBlocks':
          return inBlocks(caller.addresses, words);
        case 'remoteIpBlocks':
          // A header may name another address; without HTTP there is none.
          return caller.http === Tri.no ? inBlocks(caller.addresses, words) : requestOnly(context);
        case 'requestPrincipals':
          return requestOnly(context);
        default:
          return Tri.unknown;
      }
    },
    context,
  );
}

/** One `operation`: every field that is set has to match. */
export function matchOperation(operation: AuthorizationOperation, context: Context): Tri {
  return all(
    operation,
    (field, words) => {
      if (field !== 'ports') return requestOnly(context);
      return portIn(context.caller, words);
    },
    context,
  );
}

/** One `when`. */
export function matchCondition(
  { key, values, notValues }: { readonly key: string; readonly values?: Words; readonly notValues?: Words },
  context: Context,
): Tri {
  const { caller } = context;
  const one = (words: readonly string[]): Tri => {
    switch (key) {
      case 'source.principal':
        return identity(caller, words, principals(caller));
      case 'source.namespace':
        return identity(caller, words, caller.namespace === undefined ? [] : [caller.namespace]);
      case 'source.serviceAccount':
        return identity(caller, words, accounts(caller));
      case 'source.ip':
        return inBlocks(caller.addresses, words);
      case 'destination.port':
        return portIn(caller, words);
      default:
        return key.startsWith('request.') || key === 'remote.ip' ? requestOnly(context) : Tri.unknown;
    }
  };
  const yes = values == null || values.length === 0 ? Tri.yes : one(values);
  const no =
    notValues == null || notValues.length === 0
      ? Tri.yes
      : unless(one(notValues), key.startsWith('request.'), context);
  return both(yes, no);
}

/** Fields that a connection tells. All others hang on a request. */
const connectionFields = ['principals', 'namespaces', 'serviceAccounts', 'ipBlocks', 'ports'];

/** Fields and their negations (`notPorts` to `ports`): each that is set has to hold. */
function all(
  fields: Readonly<Record<string, Words>>,
  match: (field: string, words: readonly string[]) => Tri,
  context: Context,
): Tri {
  let result: Tri = Tri.yes;
  for (const [name, words] of Object.entries(fields)) {
    if (!Array.isArray(words) || words.length === 0) continue;
    const negated = /^not[A-Z]/.test(name);
    const field = negated ? `${name.charAt(3).toLowerCase()}${name.slice(4)}` : name;
    const found = match(field, words as readonly string[]);
    const request =
      !connectionFields.includes(field) && !(field === 'remoteIpBlocks' && context.caller.http === Tri.no);
    result = both(result, negated ? unless(found, request, context) : found);
  }
  return result;
}

function unless(found: Tri, request: boolean, { caller, request: assumed }: Context): Tri {
  // What is assumed of a request is assumed of the whole term, negated or not.
  if (request && (caller.http === Tri.no || assumed !== Tri.unknown)) return found;
  return found === Tri.unknown ? found : found === Tri.yes ? Tri.no : Tri.yes;
}

/** A term that only HTTP has: on a TCP port an ALLOW rule with it never matches, and a DENY rule does without it. */
function requestOnly({ caller, deny, request }: Context): Tri {
  if (caller.http === Tri.no) return deny ? Tri.yes : Tri.no;
  return request;
}

function principals({ trustDomains, namespace, serviceAccount }: Caller): readonly string[] {
  if (namespace === undefined || serviceAccount === undefined) return [];
  return trustDomains.map((domain) => `${domain}/ns/${namespace}/sa/${serviceAccount}`);
}

function accounts({ namespace, serviceAccount }: Caller): readonly string[] {
  return serviceAccount === undefined ? [] : [serviceAccount, `${namespace ?? ''}/${serviceAccount}`];
}

/** Who calls is known by mutual TLS alone: in plain text nobody is anybody. */
function identity({ authenticated }: Caller, patterns: readonly string[], names: readonly string[]): Tri {
  const matches = patterns.some((pattern) => names.some((name) => matchesWord(pattern, name)));
  if (names.length === 0 && authenticated !== Tri.no) return Tri.unknown;
  return matches ? authenticated : Tri.no;
}

/** Exact, prefix (`a*`), suffix (`*a`) or presence (`*`). */
function matchesWord(pattern: string, word: string): boolean {
  if (pattern === '*') return word !== '';
  if (pattern.startsWith('*')) return word.endsWith(pattern.slice(1));
  return pattern.endsWith('*') ? word.startsWith(pattern.slice(0, -1)) : pattern === word;
}

function inBlocks(addresses: readonly string[], blocks: readonly string[]): Tri {
  const own = addresses.flatMap((text) => parseAddress(text) ?? []);
  if (own.length === 0) return Tri.unknown;
  const held = own.map((address) =>
    blocks.some((text) => {
      const cidr = parseCidr(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`);
      return cidr !== undefined && contains(cidr, address);
    }),
  );
  // Of a dual-stack pod it is not known which of its addresses is used.
  return held.every(Boolean) ? Tri.yes : held.some(Boolean) ? Tri.unknown : Tri.no;
}

function portIn({ port }: Caller, words: readonly string[]): Tri {
  if (port === undefined) return Tri.unknown;
  return words.some((word) => matchesWord(word, String(port))) ? Tri.yes : Tri.no;
}
