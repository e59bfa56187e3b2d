/** Every image that the local cluster knows, by repository. README.md shows the same table. */

import { dirname, join } from 'node:path';

/** What the root filesystem is made of; see rootfs.ts. */
export type RootKind = 'toolbox' | 'busybox' | 'distroless';

export interface Image {
  /** The name that statuses show, as containerd shows its first name of the content. Without it, the name asked for. */
  readonly canonical?: string;
  readonly root: RootKind;
  /** Files of the root that this image lacks. */
  readonly without: readonly string[];
  /** Files of this machine that are shown in it. */
  readonly files?: readonly { readonly source: string; readonly target: string }[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly user: number;
  readonly workingDir: string;
  readonly sizeBytes: number;
  /** On the node from the start, so that IfNotPresent does not pull. */
  readonly present: boolean;
  /** How long a pull takes, in milliseconds. */
  readonly pullMs: number;
}

/** A name whose pull fails; `{name}` and so on are filled in by images.ts. */
export interface Unpullable {
  readonly failure: 'not-found' | 'forbidden';
}

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const toolbox: Image = {
  root: 'toolbox',
  without: [],
  entrypoint: [],
  command: ['/bin/bash'],
  env: [path],
  user: 0,
  workingDir: '/',
  sizeBytes: 352_000_836,
  present: true,
  pullMs: 15,
};

/** A program of the cluster's own, which lies beside the cluster's (bundle.ts), and this machine's node to run it. */
function ownProgram(name: string, command: readonly string[]): Image {
  return {
    ...toolbox,
    files: [
      { source: process.execPath, target: '/opt/node' },
      { source: join(dirname(process.argv[1] ?? ''), name), target: `/opt/${name}` },
    ],
    entrypoint: ['/opt/node', `/opt/${name}`],
    command,
    sizeBytes: 20_939_036,
  };
}

const busybox: Image = {
  ...toolbox,
  root: 'busybox',
  command: ['sh'],
  sizeBytes: 2_478_869,
};

const distroless: Image = {
  ...toolbox,
  root: 'distroless',
  entrypoint: ['/httpd'],
  command: ['-f', '-p', '8080', '-h', '/srv'],
  user: 65_532,
  sizeBytes: 6_359_872,
};

/** Repository (with its registry) → image. Any tag or digest of it answers. */
export const imageTable: Readonly<Record<string, Image | Unpullable>> = {
  'docker.io/nicolaka/netshoot': { ...toolbox, canonical: 'docker.io/nicolaka/netshoot:latest' },
  'docker.io/library/debian': toolbox,
  'registry.example/toolbox': toolbox,
  'registry.example/toolbox-nonroot': { ...toolbox, user: 65_532 },
  'registry.example/toolbox-no-tcpdump': { ...toolbox, without: ['/usr/bin/tcpdump', '/usr/sbin/tcpdump'] },
  'registry.example/toolbox-no-ss': { ...toolbox, without: ['/usr/bin/ss', '/usr/sbin/ss'] },
  'registry.example/toolbox-no-netstat': {
    ...toolbox,
    without: ['/usr/bin/ss', '/usr/sbin/ss', '/usr/bin/netstat'],
  },
  'registry.example/slow': { ...toolbox, present: false, pullMs: 3000 },
  'docker.io/library/busybox': { ...busybox, canonical: 'docker.io/library/busybox:1.36' },
  'registry.example/busybox': busybox,
  'registry.example/web': {
    ...busybox,
    entrypoint: ['/bin/httpd'],
    command: ['-f', '-p', '80', '-h', '/srv'],
  },
  'registry.k8s.io/coredns/coredns': ownProgram('coredns.mjs', []),
  'registry.k8s.io/kube-proxy': {
    ...busybox,
    command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 3600 & wait $!; done'],
  },
  'registry.k8s.io/ingress-nginx/controller': ownProgram('ingress.mjs', []),
  // Whatever is in front of a pod in a mesh is a listener here.
  'docker.io/istio/proxyv2': ownProgram('listen.mjs', ['mtls://0.0.0.0:15006']),
  'registry.example/listen': ownProgram('listen.mjs', ['http://0.0.0.0:80']),
  'registry.example/crash': { ...busybox, command: ['sh', '-c', 'echo about to fail; exit 3'] },
  'registry.example/distroless': distroless,
  'docker.io/library/app': distroless,
  'registry.example/denied': { failure: 'forbidden' },
  'registry.example/nosuch': { failure: 'not-found' },
};
