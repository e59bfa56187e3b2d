import type { Stored } from '../../types.js';
import { objectOf, type JsonObject } from '../json.js';
import type { Representation } from '../negotiate.js';
import { groupVersion, type ResourceType } from '../resources.js';
import { tableOf } from '../table/table.js';

/** An Event of events.k8s.io/v1, from the core one that is stored. */
function newEvent(event: JsonObject): JsonObject {
  const { metadata, involvedObject, message, source, firstTimestamp, lastTimestamp, count, ...rest } = event;
  return {
    ...rest,
    apiVersion: 'events.k8s.io/v1',
    metadata,
    reportingController: rest.reportingComponent,
    reportingComponent: undefined,
    regarding: involvedObject,
    note: message,
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp ?? null,
    deprecatedLastTimestamp: lastTimestamp ?? null,
    ...(count === undefined ? {} : { deprecatedCount: count }),
  };
}

/** An object as it is written to clients: kind and apiVersion of the group it was asked in, in front. */
export function external(type: ResourceType, object: Stored): JsonObject {
  const { kind, apiVersion, metadata, ...rest } = type.group === 'events.k8s.io' ? newEvent(object) : object;
  return { kind: kind ?? type.kind, apiVersion: apiVersion ?? groupVersion(type), metadata, ...rest };
}

function partial(object: Stored): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

export interface RepresentOptions {
  /** Milliseconds since the epoch: ages in tables. */
  readonly now: number;
  /** `None`, `Metadata` (default) or `Object`: what the rows of a table carry. */
  readonly includeObject: string | null;
  /** Rows without column definitions, as in a watch after its first event. */
  readonly withoutColumns?: boolean;
}

/** One object in the form that was asked for. */
export function representObject(
  type: ResourceType,
  object: Stored,
  as: Representation,
  options: RepresentOptions,
): JsonObject {
  if (as.as === 'Table') {
    return tableOf(type, [object], { resourceVersion: object.metadata.resourceVersion }, options);
  }
  return as.as?.startsWith('PartialObjectMetadata') ? partial(object) : external(type, object);
}

/** A list in the form that was asked for. Its items carry neither kind nor apiVersion, as in the real one. */
export function representList(
  type: ResourceType,
  items: readonly Stored[],
  metadata: JsonObject,
  as: Representation,
  options: RepresentOptions,
): JsonObject {
  if (as.as === 'Table') return tableOf(type, items, metadata, options);
  if (as.as?.startsWith('PartialObjectMetadata')) {
    return {
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata,
      items: items.map(partial),
    };
  }
  return {
    kind: `${type.kind}List`,
    apiVersion: groupVersion(type),
    metadata,
    items: items.map((item) => ({
      ...objectOf(external(type, item)),
      kind: undefined,
      apiVersion: undefined,
    })),
  };
}
