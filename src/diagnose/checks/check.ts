import type { Finding } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { SnapshotKind } from '../snapshot/types.js';
import type { Support } from './join.js';

/** Which objects of a kind: of the namespaces of one side, of kube-system, or everywhere. */
export type Where = 'source' | 'destination' | 'system' | 'cluster';

/** Something that a check has to have read. */
export interface Input {
  readonly kind: SnapshotKind;
  readonly where: Where;
  /** One object alone, which was read by its name. */
  readonly name?: string;
}

/**
 * One family of faults. A check is a function of facts: it asks nobody and knows no time but `facts.now`. It is skipped, and that is
 * said, when one of `reads` could not be read; `mayRead` are objects that only add to what it says.
 */
export interface Check {
  readonly name: string;
  /** Every code that it can speak. */
  readonly codes: readonly string[];
  readonly reads: readonly Input[];
  readonly mayRead?: readonly Input[];
  /** Whether the question has what it is about; where it has not, nothing is missing when the check does not run. */
  readonly concerns: (facts: Facts) => boolean;
  readonly find: (facts: Facts) => readonly Finding[];
  /** Its findings are what probes and logs told: they join those of the same code that rest on objects, which other checks speak. */
  readonly live?: true;
  /** What it has to add to findings of other checks. */
  readonly supports?: (facts: Facts) => readonly Support[];
}

/** `['pods', 'destination']` in short. */
export function inputs(where: Where, ...kinds: readonly SnapshotKind[]): readonly Input[] {
  return kinds.map((kind) => ({ kind, where }));
}

/** The namespaces that are meant; undefined stands for all of them. */
export function namespacesOf(where: Where, facts: Facts): readonly (string | undefined)[] {
  switch (where) {
    case 'source':
      return facts.sourceNamespace === undefined ? [] : [facts.sourceNamespace];
    case 'destination': {
      const own = facts.destination.namespace;
      return own === undefined ? [] : [own];
    }
    case 'system':
      return ['kube-system'];
    case 'cluster':
      return [undefined];
  }
}
