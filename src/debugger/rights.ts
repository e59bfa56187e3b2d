import { ExitCode, NetdebugError } from '../errors.js';
import { selfSubjectAccessReview } from '../kube/access.js';
import type { KubeApi } from '../kube/api.js';
import { debugRole } from './role.js';

/** An exec over a websocket takes both. */
const verbs = ['get', 'create'] as const;

/**
 * Asks whether tools may be started in this pod, before a debug container is put there that we could then neither use nor
 * stop. Throws a NetdebugError, exit 5, with the Role to ask for. Where the question itself is refused, the exec will tell.
 * @param role What to ask for, in this namespace.
 */
export async function checkMayExec(
  api: Pick<KubeApi, 'send'>,
  at: { readonly namespace: string; readonly pod: string; readonly signal?: AbortSignal | undefined },
  role: (namespace: string) => string = debugRole,
): Promise<void> {
  const { namespace, pod: name, signal } = at;
  const answers = await Promise.all(
    verbs.map((verb) =>
      selfSubjectAccessReview(
        api,
        { verb, resource: 'pods', subresource: 'exec', namespace, name },
        { signal },
      ).catch(() => undefined),
    ),
  );
  if (answers.every((answer) => answer?.allowed !== false)) return;
  const reason = answers.find((answer) => answer?.reason !== undefined)?.reason;
  throw new NetdebugError(`You may not get and create pods/exec in namespace ${namespace}.`, {
    exitCode: ExitCode.notAllowed,
    details: [
      'without it no tool can be started in a debug container, so none was injected',
      ...(reason === undefined ? [] : [reason]),
    ],
    hint: `Ask an administrator for this Role, bound to you:\n${role(namespace)}`,
  });
}
