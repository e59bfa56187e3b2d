/** Who a process in a container runs as, as steps: the last ones before exec. */
import type { IdMap } from './sandbox.js';
import type { Step } from './steps.js';
import { unshare } from './steps.js';

export interface Privileges {
  readonly uid: number;
  readonly gid: number;
  readonly supplementalGroups: readonly number[];
  /** Bit mask; the bounding set for users other than root. */
  readonly capabilities: bigint;
  readonly noNewPrivileges: boolean;
}

/**
 * Drops to these privileges. Where only one user is known (`single`), root is that user with ambient capabilities, and
 * another user is that one under another number, in a user namespace: a new one, or the one held as `user`.
 */
export function privilegeSteps(to: Privileges, ids: IdMap, joinUser: boolean): Step[] {
  const set = to.capabilities.toString(16);
  const noNewPrivileges: Step[] = to.noNewPrivileges ? [['nonewprivs']] : [];
  if (ids.kind === 'full') {
    const groups = [...new Set([to.gid, ...to.supplementalGroups])].join(',');
    return [
      ['bounding', set],
      ['groups', groups],
      ['ids', String(to.uid), String(to.gid)],
      ['caps', to.uid === 0 ? set : '0'],
      ...noNewPrivileges,
    ];
  }
  if (to.uid === 0) {
    return [['bounding', set], ['ambient', set], ...noNewPrivileges];
  }
  const enterUser: Step[] = joinUser
    ? [['setns', 'user', '0']]
    : [unshare('newuser'), ['idmap', String(to.uid), String(ids.uid), String(to.gid), String(ids.gid)]];
  return [...enterUser, ['bounding', set], ['caps', '0'], ...noNewPrivileges];
}
