/**
 * What became of reading one kind of object. Unknown never reads as absent: what could not be read may well exist.
 * `absent`: the cluster has no such kind (no such CRD). `why` is half a sentence, e.g. `forbidden: list nodes`; `cause` is the
 * failure itself, for where nothing can be said without these objects.
 */
export type Reading<T> =
  | { readonly state: 'there'; readonly items: readonly T[] }
  | { readonly state: 'absent' }
  | { readonly state: 'unknown'; readonly why: string; readonly cause?: unknown };

/** The objects that were read; none where the kind is absent or could not be read. */
export function itemsOf<T>(reading: Reading<T>): readonly T[] {
  return reading.state === 'there' ? reading.items : [];
}
