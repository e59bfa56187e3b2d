/** A word that may stand in some place of the command line, and what it is. */
export interface Candidate {
  readonly word: string;
  readonly about?: string | undefined;
}

/** Words known without a cluster; a function where their list is too heavy to be loaded with every command. */
export interface KnownWords {
  readonly words: readonly (string | Candidate)[] | (() => Promise<readonly (string | Candidate)[]>);
  /** Files, where none of the words begins like this. */
  readonly else?: 'files';
}

/** What a word of the command line is completed with. */
export type Completes =
  /** Nothing can be known: numbers, expressions, secrets. */
  | 'none'
  | 'files'
  | 'folders'
  /** Names of the kubeconfig. */
  | 'contexts'
  | 'clusters'
  | 'users'
  | 'namespaces'
  /** References where a bare name is a pod. */
  | 'targets'
  /** References where a bare name is a host. */
  | 'destinations'
  /** References where a bare name is a pod, or `external`. */
  | 'endpoints'
  /** Containers of the pod or workload that is named before. */
  | 'containers'
  /** Names of Services, as a resolver in their namespace takes them. */
  | 'services'
  /** Several, with commas between them. */
  | 'interfaces'
  | KnownWords;

/**
 * The words in capitals of usage lines and of `--help` that mean the same wherever they stand. A flag or an argument with another one says
 * itself what completes it.
 */
const meanings: Readonly<Record<string, Completes>> = {
  POD: 'targets',
  TARGET: 'targets',
  DEST: 'destinations',
  FROM: 'endpoints',
  TO: 'endpoints',
  REFERENCE: 'destinations',
  CONTAINER: 'containers',
  NAMESPACE: 'namespaces',
  FILE: 'files',
  LOCAL: 'files',
  DIR: 'folders',
  N: 'none',
  DURATION: 'none',
  SIZE: 'none',
  BYTES: 'none',
  PORT: 'none',
  PORTS: 'none',
  ADDRESS: 'none',
  LABELS: 'none',
  EXPRESSION: 'none',
  IMAGE: 'none',
  URL: 'none',
  REMOTE: 'none',
};

/** What completes a flag's word or an argument: what it says itself, else what its word in capitals means; undefined when neither says. */
export function completesOf(
  placeholder: string | undefined,
  own: Completes | undefined,
): Completes | undefined {
  if (own !== undefined) return own;
  return placeholder !== undefined && Object.hasOwn(meanings, placeholder)
    ? meanings[placeholder]
    : undefined;
}
