import type { KubeObject } from '../../kube/types.js';
import type { Reading } from '../reading.js';
import { allSnapshotKinds, snapshotKinds } from './kinds.js';
import { keptAnnotations, keptArguments } from './kept.js';
import { reduced } from './reduce.js';
import type { Part, Snapshot } from './types.js';

/** What a saved snapshot is, in its file. */
const savedKind = { apiVersion: 'netdebug/v1', kind: 'Snapshot' } as const;

/**
 * A snapshot as a document that `-f` reads again, with what could not be read and why. Nothing secret is in it: of containers only
 * name, image, ports, probes and security context are kept (no environment, no command, of arguments and annotations only those of kept.ts), no
 * managed fields; of Secrets type and names of keys, of ConfigMaps what reduce.ts leaves.
 */
export function savedSnapshot({ parts }: Snapshot): object {
  return {
    ...savedKind,
    parts: parts.map(({ kind, namespace, name, reading }) => ({
      kind,
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
      reading:
        reading.state === 'there'
          ? {
              state: 'there',
              items: reading.items.map((item) => savedObject(kind, item)),
            }
          : reading.state === 'unknown'
            ? { state: 'unknown', why: reading.why }
            : { state: 'absent' },
    })),
  };
}

/** One object as it is saved, with apiVersion and kind, and without what may be secret. */
export function savedObject(kind: Part['kind'], item: object): unknown {
  const whole = { ...address(kind), ...item } as KubeObject;
  // ConfigMaps lost all that is not to be saved when they were read.
  return kind === 'configmaps' ? reduced(kind, whole) : redact(whole);
}

function address(kind: Part['kind']): { readonly apiVersion: string; readonly kind: string } {
  const { group, version, kind: name } = snapshotKinds[kind];
  return { apiVersion: group === '' ? version : `${group}/${version}`, kind: name };
}

const containerFields = [
  'name',
  'image',
  'ports',
  'readinessProbe',
  'livenessProbe',
  'startupProbe',
  'securityContext',
  'restartPolicy',
];
const containerLists = ['containers', 'initContainers', 'ephemeralContainers'];
const dropped = [
  'annotations',
  'managedFields',
  'env',
  'envFrom',
  'volumes',
  'volumeMounts',
  'imagePullSecrets',
  'data',
  'stringData',
];
/** Where a probe runs a command or sends headers, these may hold tokens. */
const probeSecrets = ['exec', 'httpHeaders'];

/** Maps whose keys people choose: a label may well be called env or data. */
const labelMaps = ['labels', 'matchLabels', 'selector', 'podSelector', 'namespaceSelector', 'nodeSelector'];

/** A copy without what may be secret, at any depth. */
function redact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => redact(one));
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    if (name === 'annotations') {
      const kept = keptAnnotations(field);
      if (kept !== undefined) result[name] = kept;
    }
    if (dropped.includes(name) || probeSecrets.includes(name)) continue;
    if (labelMaps.includes(name)) result[name] = field;
    else if (containerLists.includes(name) && Array.isArray(field))
      result[name] = field.map((one) => container(one));
    else result[name] = redact(field);
  }
  return result;
}

function container(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { command, args } = value as { readonly command?: unknown; readonly args?: unknown };
  const kept = keptArguments(command, args);
  const rest = redact(
    Object.fromEntries(Object.entries(value).filter(([name]) => containerFields.includes(name))),
  ) as object;
  return { ...rest, ...(kept === undefined ? {} : { args: kept }) };
}

/** A part of a saved snapshot before its objects are looked at. */
export interface SavedPart {
  readonly kind: Part['kind'];
  readonly namespace?: string;
  readonly name?: string;
  readonly reading: Reading<unknown>;
}

/** The parts of a saved document; undefined for a document that is none. */
export function savedParts(document: unknown): readonly SavedPart[] | undefined {
  const { apiVersion, kind, parts } = (document ?? {}) as Readonly<Record<string, unknown>>;
  if (apiVersion !== savedKind.apiVersion || kind !== savedKind.kind || !Array.isArray(parts))
    return undefined;
  return parts.flatMap((part: unknown): SavedPart[] => {
    const { kind: named, namespace, name, reading } = (part ?? {}) as Readonly<Record<string, unknown>>;
    const { state, items, why } = (reading ?? {}) as Readonly<Record<string, unknown>>;
    const known = allSnapshotKinds.find((one) => one === named);
    if (known === undefined) return [];
    const place = {
      ...(typeof namespace === 'string' ? { namespace } : {}),
      ...(typeof name === 'string' ? { name } : {}),
    };
    if (state === 'there' && Array.isArray(items))
      return [{ kind: known, ...place, reading: { state, items } }];
    if (state === 'absent') return [{ kind: known, ...place, reading: { state } }];
    return [
      {
        kind: known,
        ...place,
        reading: { state: 'unknown', why: typeof why === 'string' ? why : 'not read' },
      },
    ];
  });
}
