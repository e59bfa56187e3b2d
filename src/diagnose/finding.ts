/** How bad it is: `error` breaks the connection, `warning` breaks part of it or may, `info` is worth knowing. */
export type Severity = 'error' | 'warning' | 'info';

/**
 * `proven`: the objects state it, and nothing that they do not show can make it untrue. `likely`: it follows from the objects by the
 * rules of Kubernetes, but a component that they do not show carries it out. `possible`: one of several explanations.
 */
export type Confidence = 'proven' | 'likely' | 'possible';

/** Where on the way from the source to the destination something stands, in the order of that way. */
export type HopName =
  /** The way from outside to the Service behind it. `name`: the DNS record that clients outside look up. */
  | 'client'
  | 'name'
  | 'address'
  | 'ingress-controller'
  | 'gateway'
  | 'route'
  | 'source'
  | 'dns'
  | 'egress'
  | 'service'
  | 'node'
  | 'ingress'
  | 'mesh'
  | 'endpoint';

/** The object that is at fault, and where in it. `value` is what stands there. */
export interface Culprit {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly fieldPath?: string;
  readonly value?: string;
}

/** What a finding rests on. */
export interface Evidence {
  readonly source: 'api' | 'probe' | 'log' | 'event';
  /** Which object, probe or line. */
  readonly about: string;
  readonly excerpt: string;
}

/** How to mend it: words, and commands for a POSIX shell. */
export interface Fix {
  readonly text: string;
  readonly commands: readonly string[];
}

/** Which part of the way a finding closes, or leaves open. Absent lists: every source, every endpoint. */
export interface Block {
  readonly model: 'fail' | 'unknown';
  readonly sources?: readonly string[];
  readonly endpoints?: readonly string[];
}

/** One thing that is wrong, as a check tells it. */
export interface Finding {
  readonly code: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly object: Culprit;
  readonly message: string;
  readonly evidence: readonly Evidence[];
  readonly fix: Fix;
  readonly hop: HopName;
  /** What it is about (`service shop/api`, `pod shop/api-1`): a cause and its consequence share one of these. */
  readonly touches: readonly string[];
  readonly blocks?: Block;
}

/** `pod shop/api-1`: an object as findings and traces name it. */
export function objectKey(
  kind: string,
  { namespace, name }: { readonly namespace?: string; readonly name: string },
): string {
  return `${kind.toLowerCase()} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/** Evidence from an object: what it says, and where. */
export function fromApi(about: string, excerpt: string): Evidence {
  return { source: 'api', about, excerpt };
}
