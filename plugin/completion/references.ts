import { kindInfo, kindOf, type KindInfo, kinds } from '../../src/target/kinds.js';
import type { Candidate, Completes } from '../options/completes.js';
import type { Words } from '../options/words.js';
import type { ContainerTarget, Sources } from './sources.js';

type ReferencePlace = Extract<Completes, 'targets' | 'destinations' | 'endpoints'>;

const pod = kindInfo('pod');

/** RFC 1123 label. */
const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Kinds that stand for pods, and the node. */
const withPods = kinds.filter(({ kind }) => !['ingress', 'gateway', 'httproute'].includes(kind));

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

/** What `-c` chooses a container of: the reference that is given first. */
export function containerTarget({
  positionals,
  given,
}: Words): (Omit<ContainerTarget, 'namespace'> & { readonly namespace?: string }) | undefined {
  const text = positionals[0] ?? given.get('reference')?.at(-1);
  if (text === undefined) return undefined;
  const parts = text.replace(/:.*$/, '').split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length === 1) return { kind: pod, name };
  const kind = kindOf(parts.at(-2) ?? '');
  if (kind === undefined || parts.length > 3) return undefined;
  const namespace = parts.length === 3 ? parts[0] : undefined;
  return { kind, name, ...(namespace === undefined ? {} : { namespace }) };
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
