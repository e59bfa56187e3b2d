import { kubectl } from '../command.js';
import type { Finding, Fix } from '../finding.js';
import { fromApi } from '../finding.js';
import type { AuthorizationVerdict } from '../mesh/authorization.js';
import { objectText } from '../mesh/text.js';
import type { MeshLink } from '../mesh/types.js';
import type { Check } from './check.js';
import {
  blocksOf,
  clientEvidence,
  culprit,
  groupLinks,
  inMesh,
  more,
  addFieldCommand,
  touchesOf,
} from './mesh-say.js';

/** AuthorizationPolicies that deny whatever this client asks for. */
export const meshAuthorization: Check = {
  name: 'mesh-authorization',
  codes: ['ND706'],
  reads: [],
  concerns: inMesh,
  find: ({ mesh }) =>
    groupLinks(
      (mesh?.links ?? []).filter(({ authorization }) => authorization?.decision === 'deny'),
      ({ authorization, view }) => [
        authorization?.by.map(({ policy, rule }) => [policy.metadata, rule]),
        view.end.namespace,
      ],
    ).flatMap((links) => {
      const verdict = links[0].authorization;
      return verdict === undefined ? [] : denied(links, verdict);
    }),
};

function denied(links: readonly [MeshLink, ...MeshLink[]], { by }: AuthorizationVerdict): Finding[] {
  const [first] = links;
  const [decisive] = by;
  if (decisive === undefined) return [];
  const { policy, rule } = decisive;
  const { view, endpoint, sending } = first;
  const name = objectText('AuthorizationPolicy', policy);
  const unknown = sending.sent === 'plain' && asksWho(by);
  const account = `${view.end.namespace ?? ''}/${view.end.pod?.spec.serviceAccountName ?? 'default'}`;
  const who = `${view.end.text} (${unknown ? 'plain text, so that nobody knows who it is' : `service account ${account}`})`;
  const action = policy.spec?.action ?? 'ALLOW';
  const names = by.map((one) => objectText('AuthorizationPolicy', one.policy)).join(', ');
  const empty = by.every((one) => (one.policy.spec?.rules ?? []).length === 0);
  const port = `port ${endpoint.port ?? ''} of ${endpoint.text}`;
  const message =
    rule !== undefined
      ? `${name} spec.rules[${rule}] (${action}) denies ${who} on ${port}`
      : empty
        ? `${names} ${by.length === 1 ? 'has' : 'have'} action ALLOW and no rules, which denies everybody: ${who} too, on ${port}`
        : `${endpoint.text} lets in only what ${names} ${by.length === 1 ? 'allows' : 'allow'}, and no rule admits ${who} on ${port}`;
  const field = rule === undefined ? 'spec.rules' : `spec.rules[${rule}]`;
  const value = excerpt(rule === undefined ? (policy.spec?.rules ?? []) : policy.spec?.rules?.[rule]);
  return [
    {
      code: 'ND706',
      severity: 'error',
      confidence: 'likely',
      object: culprit('AuthorizationPolicy', policy, field, value),
      message: `${message}${more(links)}`,
      evidence: [
        ...by
          .slice(0, 3)
          .map((one) =>
            fromApi(
              objectText('AuthorizationPolicy', one.policy),
              `action ${one.policy.spec?.action ?? 'ALLOW'}, rules ${excerpt(one.policy.spec?.rules ?? [])}`,
            ),
          ),
        clientEvidence(first),
      ],
      fix: fixOf(first, decisive, unknown),
      hop: 'mesh',
      touches: touchesOf(links, 'AuthorizationPolicy', policy),
      blocks: blocksOf(links, 'fail'),
    },
  ];
}

function fixOf(
  { view, endpoint }: MeshLink,
  { policy, rule }: AuthorizationVerdict['by'][number],
  unknown: boolean,
): Fix {
  const show = kubectl(
    policy.metadata.namespace,
    'get',
    'authorizationpolicy',
    policy.metadata.name,
    '-o',
    'yaml',
  );
  if (rule !== undefined) return { text: 'take the client out of what the rule denies', commands: [show] };
  if (unknown)
    return {
      text: 'take the client into the mesh, so that its identity is known, or admit its addresses (ipBlocks)',
      commands: [show],
    };
  const principal = `cluster.local/ns/${view.end.namespace ?? ''}/sa/${view.end.pod?.spec.serviceAccountName ?? 'default'}`;
  const admit = {
    from: [{ source: { principals: [principal] } }],
    ...(endpoint.port === undefined ? {} : { to: [{ operation: { ports: [String(endpoint.port)] } }] }),
  };
  const rules = policy.spec?.rules ?? [];
  return {
    text: 'admit this client (a rule more; rules of one policy add up)',
    commands: [
      rules.length === 0
        ? addFieldCommand(
            'authorizationpolicy',
            policy,
            policy.spec == null ? 'spec' : 'spec.rules',
            policy.spec == null ? { rules: [admit] } : [admit],
          )
        : addFieldCommand('authorizationpolicy', policy, 'spec.rules.-', admit),
    ],
  };
}

/** Whether the policies ask who calls, which plain text does not tell. */
function asksWho(by: AuthorizationVerdict['by']): boolean {
  return by.some(({ policy }) =>
    /"(notP|p)rincipals"|amespaces"|erviceAccounts"|"source\./.test(JSON.stringify(policy.spec?.rules ?? [])),
  );
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value ?? {});
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}
