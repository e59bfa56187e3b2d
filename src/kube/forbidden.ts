import { cleanText } from './text.js';

/** What RBAC refused: the parts of the server's sentence, and what a Role would have to say. */
export interface Forbidden {
  readonly user?: string | undefined;
  readonly verbs: readonly string[];
  readonly group: string;
  /** With its subresource: `pods/exec`. */
  readonly resource: string;
  /** undefined = at the cluster scope. */
  readonly namespace?: string | undefined;
}

const REFUSAL =
  /User "([^"]{1,300})" cannot (\S{1,40}) resource "([^"]{1,200})" in API group "([^"]{0,200})" (?:in the namespace "([^"]{1,100})"|at the cluster scope)/;

/**
 * Reads an RBAC refusal from a Status message. undefined when something else refused (Pod Security, a webhook, a quota).
 * `method` and `path` are those of the request; they fill in where the server says nothing: an exec upgrade with `get` but without
 * `create` on `pods/exec` is refused with just `pods "x" is forbidden: `.
 */
export function parseForbidden(message: string, method: string, path: string): Forbidden | undefined {
  const match = REFUSAL.exec(message);
  if (match) {
    const [, user = '', verb = '', resource = '', group = '', namespace] = match;
    return { user, verbs: execVerbs(resource, verb), group, resource, namespace };
  }
  if (!/ is forbidden: ?$/.test(message)) return undefined;
  const target = parsePath(path);
  return target && { ...target, verbs: execVerbs(target.resource, verbOf(method)) };
}

/** The Role (or ClusterRole) that would allow it, as YAML to hand to an administrator. */
export function roleYaml(forbidden: Forbidden): string {
  const { group, resource, verbs, namespace } = forbidden;
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    `kind: ${namespace === undefined ? 'ClusterRole' : 'Role'}`,
    namespace === undefined
      ? 'metadata: {name: netdebug}'
      : `metadata: {name: netdebug, namespace: ${quote(namespace)}}`,
    'rules:',
    `- {apiGroups: [${quote(group)}], resources: [${quote(resource)}], verbs: [${verbs.map(quote).join(', ')}]}`,
  ].join('\n');
}

/** One sentence: who may not do what. */
export function forbiddenSentence(forbidden: Forbidden): string {
  const who = forbidden.user === undefined ? 'You' : `User ${forbidden.user}`;
  const group = forbidden.group === '' ? '' : `.${forbidden.group}`;
  const where = forbidden.namespace === undefined ? 'in the cluster' : `in namespace ${forbidden.namespace}`;
  return cleanText(`${who} may not ${forbidden.verbs.join(' and ')} ${forbidden.resource}${group} ${where}.`);
}

/** Streaming subresources need get and create over a websocket, whichever of the two the server missed first. */
function execVerbs(resource: string, verb: string): readonly string[] {
  return /^pods\/(exec|attach|portforward)$/.test(resource) ? ['get', 'create'] : [verb];
}

function verbOf(method: string): string {
  return { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }[method] ?? 'get';
}

function parsePath(path: string): Omit<Forbidden, 'verbs'> | undefined {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const group = parts[0] === 'apis' ? (parts[1] ?? '') : '';
  const rest = parts.slice(parts[0] === 'apis' ? 3 : 2);
  const namespace = rest[0] === 'namespaces' && rest.length > 2 ? rest[1] : undefined;
  const [resource, , subresource] = namespace === undefined ? rest : rest.slice(2);
  if (resource === undefined) return undefined;
  return { group, resource: subresource === undefined ? resource : `${resource}/${subresource}`, namespace };
}

function quote(text: string): string {
  return /^[a-z0-9][a-z0-9/.-]*$/.test(text) ? text : JSON.stringify(text);
}
