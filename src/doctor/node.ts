import { nodeObstacle, notReady, podObstacle, type DebugNode } from '../debugger/advice.js';
import { NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { resourcePath } from '../kube/paths.js';
import { isApiError } from '../kube/status.js';
import { cleanText } from '../kube/text.js';
import type { Pod } from '../kube/types.js';
import { parseVersion, type ServerVersion } from './server.js';
import type { Check } from './types.js';

/** A node, or why it could not be read. */
export type NodeReading = { readonly node: DebugNode } | { readonly why: string; readonly absent: boolean };

/** Reads a node. Nodes are a right in the whole cluster, which few people have: a refusal is an answer. */
export async function readNode(api: Pick<KubeApi, 'get'>, name: string): Promise<NodeReading> {
  try {
    return { node: await api.get<DebugNode>(resourcePath({ resource: 'nodes', name })) };
  } catch (error) {
    if (!(error instanceof NetdebugError)) throw error;
    if (isApiError(error, 403)) return { why: 'you may not get nodes', absent: false };
    return { why: error.message.replace(/\.$/, ''), absent: isApiError(error, 404) };
  }
}

/** How many minor versions a kubelet may be older than its API server (Kubernetes version skew policy). */
const skewMinor = 3;

/** What a node means for debug containers: virtual, Windows, not ready, too old. `pod` tells some of it where the node cannot be read. Pure. */
export function checkNode(
  name: string,
  reading: NodeReading,
  pod: Pod | undefined,
  server: ServerVersion | undefined,
): Check {
  const base = { id: 'node', area: 'target' } as const;
  const known = 'node' in reading ? (nodeObstacle(reading.node) ?? notReady(reading.node)) : undefined;
  const obstacle = known ?? (pod && podObstacle(pod));
  if (obstacle !== undefined)
    return { ...base, state: 'missing', message: obstacle.what, advice: obstacle.advice };
  if (!('node' in reading)) {
    if (reading.absent && pod === undefined)
      return { ...base, state: 'missing', message: `there is no node ${name}`, advice: 'kubectl get nodes' };
    return {
      ...base,
      state: 'unknown',
      minor: true,
      message: `node ${name}: system and architecture are not known: ${reading.why}`,
    };
  }
  const {
    operatingSystem = 'linux',
    architecture = '',
    kubeletVersion = '',
  } = reading.node.status?.nodeInfo ?? {};
  const kubelet = parseVersion(kubeletVersion);
  const words = `node ${name}: ${cleanText(operatingSystem, 40)}/${cleanText(architecture, 40)}, kubelet ${cleanText(kubeletVersion, 60)}`;
  if (kubelet?.major === 1 && kubelet.minor < 25)
    return {
      ...base,
      state: 'missing',
      message: `${words} is older than ephemeral containers`,
      advice: 'That takes a kubelet of 1.25 or newer.',
    };
  if (kubelet !== undefined && server !== undefined && server.minor - kubelet.minor > skewMinor)
    return {
      ...base,
      state: 'warning',
      message: `${words} is older than its API server ${server.text} is made for`,
      advice: 'It will mostly work; Kubernetes supports three minor versions apart.',
    };
  return { ...base, state: 'ok', message: words };
}
