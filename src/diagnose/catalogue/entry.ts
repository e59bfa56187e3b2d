/** What can tell: objects of the cluster, a probe on the network, a line of a log, an event. */
export type EvidenceKind = 'objects' | 'probe' | 'log' | 'event';

/** One code, as `explain` and the pages under docs/findings/ tell it. */
export interface CatalogueEntry {
  readonly code: string;
  readonly title: string;
  readonly means: string;
  readonly mend: string;
  readonly evidence: readonly EvidenceKind[];
}
