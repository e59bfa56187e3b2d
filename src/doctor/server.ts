import { ExitCode } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { resourcePath } from '../kube/paths.js';
import { cleanText } from '../kube/text.js';
import { checkOfError } from './outcome.js';
import type { Check } from './types.js';

/** Version of a Kubernetes program: `v1.36.2`, as numbers `[1, 36]`. */
export interface ServerVersion {
  readonly text: string;
  readonly major: number;
  readonly minor: number;
}

/** Ephemeral containers are stable from here on. */
const leastMinor = 25;
/** v5.channel.k8s.io, which has an end of input. */
const closeMinor = 30;

/** `v1.36.2`, `v1.29.1-eks-508b6b3`, `v1.27.3+k3s1` → numbers; undefined for anything else. */
export function parseVersion(text: string): ServerVersion | undefined {
  const match = /^v(\d{1,4})\.(\d{1,4})\b/.exec(text);
  if (match === null) return undefined;
  return { text: cleanText(text, 60), major: Number(match[1]), minor: Number(match[2]) };
}

/** What a version of the API server means for us. Pure. */
export function checkVersion(version: ServerVersion | undefined, where: string): Check {
  const base = { id: 'server-version', area: 'cluster' } as const;
  if (version === undefined)
    return { ...base, state: 'unknown', message: `the version of ${where} cannot be read` };
  const { major, minor, text } = version;
  if (major === 1 && minor < leastMinor)
    return {
      ...base,
      state: 'missing',
      message: `Kubernetes ${text} has no ephemeral containers that can be relied on: that takes 1.${leastMinor}`,
      advice:
        'Without a debug container: pull with -c CONTAINER, capture and tcpdump with --upload; policy and logs work as well.',
    };
  if (major === 1 && minor < closeMinor)
    return {
      ...base,
      state: 'warning',
      message: `Kubernetes ${text}: works, but streams have no end of input before 1.${closeMinor}`,
      details: ['a command of exec -i does not learn that its input is over; everything else is the same'],
    };
  return { ...base, state: 'ok', message: `Kubernetes ${text} at ${where}` };
}

/** Asks the API server for its version, and who we are there. The one check after which others are of use; `stops` when it fails. */
export async function checkServer(
  api: Pick<KubeApi, 'get' | 'send' | 'server'>,
): Promise<{ readonly checks: readonly Check[]; readonly version: ServerVersion | undefined }> {
  const who = whoAmI(api);
  who.catch(() => undefined);
  try {
    const answer = await api.get<{ readonly gitVersion?: string }>('/version');
    const version = parseVersion(answer.gitVersion ?? '');
    return { checks: [checkVersion(version, api.server), await who], version };
  } catch (error) {
    const check = checkOfError(error, 'server', 'cluster');
    return { checks: [{ ...check, stops: ExitCode.unreachable }], version: undefined };
  }
}

interface Review {
  readonly status?: {
    readonly userInfo?: { readonly username?: string; readonly groups?: readonly string[] };
  };
}

/** Our name as the API server knows it (SelfSubjectReview, Kubernetes 1.28). Credentials that it does not take end the checks. */
async function whoAmI(api: Pick<KubeApi, 'send'>): Promise<Check> {
  const base = { id: 'user', area: 'cluster' } as const;
  const path = resourcePath({ group: 'authentication.k8s.io', resource: 'selfsubjectreviews' });
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  try {
    const { object } = await api.send<Review>('POST', path, { body, retry: true });
    const { username = '', groups = [] } = object.status?.userInfo ?? {};
    const of = groups.filter((group) => group !== 'system:authenticated');
    const named = of.length === 0 ? '' : `, of ${cleanText(of.join(', '), 200)}`;
    return { ...base, state: 'ok', message: `it knows you as ${cleanText(username, 200)}${named}` };
  } catch (error) {
    const check = checkOfError(error, 'user', 'cluster');
    if (isUnreachable(error)) return { ...check, stops: ExitCode.unreachable };
    return {
      ...base,
      state: 'unknown',
      minor: true,
      message: 'the cluster does not tell who you are',
      details: [check.message],
    };
  }
}

function isUnreachable(error: unknown): boolean {
  return (error as { readonly exitCode?: number }).exitCode === ExitCode.unreachable;
}
