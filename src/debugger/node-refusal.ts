import { ExitCode, NetdebugError } from '../errors.js';
import { isApiError } from '../kube/status.js';
import { parseRefusal } from './admission.js';
import { nodeRole } from './role.js';

/** A refusal of RBAC with the Roles to ask for; any other error comes back as it is. */
export function withNodeRole(namespace: string, error: unknown): unknown {
  if (!isApiError(error) || !error.forbidden) return error;
  return new NetdebugError(error.message, {
    exitCode: ExitCode.notAllowed,
    details: error.details,
    hint: `Ask an administrator for these roles, bound to you:\n${nodeRole(namespace)}`,
    cause: error,
  });
}

/** Why the API server does not take a debug pod for a node, as a person can use it; any other error comes back as it is. */
export function explainNodePod(namespace: string, node: string, error: unknown): unknown {
  if (!isApiError(error)) return error;
  if (error.forbidden) return withNodeRole(namespace, error);
  const refusal = parseRefusal(error);
  if (refusal === undefined) return error;
  if (refusal.kind === 'pod-security') {
    return new NetdebugError(
      `Pod Security "${refusal.level}" in namespace ${namespace} allows no pod in the network of a node.`,
      {
        exitCode: ExitCode.notAllowed,
        details: [
          `label of namespace ${namespace}: pod-security.kubernetes.io/enforce=${refusal.level}`,
          ...refusal.violations.map(({ check, fields }) => `${check}: ${fields.join('; ')}`),
        ],
        hint: 'The pod can be in any namespace: name one of the level privileged with -n, often kube-system, or ask for one.',
        cause: error,
      },
    );
  }
  const broken = refusal.kind === 'webhook-broken';
  return new NetdebugError(
    broken
      ? `The cluster refuses pods in namespace ${namespace} because the ${refusal.by} does not answer.`
      : `The ${refusal.by.replace(/^the /, '')} does not allow a debug pod on node ${node} in namespace ${namespace}.`,
    {
      exitCode: ExitCode.notAllowed,
      details: [refusal.words].filter((words) => words !== ''),
      hint: 'Name another namespace with -n, or ask the administrators of the cluster for an exception.',
      cause: error,
    },
  );
}
