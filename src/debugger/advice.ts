import type { KubeObject, Pod } from '../kube/types.js';

/**
 * What is in the way of debug containers, and what to do about it: the sentences that a refusal prints and that `doctor` prints
 * before anything is tried. Pure.
 */

/** What there is in the way of debug containers. */
export interface Obstacle {
  /** One clause, without a full stop. */
  readonly what: string;
  readonly advice: string;
}

/** core/v1 Node, the fields that matter to a debug container there. */
export interface DebugNode extends KubeObject {
  readonly status?: {
    readonly nodeInfo?: {
      readonly operatingSystem?: string;
      readonly architecture?: string;
      readonly kubeletVersion?: string;
      readonly osImage?: string;
      readonly containerRuntimeVersion?: string;
    };
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
    }[];
    readonly images?: readonly { readonly names?: readonly string[] | null }[];
  };
}

/** Where nothing can be started, the other end of the conversation mostly tells as much. */
export const otherSideAdvice = 'Look from the other side: name a pod on a Linux node that talks to it.';

/** Why no debug container starts on this node, whatever its pods say; undefined when nothing of the kind is known. */
export function nodeObstacle(node: DebugNode): Obstacle | undefined {
  const { name, labels = {} } = node.metadata;
  if (labels['eks.amazonaws.com/compute-type'] === 'fargate') return fargate(`node ${name}`);
  if (labels.type === 'virtual-kubelet' || labels['kubernetes.io/role'] === 'virtual-kubelet')
    return {
      what: `node ${name} is a virtual kubelet, which does not start ephemeral containers`,
      advice: `${otherSideAdvice} Or let the pod run on an ordinary node.`,
    };
  const system = node.status?.nodeInfo?.operatingSystem ?? labels['kubernetes.io/os'];
  const labelled = labels['kubernetes.io/os'];
  if (system === 'windows' || labelled === 'windows')
    return { what: `node ${name} runs Windows, where these tools do not exist`, advice: otherSideAdvice };
  return undefined;
}

/** The same, as far as the pod itself tells. */
export function podObstacle(pod: Pod): Obstacle | undefined {
  const onFargate = pod.metadata.labels?.['eks.amazonaws.com/fargate-profile'] !== undefined;
  return onFargate ? fargate('the pod') : undefined;
}

function fargate(who: string): Obstacle {
  return {
    what: `${who} runs on Fargate, which does not start ephemeral containers`,
    advice: `${otherSideAdvice} Or let the pod run on an ordinary node; logs and policy work as they are, and so does pull with -c CONTAINER.`,
  };
}

/** The node is there, but its kubelet does not answer: nothing new starts on it. */
export function notReady(node: DebugNode): Obstacle | undefined {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined || ready.status === 'True') return undefined;
  return {
    what: `node ${node.metadata.name} is not ready, so nothing new starts on it`,
    advice: `Look at it: kubectl describe node ${node.metadata.name}`,
  };
}

/** When the node could not pull the image, or may not be able to. */
export function pullAdvice(image: string): string {
  return `Check that the node can pull ${image}, or name another image with --image (--no-pull takes one that the node has). A private registry needs a pull secret in the pod itself: a debug container cannot bring one.`;
}

/** When the policy is Never and the image is not there. */
export const neverPulledAdvice =
  'Leave --no-pull or --image-pull-policy out, or load the image onto the node.';

/** When the image has nothing for the processor of the node. */
export function platformAdvice(image: string): string {
  return `${image} is not made for the architecture of the node; name an image with --image that is made for several.`;
}
