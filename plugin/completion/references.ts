import { kindInfo, kindOf, type KindInfo, kinds, outsideKinds } from '../../src/target/kinds.js';
import type { Candidate, Completes } from '../options/completes.js';
import type { Words } from '../options/words.js';
import type { NamedObject, Sources } from './sources.js';

type ReferencePlace = Extract<Completes, 'targets' | 'destinations' | 'endpoints'>;

const pod = kindInfo('pod');

/** RFC 1123 label. */
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Kinds that stand for pods, and the node. */
const withPods = kinds.filter(({ kind }) => !outsideKinds.some((one) => one === kind));

/**
 * Candidates for [NAMESPACE/]KIND/NAME: names after `KIND/`, kinds before, and pods where a bare name is one. A word before the
 * slash that is no kind is a namespace.
 */
export async function referenceCandidates(
  place: ReferencePlace,
  prefix: string,
  namespace: string | undefined,
  sources: Sources,
): Promise<readonly Candidate[]> {
  const allowed = place === 'targets' ? withPods : kinds;
  const colon = prefix.indexOf(':');
  if (colon >= 0) return portCandidates(prefix.slice(0, colon), namespace, sources);
  const parts = prefix.split('/');
  const [first = '', second = ''] = parts;
  if (parts.length === 1) {
    const prefixes = [
      ...kindCandidates(allowed, first),
      ...(place === 'endpoints' ? [{ word: 'external', about: 'a client outside the cluster' }] : []),
    ];
    const pods = place === 'destinations' ? [] : await sources.names(pod, namespace);
    return [...pods, ...prefixes];
  }
  const kind = kindOf(first);
  if (parts.length === 2 && kind !== undefined) return named(kind, `${first}/`, namespace, sources);
  if (!label.test(first)) return [];
  if (parts.length === 2)
    return kindCandidates(
      allowed.filter(({ namespaced }) => namespaced),
      second,
    ).map(({ word, about }) => ({ word: `${first}/${word}`, about }));
  const inNamespace = kindOf(second);
  if (parts.length > 3 || inNamespace?.namespaced !== true) return [];
  return named(inNamespace, `${first}/${second}/`, first, sources);
}

/** The object that is given first, of which `-c` chooses a container. */
export function firstObject({ positionals, given }: Words): NamedObject | undefined {
  const text = positionals[0] ?? given.get('reference')?.at(-1);
  return text === undefined
    ? undefined
    : objectOf(text.replace(/:.*$/, ''), given.get('namespace')?.at(-1), pod);
}

/** `NAME`, `KIND/NAME` or `NAMESPACE/KIND/NAME`; undefined where it is none of them. */
function objectOf(text: string, namespace: string | undefined, bare?: KindInfo): NamedObject | undefined {
  const [name = '', kindWord, within, ...more] = text.split('/').reverse();
  const kind = kindWord === undefined ? bare : kindOf(kindWord);
  if (kind === undefined || name === '' || more.length > 0) return undefined;
  return { kind, name, namespace: within ?? namespace };
}

async function portCandidates(
  before: string,
  namespace: string | undefined,
  sources: Sources,
): Promise<Candidate[]> {
  const object = objectOf(before, namespace);
  if (object === undefined) return [];
  const ports = await sources.ports(object);
  return ports.map(({ word, about }) => ({ word: `${before}:${word}`, about }));
}

/** `deploy/`, by the shortest of its names that begins as typed. */
function kindCandidates(from: readonly KindInfo[], typed: string): Candidate[] {
  return from.flatMap(({ kind, plural, short }) => {
    // po/ saves one letter of pod/, and is harder to read.
    const names = kind === 'pod' ? [kind, plural] : [...short, kind, plural];
    const name = names.find((one) => one.startsWith(typed));
    return name === undefined ? [] : [{ word: `${name}/`, about: kind }];
  });
}

async function named(
  kind: KindInfo,
  before: string,
  namespace: string | undefined,
  sources: Sources,
): Promise<Candidate[]> {
  const names = await sources.names(kind, namespace);
  return names.map(({ word, about }) => ({ word: `${before}${word}`, about }));
}
