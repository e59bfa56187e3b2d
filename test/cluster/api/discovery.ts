import type { JsonObject } from './json.js';
import { groupVersion, resourceTypes, type ResourceType } from './resources.js';

/** What GET /version answers. */
export const version = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.2',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2026-06-10T00:00:00Z',
  goVersion: 'go1.26.10',
  compiler: 'gc',
  platform: 'linux/amd64',
};

function groupNames(): string[] {
  return [...new Set(resourceTypes.map((type) => type.group))].filter((group) => group !== '');
}

/** GET /api */
export function apiVersions(address: string): JsonObject {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
  };
}

function apiGroup(name: string): JsonObject {
  const served = new Set(resourceTypes.filter(({ group }) => group === name).map((type) => type.version));
  // v1 before v1beta1 before v1alpha2, as Kubernetes prefers them.
  const versions = [...served]
    .sort((a, b) => a.length - b.length || (a < b ? 1 : -1))
    .map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

/** GET /apis */
export function apiGroupList(): JsonObject {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupNames().map(apiGroup) };
}

/** GET /apis/GROUP; undefined for a group that is not served. */
export function apiGroupOf(name: string): JsonObject | undefined {
  return groupNames().includes(name) ? { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(name) } : undefined;
}

function entries(type: ResourceType): JsonObject[] {
  const main: JsonObject = {
    name: type.resource,
    singularName: type.singular,
    namespaced: type.namespaced,
    kind: type.kind,
    verbs: type.verbs,
    ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
    ...(type.categories.length === 0 ? {} : { categories: type.categories }),
  };
  const scale = { group: 'autoscaling', version: 'v1' };
  const under = type.subresources.map((sub) => ({
    name: `${type.resource}/${sub.name}`,
    singularName: '',
    namespaced: type.namespaced,
    ...(sub.kind === 'Scale' ? scale : {}),
    kind: sub.kind,
    verbs: sub.verbs,
  }));
  return [main, ...under];
}

/** GET /api/v1 and /apis/GROUP/VERSION. */
export function apiResourceList(group: string, apiVersion: string): JsonObject {
  const types = resourceTypes.filter((type) => type.group === group && type.version === apiVersion);
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: groupVersion({ group, version: apiVersion }),
    resources: types.flatMap(entries),
  };
}

function responseKind(type: ResourceType, kind: string): JsonObject {
  if (kind === 'Scale') return { group: 'autoscaling', version: 'v1', kind };
  // A kind of the group it stands in is written with empty group and version.
  return { group: '', version: '', kind: kind === '' ? type.kind : kind };
}

function aggregated(type: ResourceType): JsonObject {
  const under = type.subresources.map((sub) => ({
    subresource: sub.name,
    responseKind: responseKind(type, sub.kind),
    verbs: sub.verbs,
  }));
  return {
    resource: type.resource,
    responseKind: responseKind(type, ''),
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: type.singular,
    verbs: type.verbs,
    ...(type.shortNames.length === 0 ? {} : { shortNames: type.shortNames }),
    ...(type.categories.length === 0 ? {} : { categories: type.categories }),
    ...(under.length === 0 ? {} : { subresources: under }),
  };
}

/** GET /api and /apis as kubectl asks for them: everything in one answer (apidiscovery.k8s.io). */
export function aggregatedDiscovery(core: boolean, apiVersion: string): JsonObject {
  const groups = core ? [''] : groupNames();
  const items = groups.map((group) => {
    const resources = resourceTypes.filter((type) => type.group === group).map(aggregated);
    const metadata = group === '' ? {} : { name: group };
    return { metadata, versions: [{ version: 'v1', resources, freshness: 'Current' }] };
  });
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${apiVersion}`,
    metadata: {},
    items,
  };
}
