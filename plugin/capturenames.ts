import { namesOfPods, readNames } from '../src/capture/names.js';
import type { TargetPlace } from '../src/capture/targets.js';
import type { NameRecord } from '../src/pcap/merge-types.js';
import type { SessionContext } from './context.js';

/** Names of what is captured itself; more come when they are read. */
export function addressBook(places: readonly TargetPlace[]): Map<string, string> {
  const records = namesOfPods(places.flatMap(({ pod }) => pod ?? []));
  return new Map(records.map(({ address, names }) => [address, names[0] ?? address]));
}

/** Reads the names of pods, Services and nodes as far as they may be read. Never rejects. */
export async function addNames(
  { api, status, output }: SessionContext,
  places: readonly TargetPlace[],
  signal: AbortSignal,
  add: (names: readonly NameRecord[]) => void,
): Promise<void> {
  const namespaces = places.flatMap(({ place }) => (place.kind === 'pod' ? place.namespace : []));
  const { names, unread } = await readNames(api, [...new Set(namespaces)], signal);
  add(names);
  if (output.verbose && unread.length > 0 && !signal.aborted)
    status.note(`no names of ${unread.join(', ')}: not allowed to read them`);
}
