import { ExitCode, NetdebugError } from '../errors.js';
import { cleanText } from '../kube/text.js';
import type { ContainerState, KubeEvent, Pod } from '../kube/types.js';
import { neverPulledAdvice, platformAdvice, pullAdvice } from './advice.js';
import { describeTerminated } from './status.js';
import type { ContainerAddress } from './types.js';

/**
 * Waiting reasons after which nothing better comes, or only after the person has done something
 * (kubelet: pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go). The kubelet itself tries for ever.
 */
const finalReasons = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
  'CreateContainerConfigError',
  'CreateContainerError',
  'PreCreateHookError',
  'RunContainerError',
  'CrashLoopBackOff',
]);

/** Whether a container that waits for this reason will wait for ever. */
export function finalWaiting(reason: string | undefined): boolean {
  return reason !== undefined && finalReasons.has(reason);
}

/** What the events say about one container: the newest last. */
export function eventsOf(
  events: readonly KubeEvent[],
  container: string,
  podUid: string | undefined,
): readonly KubeEvent[] {
  return events.filter(
    ({ involvedObject }) =>
      (involvedObject?.fieldPath === `spec.ephemeralContainers{${container}}` ||
        involvedObject?.fieldPath === `spec.containers{${container}}`) &&
      (podUid === undefined || involvedObject.uid === undefined || involvedObject.uid === podUid),
  );
}

/** What the kubelet is at after each of its events. */
const steps: Readonly<Record<string, string>> = {
  Pulling: 'pulling image',
  Pulled: 'creating container',
  Created: 'starting container',
  Started: 'starting container',
};

/** What the container waits for, in words, from its newest event or its state. */
export function waitingFor(state: ContainerState | undefined, events: readonly KubeEvent[]): string {
  const last = events.at(-1)?.reason ?? '';
  return (
    steps[last] ??
    (state?.waiting?.reason === 'PodInitializing' ? 'pod is initializing' : 'waiting for the kubelet')
  );
}

/**
 * Why the container will not start, from its state or, as the state is up to 16 s late, from its warning events.
 * undefined while it may still start.
 */
export function startFailure(
  at: ContainerAddress,
  image: string,
  state: ContainerState | undefined,
  events: readonly KubeEvent[],
): NetdebugError | undefined {
  const name = `The debug container ${at.container} in pod ${at.namespace}/${at.pod}`;
  const warnings = events.filter(({ type }) => type === 'Warning');
  const describe = (without: string): readonly string[] =>
    warnings.map(({ reason = '', message = '' }) => {
      const words = cleanText(message, 600);
      // A long story that the sentence has told is not told twice.
      return words.length > 100 && without.includes(words) ? `event ${reason}` : `event ${reason}: ${words}`;
    });
  if (state?.terminated) {
    return new NetdebugError(`${name} did not stay: ${describeTerminated(state.terminated)}.`, {
      exitCode: ExitCode.container,
      details: describe(''),
      hint: `Its image must have a POSIX shell as sh; ${image} may have none, or another way to start.`,
    });
  }
  const waiting = state?.waiting;
  const stated = finalWaiting(waiting?.reason);
  if (!stated && warnings.length === 0) return undefined;
  const told = reasonOfEvents(warnings, events);
  const reason = (stated ? waiting?.reason : undefined) ?? told.reason;
  const message = cleanText((stated ? waiting?.message : undefined) ?? told.message, 600);
  const why = `${reason}${message && `: ${message.replace(/\.+$/, '')}`}`;
  return new NetdebugError(`${name} cannot start: ${why}.`, {
    exitCode: ExitCode.container,
    details: describe(why),
    hint: hintFor(reason, message, image),
  });
}

/** Why nothing in this pod will start any more: the kubelet did not take it, or it has ended. undefined while it lives. */
export function podFailure(pod: Pod): NetdebugError | undefined {
  const { phase, reason, message } = pod.status ?? {};
  if (phase !== 'Failed' && phase !== 'Succeeded') return undefined;
  const why = [reason, message].map((part) => cleanText(part ?? '', 400)).filter((part) => part !== '');
  const words = why.length === 0 ? '' : `: ${why.join(': ').replace(/\.+$/, '')}`;
  return new NetdebugError(
    `Pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name} has finished (${phase}${words}).`,
    { exitCode: ExitCode.container, hint: 'Look at the pod: kubectl describe pod.' },
  );
}

/** The waiting reason that these events will become, and the one of their messages that says most. */
function reasonOfEvents(
  warnings: readonly KubeEvent[],
  events: readonly KubeEvent[],
): {
  readonly reason: string;
  readonly message: string;
} {
  const messages = warnings.map(({ message }) => message ?? '');
  const short = messages
    .map((message) => /^Error: (\w+)$/.exec(message)?.[1])
    .find((name) => finalWaiting(name));
  // While the node waits before it pulls again, what it says of the image is an ordinary event.
  const backOff = events.find(({ reason }) => reason === 'BackOff')?.message;
  const long = messages.find((message) => !/^Error: \w+$/.test(message)) ?? backOff ?? '';
  if (short !== undefined) return { reason: short, message: long };
  if (long.startsWith('Failed to pull image')) return { reason: 'ErrImagePull', message: long };
  const first = warnings[0]?.reason ?? 'Failed';
  if (first === 'InspectFailed') return { reason: 'InvalidImageName', message: long };
  return { reason: first, message: long.replace(/^Error: /, '') };
}

function hintFor(reason: string, message: string, image: string): string {
  if (reason === 'InvalidImageName') return 'Give a correct image with --image.';
  if (reason === 'ErrImageNeverPull') return neverPulledAdvice;
  // The registry has it for other processors only, or the runtime found out when it was to start.
  if (/no match(ing manifest)? for (the )?(platform|linux)|exec format error/i.test(message))
    return platformAdvice(image);
  if (/Image|Registry|Signature/.test(reason)) return pullAdvice(image);
  if (message.includes('runAsNonRoot'))
    return 'Use --profile restricted, which names a user that is not root.';
  if (message.includes('executable file not found'))
    return `The image ${image} has no shell; name one that has with --image.`;
  return 'Look at the pod: kubectl describe pod.';
}
