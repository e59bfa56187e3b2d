import type { ObjectReference } from '../../src/target/reference.js';
import { parseReference } from '../../src/target/reference.js';
import type { Flags } from './flags.js';
import { usageError } from './usage.js';
import type { Words } from './words.js';
import { argumentsOf, switchOf, wordOf } from './words.js';

/** What a command is to work in: a reference, or the pods with these labels. */
export type PodTarget =
  | { readonly kind: 'reference'; readonly reference: ObjectReference }
  | { readonly kind: 'labels'; readonly selector: string; readonly allNamespaces: boolean };

/** `-l` and `-A`. */
export const selectorFlags = {
  selector: {
    kind: 'text',
    short: 'l',
    placeholder: 'LABELS',
    describe: 'a pod with these labels instead of POD, such as app=web',
    group: 'Flags',
  },
  'all-namespaces': {
    kind: 'switch',
    short: 'A',
    describe: 'with -l: pods of all namespaces',
    group: 'Flags',
  },
} as const satisfies Flags;

/**
 * The pod that is meant, and the other arguments by `names`. With `-l` the pod is not among the arguments.
 * Throws a usage error.
 */
export function parsePodAndArguments(
  words: Words,
  names: readonly string[],
  rest: 'rest' | 'no-rest' = 'no-rest',
): { readonly target: PodTarget; readonly others: readonly string[] } {
  const selector = wordOf(words, 'selector');
  const allNamespaces = switchOf(words, 'all-namespaces');
  if (selector !== undefined) {
    const others = argumentsOf(words, names, rest);
    return { target: { kind: 'labels', selector: parseSelector(selector), allNamespaces }, others };
  }
  if (allNamespaces)
    throw usageError('-A goes with -l: a name is looked for in one namespace', words.command);
  const [pod = '', ...others] = argumentsOf(words, ['POD', ...names], rest);
  return { target: { kind: 'reference', reference: parseObject(pod) }, others };
}

/** The pod that is meant, and one or more other arguments of a name, e.g. `DEST`. Throws a usage error. */
export function parsePodAndSome(
  words: Words,
  name: string,
): { readonly target: PodTarget; readonly others: readonly string[] } {
  const withLabels = wordOf(words, 'selector') !== undefined;
  const fixed = withLabels ? 1 : 2;
  const { target, others } = parsePodAndArguments(
    { ...words, positionals: words.positionals.slice(0, fixed) },
    [name],
  );
  return { target, others: [...others, ...words.positionals.slice(fixed)] };
}

/** Most targets that are named at once. */
const mostTargets = 100;

/** Everything that is meant: any number of references, and the pods with the labels of `-l`. Throws a usage error. */
export function parseTargets(words: Words): readonly PodTarget[] {
  const { positionals, command } = words;
  const selector = wordOf(words, 'selector');
  const allNamespaces = switchOf(words, 'all-namespaces');
  if (allNamespaces && selector === undefined)
    throw usageError('-A goes with -l: a name is looked for in one namespace', command);
  if (positionals.length === 0 && selector === undefined)
    throw usageError(`${command} needs a TARGET`, command);
  if (positionals.length > mostTargets)
    throw usageError(`${command} takes at most ${mostTargets} targets`, command);
  return [
    ...positionals.map((text): PodTarget => ({ kind: 'reference', reference: parseObject(text) })),
    ...(selector === undefined
      ? []
      : [{ kind: 'labels', selector: parseSelector(selector), allNamespaces } as const]),
  ];
}

/** A thing of the cluster: `web-0`, `deploy/api`, `shop/svc/api`. Throws a usage error. */
export function parseObject(text: string): ObjectReference {
  const reference = parseReference(text, 'object');
  if (reference.type !== 'object') throw usageError(`${JSON.stringify(text)} is nothing of the cluster`);
  return reference;
}

/** A label selector; the API server decides whether it is one, an empty one would mean every pod. */
export function parseSelector(text: string): string {
  if (text.trim() === '')
    throw usageError('--selector is empty', undefined, 'expected labels, such as app=web,tier!=cache');
  return text;
}
