import { meshOf } from '../capture/view.js';
import { planDebugContainer } from '../debugger/plan.js';
import type { DebugOptions } from '../debugger/types.js';
import { podName } from '../target/pods.js';
import type { Pod } from '../kube/types.js';
import { checkOfError } from './outcome.js';
import type { Check } from './types.js';

/** What the pod itself tells: its state, what its debug container inherits, a mesh, the network of the node. Pure. */
export function checkPod(pod: Pod, options: DebugOptions): readonly Check[] {
  return [stateOf(pod, options), userOf(pod, options), ...seccompOf(pod, options), ...networkOf(pod)];
}

function stateOf(pod: Pod, options: DebugOptions): Check {
  const base = { id: 'pod', area: 'target' } as const;
  const name = podName(pod);
  const plan = planDebugContainer(pod, options, 'none');
  switch (plan.kind) {
    case 'refuse':
      return checkOfError(plan.error, 'pod', 'target');
    case 'reuse':
      return { ...base, state: 'ok', message: `pod ${name}: ${plan.spec.name} runs already, and is used` };
    case 'join':
      return { ...base, state: 'ok', message: `pod ${name}: ${plan.spec.name} is starting, and is used` };
    case 'inject': {
      const running = pod.status?.phase === 'Running';
      return {
        ...base,
        state: running ? 'ok' : 'warning',
        message: `pod ${name} is ${running ? 'running' : (pod.status?.phase ?? 'unknown').toLowerCase()} on node ${pod.spec.nodeName ?? ''}`,
        ...(running
          ? {}
          : {
              advice:
                'Debug containers start beside containers that do not, but not before the sandbox and the volumes of the pod are there.',
            }),
      };
    }
  }
}

/** The user is always named by our profiles; one from a file need not. */
function userOf(pod: Pod, options: DebugOptions): Check {
  const base = { id: 'user-of-pod', area: 'target' } as const;
  const { runAsNonRoot, runAsUser } = pod.spec.securityContext ?? {};
  const file = typeof options.profile === 'string' ? undefined : options.profile;
  const asks = [
    ...(runAsNonRoot === true ? ['runAsNonRoot'] : []),
    ...(runAsUser === undefined ? [] : [`runAsUser ${runAsUser}`]),
  ].join(' and ');
  if (asks === '') return { ...base, state: 'ok', message: 'the pod names no user, so none is inherited' };
  const own = file?.container.securityContext;
  if (file === undefined || own === undefined || own.runAsUser !== undefined)
    return {
      ...base,
      state: 'ok',
      message: `the pod sets ${asks}, which a debug container would inherit; the profile names a user itself`,
    };
  return {
    ...base,
    state: 'warning',
    message: `the pod sets ${asks}, and the securityContext of ${file.file} names no user: as root it will not start, or not be root`,
    advice: 'Set runAsUser: 0 and runAsNonRoot: false in the file.',
  };
}

function seccompOf(pod: Pod, options: DebugOptions): readonly Check[] {
  const profile = pod.spec.securityContext?.seccompProfile;
  if (profile?.type !== 'Localhost') return [];
  if (typeof options.profile !== 'string' && options.profile.container.securityContext?.seccompProfile)
    return [];
  return [
    {
      id: 'seccomp',
      area: 'target',
      state: 'warning',
      message: `the debug container inherits the seccomp profile of the pod (${profile.localhostProfile ?? 'Localhost'}), which may forbid raw sockets`,
      advice:
        'If tools fail with EPERM: --profile FILE with securityContext: {seccompProfile: {type: RuntimeDefault}}.',
    },
  ];
}

function networkOf(pod: Pod): readonly Check[] {
  const checks: Check[] = [];
  const mesh = meshOf(pod);
  if (mesh !== undefined)
    checks.push({
      id: 'mesh',
      area: 'target',
      state: 'warning',
      message: `the pod is in a mesh (${mesh}): what it sends on eth0 is mostly encrypted, and goes through the proxy`,
      advice: 'capture --view app shows the plain text on lo, --view both shows both sides of the proxy.',
    });
  if (pod.spec.hostNetwork === true)
    checks.push({
      id: 'host-network',
      area: 'target',
      state: 'warning',
      message:
        'the pod is in the network of its node: tools see the traffic and the sockets of the whole node',
      advice: 'Narrow captures with a filter (-f).',
    });
  return checks;
}
