/** What the runtime is asked for, and what it gives: sandboxes of pods, containers in them. */
import type { Image } from './image-table.js';
import type { NodeNetwork, PodAddresses } from './network.js';
import type { Privileges } from './privileges.js';
import type { RunningProcess } from './process.js';

/** The namespaces of a pod. */
export interface Sandbox {
  readonly pid: number;
  readonly node: NodeNetwork;
  readonly addresses: PodAddresses;
  readonly hostNetwork: boolean;
  readonly sharedProcesses: boolean;
  /** Where the pod keeps files: hosts, resolv.conf, volumes, containers. */
  readonly dir: string;
}

export interface SandboxRequest {
  readonly node: NodeNetwork;
  readonly uid: string;
  readonly hostname: string;
  readonly hostNetwork: boolean;
  readonly sharedProcesses: boolean;
  readonly resolvConf: string;
  readonly hosts: (ip: string) => string;
}

export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** What a process needs besides its argv. */
export interface ProcessConfig extends Privileges {
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
}

export interface ContainerRequest extends ProcessConfig {
  readonly image: Image;
  readonly argv: readonly string[];
  readonly mounts: readonly Mount[];
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly privileged: boolean;
  readonly readOnlyRoot: boolean;
  /** `own`, `host`, or the process whose process namespace it joins. */
  readonly processes: 'own' | 'host' | number;
}

export interface Container {
  readonly id: string;
  readonly process: RunningProcess;
  readonly config: ProcessConfig;
  readonly home: string;
  readonly ownsProcesses: boolean;
  /** Identity of its mount namespace, by which its processes are known; undefined when it ended at once. */
  readonly mountNamespace: string | undefined;
}
