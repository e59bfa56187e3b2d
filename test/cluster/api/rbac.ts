import type { Stored } from '../types.js';
import { at, listOf, objectsOf, objectOf, textOf, type JsonObject } from './json.js';
import type { RequestInfo } from './request.js';
import { forbidden, StatusError } from './status.js';
import type { ApiStore, Identity } from './types.js';

/** One thing that someone wants to do. */
export interface Attributes {
  readonly verb: string;
  readonly group?: string;
  /** With its subresource: `pods/exec`. Absent for a path that is no resource. */
  readonly resource?: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly path?: string;
}

export interface Decision {
  readonly allowed: boolean;
  /** Which binding allowed it; empty when nothing did, or for system:masters. */
  readonly reason: string;
}

const group = 'rbac.authorization.k8s.io';
const key = (resource: string): { group: string; resource: string } => ({ group, resource });

interface Grant {
  readonly rule: JsonObject;
  readonly reason: string;
}

function has(list: unknown, ...wanted: string[]): boolean {
  return listOf(list).some((item) => item === '*' || wanted.includes(String(item)));
}

function subjectText(subject: JsonObject): string {
  const kind = textOf(subject.kind) ?? '';
  const name = textOf(subject.name) ?? '';
  return kind === 'ServiceAccount'
    ? `${kind} "${name}/${textOf(subject.namespace) ?? ''}"`
    : `${kind} "${name}"`;
}

function isSubject(subject: JsonObject, who: Identity, namespace: string | undefined): boolean {
  const name = textOf(subject.name) ?? '';
  switch (subject.kind) {
    case 'User':
      return name === who.username;
    case 'Group':
      return who.groups.includes(name);
    case 'ServiceAccount':
      return who.username === `system:serviceaccount:${textOf(subject.namespace) ?? namespace ?? ''}:${name}`;
    default:
      return false;
  }
}

function rulesOf(store: ApiStore, binding: Stored, namespace: string | undefined): JsonObject[] {
  const name = textOf(at(binding, 'roleRef', 'name')) ?? '';
  const kind = at(binding, 'roleRef', 'kind');
  const role =
    kind === 'ClusterRole'
      ? store.get(key('clusterroles'), undefined, name)
      : store.get(key('roles'), namespace, name);
  return objectsOf(role?.rules);
}

function grants(store: ApiStore, who: Identity, bindings: readonly Stored[]): Grant[] {
  return bindings.flatMap((binding) => {
    const { name, namespace } = binding.metadata;
    const subject = objectsOf(binding.subjects).find((item) => isSubject(item, who, namespace));
    if (subject === undefined) return [];
    const role = objectOf(binding.roleRef);
    const where =
      namespace === undefined ? `ClusterRoleBinding "${name}"` : `RoleBinding "${name}/${namespace}"`;
    const reason = `RBAC: allowed by ${where} of ${String(role.kind)} "${String(role.name)}" to ${subjectText(subject)}`;
    return rulesOf(store, binding, namespace).map((rule) => ({ rule, reason }));
  });
}

/** Every rule that holds for someone in a namespace: cluster-wide ones first, as the real resolver visits them. */
function grantsIn(store: ApiStore, who: Identity, namespace: string | undefined): Grant[] {
  const wide = grants(store, who, store.list(key('clusterrolebindings')));
  return namespace === undefined
    ? wide
    : [...wide, ...grants(store, who, store.list(key('rolebindings'), namespace))];
}

function pathMatches(rule: JsonObject, path: string): boolean {
  return listOf(rule.nonResourceURLs).some((item) => {
    const pattern = String(item);
    return (
      pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)))
    );
  });
}

function allows(rule: JsonObject, wanted: Attributes): boolean {
  if (!has(rule.verbs, wanted.verb)) return false;
  if (wanted.resource === undefined) return pathMatches(rule, wanted.path ?? '');
  const slash = wanted.resource.indexOf('/');
  // A rule for every resource's exec is written `*/exec`; `pods/*` means nothing.
  const anyOf = slash < 0 ? [wanted.resource] : [wanted.resource, `*${wanted.resource.slice(slash)}`];
  if (!has(rule.apiGroups, wanted.group ?? '') || !has(rule.resources, ...anyOf)) return false;
  const names = listOf(rule.resourceNames);
  return names.length === 0 || names.includes(wanted.name ?? '');
}

/** Decides from the Roles and bindings in the store. system:masters may do everything. */
export function authorize(store: ApiStore, who: Identity, wanted: Attributes): Decision {
  if (who.groups.includes('system:masters')) return { allowed: true, reason: '' };
  const grant = grantsIn(store, who, wanted.resource === undefined ? undefined : wanted.namespace).find(
    ({ rule }) => allows(rule, wanted),
  );
  return grant === undefined ? { allowed: false, reason: '' } : { allowed: true, reason: grant.reason };
}

/** The rules that hold for someone in a namespace, for SelfSubjectRulesReview. */
export function rulesFor(store: ApiStore, who: Identity, namespace: string): JsonObject[] {
  return grantsIn(store, who, namespace).map(({ rule }) => rule);
}

/** The attributes of a request. */
export function attributesOf(info: RequestInfo): Attributes {
  const wanted = info.resource;
  if (wanted === undefined) return { verb: info.verb, path: info.path };
  const { resource, subresource } = wanted;
  return {
    verb: info.verb,
    group: wanted.group,
    resource: subresource === '' ? resource : `${resource}/${subresource}`,
    namespace: wanted.namespace,
    name: wanted.name,
  };
}

/** The 403 of someone who may not. */
export function refusal(who: Identity, wanted: Attributes): StatusError {
  const user = `User "${who.username}" cannot ${wanted.verb}`;
  if (wanted.resource === undefined) {
    const message = `forbidden: ${user} path "${wanted.path ?? ''}"`;
    return new StatusError({ code: 403, reason: 'Forbidden', message, details: {} });
  }
  const where =
    wanted.namespace === undefined ? 'at the cluster scope' : `in the namespace "${wanted.namespace}"`;
  const about = { group: wanted.group ?? '', resource: wanted.resource.split('/', 1).join('') };
  return forbidden(
    about,
    wanted.name,
    `${user} resource "${wanted.resource}" in API group "${about.group}" ${where}`,
  );
}
