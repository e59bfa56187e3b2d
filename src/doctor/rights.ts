import { selfSubjectAccessReview, type Access } from '../kube/access.js';
import type { KubeApi } from '../kube/api.js';
import { NetdebugError } from '../errors.js';
import type { Check } from './types.js';
import type { UseName } from './use-names.js';
import { optionalGroups, rolesYaml, type Use } from './uses.js';

/** One verb on one resource, in a namespace or (undefined) in the whole cluster, and whether it was granted. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  /** With its subresource: `pods/exec`. */
  readonly resource: string;
  readonly namespace: string | undefined;
  /** The one object that is meant, where a role names it. */
  readonly object?: string;
  /** undefined: the question was not answered. */
  readonly allowed: boolean | undefined;
}

/** What was found of one use. */
export interface UseRights {
  readonly use: UseName;
  readonly check: Check;
  readonly rights: readonly Right[];
  /** YAML to ask for; undefined when nothing is missing. */
  readonly roles: string | undefined;
}

export interface RightsRequest {
  readonly uses: readonly Use[];
  /** What is missing for these is missing; for the others it is a warning. */
  readonly wanted: readonly UseName[];
  readonly namespace: string;
  /** The pod, for roles that name pods. */
  readonly pod?: string | undefined;
}

/** Reviews are small, but an API server counts requests in flight. */
const atOnce = 8;

/** Asks by access reviews, one a right, what each use may do. Each right is asked for once. Rejects when the cluster cannot be reached. */
export async function checkRights(
  api: Pick<KubeApi, 'get' | 'send'>,
  request: RightsRequest,
): Promise<readonly UseRights[]> {
  const wanted = request.uses.map((use) => ({ use, rights: rightsOf(use, request.namespace) }));
  const distinct = new Map(wanted.flatMap(({ rights }) => rights.map((right) => [keyOf(right), right])));
  const answers = new Map<string, Access | undefined>();
  const left = [...distinct];
  const ask = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [key, right] = next;
      answers.set(key, await review(api, right, request));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, ask));
  const missed = [...distinct].some(
    ([key, { group }]) => optionalGroups.has(group) && answers.get(key)?.allowed === false,
  );
  const absent = missed ? await absentGroups(api) : optionalGroups;
  return wanted.map(({ use, rights }) =>
    usesRights(
      use,
      rights.map((right) => ({ ...right, allowed: answers.get(keyOf(right))?.allowed })),
      request,
      absent,
    ),
  );
}

interface GroupList {
  readonly groups?: readonly { readonly name: string }[];
}

/** Of the groups that some clusters have, those that this one has not. A cluster that does not tell is taken to have none of them. */
async function absentGroups(api: Pick<KubeApi, 'get'>): Promise<ReadonlySet<string>> {
  try {
    const { groups = [] } = await api.get<GroupList>('/apis');
    const present = new Set(groups.map(({ name }) => name));
    return new Set([...optionalGroups].filter((group) => !present.has(group)));
  } catch (error) {
    if (error instanceof NetdebugError) return optionalGroups;
    throw error;
  }
}

type Asked = Omit<Right, 'allowed'>;

function rightsOf({ roles }: Use, namespace: string): readonly Asked[] {
  return roles.flatMap(({ kind, rules }) =>
    rules.flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => ({
            verb,
            group,
            resource,
            namespace: kind === 'Role' ? namespace : undefined,
            ...(resourceNames?.[0] === undefined ? {} : { object: resourceNames[0] }),
          })),
        ),
      ),
    ),
  );
}

function keyOf({ verb, group, resource, namespace }: Asked): string {
  return [verb, group, resource, namespace].join(' ');
}

async function review(
  api: Pick<KubeApi, 'send'>,
  { verb, group, resource, namespace, object }: Asked,
  { pod }: RightsRequest,
): Promise<Access | undefined> {
  const [name = '', subresource] = resource.split('/');
  // A Role may name the one pod; lists and new pods have no name.
  const named = name === 'pods' && ['get', 'patch'].includes(verb) && namespace !== undefined;
  const ofPod = named || subresource !== undefined;
  try {
    return await selfSubjectAccessReview(api, {
      verb,
      group,
      resource: name,
      subresource,
      namespace,
      ...(object === undefined ? {} : { name: object }),
      ...(ofPod && pod !== undefined ? { name: pod } : {}),
    });
  } catch (error) {
    if (error instanceof NetdebugError) return undefined;
    throw error;
  }
}

function usesRights(
  use: Use,
  rights: readonly Right[],
  { wanted, namespace }: RightsRequest,
  absent: ReadonlySet<string>,
): UseRights {
  const { name, about, spare } = use;
  const at = (right: Right): string => `${right.verb} ${right.resource}`;
  const refused = rights.filter(({ allowed }) => allowed === false);
  const lacking = refused.filter((right) => !(at(right) in spare) && !absent.has(right.group));
  const slower = refused.filter((right) => at(right) in spare);
  const open = rights.filter(({ allowed }) => allowed === undefined);
  const base = { id: `rights-${name}`, area: 'rights' } as const;
  const asked = wanted.includes(name);
  const check = ((): Check => {
    if (lacking.length > 0)
      return {
        ...base,
        state: asked ? 'missing' : 'warning',
        message: `${name}: you may not ${list(lacking)}`,
        details: [`for ${about}`],
        advice: asked
          ? 'Apply the YAML below, or send it to an administrator.'
          : `Should you want it: doctor --for ${name} prints what to ask for.`,
      };
    if (open.length > 0)
      return {
        ...base,
        state: 'unknown',
        message: `${name}: the cluster does not say whether you may ${list(open)}`,
        minor: !asked,
      };
    if (slower.length > 0)
      return {
        ...base,
        state: 'warning',
        message: `${name}: enough, but you may not ${list(slower)}`,
        details: slower.map((right) => `without ${at(right)}: ${spare[at(right)] ?? ''}`),
      };
    return { ...base, state: 'ok', message: `${name}: ${about}` };
  })();
  const incomplete = lacking.length + slower.length > 0;
  return { use: name, check, rights, roles: incomplete ? rolesYaml(use, namespace) : undefined };
}

/** `get and create pods/exec, get services, jobs in namespace shop` */
function list(rights: readonly Right[]): string {
  const scopes = new Map<string, Map<string, string[]>>();
  for (const { verb, resource, namespace } of rights) {
    const scope = namespace === undefined ? 'in the cluster' : `in namespace ${namespace}`;
    const verbs = scopes.get(scope) ?? new Map<string, string[]>();
    verbs.set(resource, [...(verbs.get(resource) ?? []), verb]);
    scopes.set(scope, verbs);
  }
  return [...scopes].map(([scope, verbs]) => `${resourcesByVerbs(verbs)} ${scope}`).join('; ');
}

function resourcesByVerbs(verbs: ReadonlyMap<string, readonly string[]>): string {
  const resources = new Map<string, string[]>();
  for (const [resource, each] of verbs) {
    const key = each.join(' and ');
    resources.set(key, [...(resources.get(key) ?? []), resource]);
  }
  return [...resources].map(([key, each]) => `${key} ${each.join(', ')}`).join('; ');
}
