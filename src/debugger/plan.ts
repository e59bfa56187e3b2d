import { ExitCode, NetdebugError } from '../errors.js';
import { cleanText } from '../kube/text.js';
import type { ContainerState, EphemeralContainer, Pod } from '../kube/types.js';
import { otherSideAdvice } from './advice.js';
import { finalWaiting } from './failure.js';
import { serves } from './spec.js';
import { statusOf } from './status.js';
import type { DebugOptions, Need } from './types.js';

/** What is to be done to get a debug container in this pod. */
export type Plan =
  /** One is running that serves. */
  | { readonly kind: 'reuse'; readonly spec: EphemeralContainer }
  /** One that will serve is just starting (another command injected it): wait for it. */
  | { readonly kind: 'join'; readonly spec: EphemeralContainer }
  | { readonly kind: 'inject' }
  /** This pod cannot have one. Exit code 6. */
  | { readonly kind: 'refuse'; readonly error: NetdebugError };

/** Decides from the pod alone; nothing is asked or sent. */
export function planDebugContainer(pod: Pod, options: DebugOptions, need: Need): Plan {
  const refusal = whyNot(pod) ?? whyNotTarget(pod, options.target);
  if (refusal) return { kind: 'refuse', error: refusal };
  if (options.fresh) return { kind: 'inject' };
  const serving = (pod.spec.ephemeralContainers ?? []).filter((spec) => serves(spec, options, need));
  // The one without a shared process namespace first, when none is asked for: it is the plainer one.
  const inOrder = [...serving].sort(
    (a, b) => Number(a.targetContainerName !== undefined) - Number(b.targetContainerName !== undefined),
  );
  const running = inOrder.find((spec) => stateOf(pod, spec)?.running !== undefined);
  if (running) return { kind: 'reuse', spec: running };
  const starting = inOrder.find((spec) => isStarting(stateOf(pod, spec)) && pullsAsAsked(spec, options));
  return starting ? { kind: 'join', spec: starting } : { kind: 'inject' };
}

/** Why a pod can have no debug container at all; undefined when it can. */
function whyNot(pod: Pod): NetdebugError | undefined {
  const name = `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
  if (pod.metadata.deletionTimestamp !== undefined) {
    return refuse(
      `Pod ${name} is being deleted; the API takes a debug container, but it is never started.`,
      'Name another pod of the same workload, or the workload itself (deploy/NAME).',
    );
  }
  const phase = pod.status?.phase;
  if (phase === 'Succeeded' || phase === 'Failed') {
    const reason = pod.status?.reason === undefined ? '' : `: ${cleanText(pod.status.reason, 60)}`;
    return refuse(
      `Pod ${name} has finished (${phase}${reason}); nothing can be started in it any more.`,
      'kubectl logs tells what it said. Name a pod that runs, or the workload itself (deploy/NAME).',
    );
  }
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) {
    return refuse(
      `Pod ${name} is a static pod, run by the kubelet from a file; those cannot have debug containers.`,
      `Look from its node instead: kubectl debug node/${pod.spec.nodeName ?? 'NAME'} -it --profile=netadmin --image=IMAGE.`,
    );
  }
  if (pod.spec.os?.name === 'windows' || pod.spec.nodeSelector?.['kubernetes.io/os'] === 'windows') {
    return refuse(`Pod ${name} runs on Windows, where these tools do not exist.`, otherSideAdvice);
  }
  if (pod.spec.nodeName === undefined || pod.spec.nodeName === '') {
    const condition = pod.status?.conditions?.find(
      ({ type, status }) => type === 'PodScheduled' && status === 'False',
    );
    const message = cleanText(condition?.message ?? '', 300).replace(/\.+$/, '');
    return refuse(
      `Pod ${name} is not scheduled to a node yet${message && `: ${message}`}.`,
      `See kubectl describe pod: what keeps the scheduler is among its events.`,
    );
  }
  return undefined;
}

function whyNotTarget(pod: Pod, target: string | undefined): NetdebugError | undefined {
  if (target === undefined) return undefined;
  const name = `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(
    (container) => container.name,
  );
  if (!containers.includes(target)) {
    return refuse(
      `Pod ${name} has no container ${cleanText(target, 63)}.`,
      `It has ${containers.join(', ')}.`,
    );
  }
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const state = statuses.find((status) => status.name === target)?.state;
  if (state === undefined || state.running !== undefined) return undefined;
  const reason = state.waiting?.reason ?? state.terminated?.reason ?? 'no state';
  return refuse(
    `Container ${target} of pod ${name} is not running (${cleanText(reason, 60)}), so its processes cannot be shared.`,
    'Leave --target out: the network of the pod is the same without it.',
  );
}

function isStarting(state: ContainerState | undefined): boolean {
  if (state === undefined) return true;
  return state.waiting !== undefined && !finalWaiting(state.waiting.reason);
}

/** Whether its image is pulled as is wanted now; the API server has filled in a policy where none was given. */
function pullsAsAsked({ imagePullPolicy }: EphemeralContainer, options: DebugOptions): boolean {
  return options.imagePullPolicy === undefined
    ? imagePullPolicy !== 'Never'
    : imagePullPolicy === options.imagePullPolicy;
}

function stateOf(pod: Pod, spec: EphemeralContainer): ContainerState | undefined {
  return statusOf(pod, spec.name)?.state;
}

function refuse(sentence: string, hint?: string): NetdebugError {
  return new NetdebugError(sentence, { exitCode: ExitCode.target, hint });
}
