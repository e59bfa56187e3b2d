/** The Node objects, as `cluster-objects.json` has them. */
import { createHash } from 'node:crypto';
import { cpus, release, totalmem } from 'node:os';
import { imageTable } from './image-table.js';
import { imageDigest } from './images.js';
import type { NodeNetwork } from './network.js';

const conditions = [
  ['MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  ['DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  ['PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  ['Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'],
] as const;

/** A node that is ready. `now` is a metav1.Time, `arch` node's name of the architecture. */
export function nodeObject(node: NodeNetwork, now: string, arch: string = process.arch): object {
  const architecture = arch === 'x64' ? 'amd64' : arch;
  const id = createHash('sha256').update(node.name).digest('hex').slice(0, 32);
  const capacity = {
    cpu: String(cpus().length),
    'ephemeral-storage': '264212084Ki',
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: '110',
  };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      labels: {
        'beta.kubernetes.io/arch': architecture,
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': architecture,
        'kubernetes.io/hostname': node.name,
        'kubernetes.io/os': 'linux',
      },
      annotations: {
        'node.alpha.kubernetes.io/ttl': '0',
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
      },
    },
    spec: { podCIDR: node.podCidr, podCIDRs: [node.podCidr] },
    status: {
      capacity,
      allocatable: capacity,
      conditions: conditions.map(([type, status, reason, message]) => ({
        type,
        status,
        lastHeartbeatTime: now,
        lastTransitionTime: now,
        reason,
        message,
      })),
      addresses: [
        { type: 'InternalIP', address: node.address },
        { type: 'Hostname', address: node.name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
      nodeInfo: {
        machineID: id,
        systemUUID: id,
        bootID: id,
        kernelVersion: release(),
        osImage: 'Debian GNU/Linux 12 (bookworm)',
        containerRuntimeVersion: 'containerd://2.1.9',
        kubeletVersion: 'v1.36.2',
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture,
      },
      images: Object.entries(imageTable).flatMap(([name, entry]) =>
        'failure' in entry || !entry.present
          ? []
          : [
              {
                names: [`${name}@${imageDigest(name)}`, entry.canonical ?? `${name}:latest`],
                sizeBytes: entry.sizeBytes,
              },
            ],
      ),
    },
  };
}
