import type { Reading } from '../reading.js';
import type { Origin, Part, Snapshot, SnapshotKind, SnapshotTypes } from './types.js';

interface Named {
  readonly metadata: { readonly namespace?: string; readonly name: string };
}

/** A snapshot of these parts; `origins` says from which files they came. */
export function createSnapshot(parts: readonly Part[], origins?: ReadonlyMap<string, Origin>): Snapshot {
  const byKind = new Map<SnapshotKind, Part[]>();
  for (const part of parts) byKind.set(part.kind, [...(byKind.get(part.kind) ?? []), part]);
  const answers = new Map<string, Reading<never>>();
  return {
    parts,
    ...(origins === undefined ? {} : { origins }),
    read: <K extends SnapshotKind>(kind: K, namespace?: string, name?: string): Reading<SnapshotTypes[K]> => {
      const key = `${kind}/${namespace ?? ''}/${name ?? ''}`;
      let answer = answers.get(key);
      if (answer === undefined)
        answers.set(key, (answer = find(byKind.get(kind) ?? [], namespace, name) as Reading<never>));
      return answer;
    },
  };
}

function find(
  parts: readonly Part[],
  namespace: string | undefined,
  name: string | undefined,
): Reading<Named> {
  const own = parts.filter((part) => part.name === name);
  if (name === undefined || own.length > 0) return join(own, namespace);
  // It was not asked for by its name: then it is among all of them.
  const all = join(
    parts.filter((part) => part.name === undefined),
    namespace,
  );
  if (all.state !== 'there') return all;
  return { state: 'there', items: all.items.filter(({ metadata }) => metadata.name === name) };
}

function join(parts: readonly Part[], namespace: string | undefined): Reading<Named> {
  const whole = parts.find((part) => part.namespace === undefined);
  // Everywhere was asked for as a whole: parts of single namespaces add nothing to it.
  if (namespace === undefined && whole !== undefined) return whole.reading;
  const fitting = parts.filter((part) => namespace === undefined || part.namespace === namespace);
  const chosen = fitting.length > 0 ? fitting : whole === undefined ? [] : [whole];
  if (chosen.length === 0) return { state: 'unknown', why: 'not read' };
  const items: Named[] = [];
  for (const { reading } of chosen) {
    if (reading.state !== 'there') return reading;
    for (const item of reading.items) items.push(item);
  }
  if (namespace === undefined || fitting.length > 0) return { state: 'there', items };
  return { state: 'there', items: items.filter(({ metadata }) => metadata.namespace === namespace) };
}
