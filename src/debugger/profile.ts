import type { Pod, SecurityContext } from '../kube/types.js';
import type { Need, ProfileName } from './types.js';

/** What `auto` tries, highest first. */
export const ladder: readonly ProfileName[] = ['netadmin', 'baseline', 'restricted'];

/** A user without a name in most images: `restricted` must run as somebody, and the image's own user may be root. */
const nobodyInParticular = 65532;

/**
 * The securityContext of a profile. It always names the user, because an ephemeral container otherwise takes over the pod's
 * runAsUser and runAsNonRoot, and then fails only in the kubelet.
 *
 * `netadmin`, `general` and `sysadmin` add what kubectl's profiles of that name add. `netadmin` and `baseline` drop nothing: the runtime's default
 * capabilities hold NET_RAW in containerd, and SETUID and SETGID, without which tcpdump cannot give up root.
 * @param target With a shared process namespace `netadmin` takes SYS_PTRACE as well: without it nobody sees whose socket it is.
 */
export function securityContextOf(profile: ProfileName, pod: Pod, target?: string): SecurityContext {
  const root = { runAsUser: 0, runAsNonRoot: false };
  switch (profile) {
    case 'netadmin':
      return {
        ...root,
        capabilities: { add: ['NET_ADMIN', 'NET_RAW', ...(target === undefined ? [] : ['SYS_PTRACE'])] },
      };
    case 'baseline':
      return root;
    case 'general':
      return { ...root, capabilities: { add: ['SYS_PTRACE'] } };
    case 'sysadmin':
      return { ...root, privileged: true };
    case 'restricted':
      return {
        runAsUser: podUser(pod, target),
        runAsNonRoot: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      };
  }
}

/** Whether packet sockets can be opened: root with NET_RAW, as far as the specification tells (the runtime may still lack it). */
export function permitsRaw(context: SecurityContext | undefined): boolean {
  if (context?.privileged === true) return true;
  if (context?.runAsUser !== undefined && context.runAsUser !== 0) return false;
  const has = (list: readonly string[] | undefined, ...names: readonly string[]) =>
    list?.some((name) => names.includes(name.replace(/^CAP_/, ''))) === true;
  if (has(context?.capabilities?.add, 'NET_RAW', 'ALL')) return true;
  return !has(context?.capabilities?.drop, 'NET_RAW', 'ALL');
}

/** Whether a securityContext gives a tool what it cannot do without. */
export function permits(context: SecurityContext | undefined, need: Need): boolean {
  return need === 'none' || permitsRaw(context);
}

/** What cannot be done with it, one sentence each; empty when all works. */
export function limitsOf(context: SecurityContext | undefined): readonly string[] {
  if (context?.privileged === true) return [];
  if (!permitsRaw(context)) {
    return [
      'Packets cannot be captured and raw sockets cannot be opened; ping, netstat and ordinary connections work.',
    ];
  }
  const added = context?.capabilities?.add ?? [];
  const limits: string[] = [];
  if (!added.some((name) => /^(CAP_)?(NET_RAW|ALL)$/.test(name))) {
    limits.push(
      'Packets can be captured only if the container runtime grants NET_RAW by itself (containerd does, CRI-O does not).',
    );
  }
  if (!added.some((name) => /^(CAP_)?(NET_ADMIN|ALL)$/.test(name))) {
    limits.push(
      'Network settings that take NET_ADMIN can be neither listed nor changed (nft, tc, conntrack).',
    );
  }
  return limits;
}

/** The user that the pod runs as already, if not root: then its processes can be looked into, and user ranges of the cluster are kept. */
function podUser(pod: Pod, target: string | undefined): number {
  const container = pod.spec.containers.find(({ name }) => name === target) ?? pod.spec.containers[0];
  const user = container?.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser ?? 0;
  return user === 0 ? nobodyInParticular : user;
}
