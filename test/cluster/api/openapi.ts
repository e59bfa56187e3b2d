import type { JsonObject } from './json.js';
import { groupVersion, resourceTypes, type ResourceType } from './resources.js';

/** What kubectl looks for before it validates on the server: a PATCH of the kind with these parameters. */
const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
  name,
  in: 'query',
  schema: { type: 'string', uniqueItems: true },
}));

function schemaName(type: ResourceType): string {
  const group = type.group === '' ? 'core' : type.group.replace(/\.k8s\.io$/, '');
  return `io.k8s.api.${group}.${type.version}.${type.kind}`;
}

function gvk(type: ResourceType): JsonObject {
  return { group: type.group, version: type.version, kind: type.kind };
}

function schema(type: ResourceType): JsonObject {
  const text = { type: 'string' };
  return {
    description: `${type.kind} of the local test cluster; its fields are not described here.`,
    type: 'object',
    properties: {
      apiVersion: text,
      kind: text,
      metadata: { type: 'object' },
      spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
    'x-kubernetes-group-version-kind': [gvk(type)],
    'x-kubernetes-preserve-unknown-fields': true,
  };
}

function pathOf(type: ResourceType): string {
  const root = type.group === '' ? '/api/v1' : `/apis/${groupVersion(type)}`;
  return `${root}${type.namespaced ? '/namespaces/{namespace}' : ''}/${type.resource}/{name}`;
}

function operations(type: ResourceType): JsonObject {
  const action = { 'x-kubernetes-group-version-kind': gvk(type), responses: { 200: { description: 'OK' } } };
  return {
    get: { ...action, 'x-kubernetes-action': 'get' },
    patch: { ...action, 'x-kubernetes-action': 'patch', parameters },
  };
}

function rootOf(type: ResourceType): string {
  return type.group === '' ? 'api/v1' : `apis/${groupVersion(type)}`;
}

/** GET /openapi/v3: where the documents of the groups are. */
export function openApiIndex(): JsonObject {
  const roots = [...new Set(resourceTypes.map(rootOf))];
  return {
    paths: Object.fromEntries(
      roots.map((root) => [root, { serverRelativeURL: `/openapi/v3/${root}?hash=0` }]),
    ),
  };
}

/** GET /openapi/v3/api/v1 and the like; undefined for what is not served. */
export function openApiDocument(root: string): JsonObject | undefined {
  const types = resourceTypes.filter((type) => rootOf(type) === root && !type.review);
  if (types.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.36.2' },
    paths: Object.fromEntries(types.map((type) => [pathOf(type), operations(type)])),
    components: { schemas: Object.fromEntries(types.map((type) => [schemaName(type), schema(type)])) },
  };
}
