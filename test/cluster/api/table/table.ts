import type { Stored } from '../../types.js';
import { at, type JsonObject } from '../json.js';
import { groupVersion, type ResourceType } from '../resources.js';
import { ageOf } from './age.js';
import { describe, type Column } from './column.js';
import { columnsOf, eventColumns } from './others.js';
import { podColumns, widePodColumns } from './pods.js';

const name: Column = {
  name: 'Name',
  format: 'name',
  description: describe.name,
  cell: (object) => object.metadata.name,
};
const age: Column = {
  name: 'Age',
  description: describe.age,
  cell: (object, now) => ageOf(object.metadata.creationTimestamp, now),
};

function columns(type: ResourceType): readonly Column[] {
  if (type.resource === 'events') return [...eventColumns, { ...name, priority: 1 }];
  if (type.resource === 'pods') return [name, ...podColumns, age, ...widePodColumns];
  const own = columnsOf[type.resource];
  return [name, ...(own?.before ?? []), age, ...(own?.after ?? [])];
}

function definition(column: Column): JsonObject {
  const { type = 'string', format = '', description = '', priority = 0 } = column;
  return { name: column.name, type, format, description, priority };
}

function rowObject(type: ResourceType, object: Stored, includeObject: string | null): unknown {
  if (includeObject === 'None') return null;
  if (includeObject === 'Object') return { ...object, kind: type.kind, apiVersion: groupVersion(type) };
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** Pods that have ended say so in the conditions of their row. */
function rowConditions(type: ResourceType, object: Stored): JsonObject {
  const phase = type.resource === 'pods' ? at(object, 'status', 'phase') : undefined;
  if (phase !== 'Succeeded' && phase !== 'Failed') return {};
  const message = phase === 'Succeeded' ? 'The pod has completed successfully.' : 'The pod failed.';
  return { conditions: [{ type: 'Completed', status: 'True', reason: phase, message }] };
}

/** A meta.k8s.io/v1 Table of these objects. */
export function tableOf(
  type: ResourceType,
  items: readonly Stored[],
  metadata: JsonObject,
  options: { readonly now: number; readonly includeObject: string | null; readonly withoutColumns?: boolean },
): JsonObject {
  const wanted = columns(type);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: options.withoutColumns ? null : wanted.map(definition),
    rows: items.map((object) => ({
      cells: wanted.map((column) => column.cell(object, options.now)),
      ...rowConditions(type, object),
      object: rowObject(type, object, options.includeObject),
    })),
  };
}
