/** An image that is known to have tools. */
export interface Toolbox {
  /** Full name without tag: an image of the same name elsewhere is another image, which anybody may have made. */
  readonly repository: string;
  /** Tags of variants that lack them. */
  readonly except?: RegExp;
  readonly programs: readonly string[];
}

/** Applets of busybox that tools here can use. */
const busybox = [
  'sh',
  'cat',
  'ip',
  'nc',
  'netstat',
  'nslookup',
  'ping',
  'tar',
  'timeout',
  'traceroute',
  'wget',
];

/**
 * Images that clusters often have on their nodes, the fullest first. Sources: the Dockerfiles in github.com/nicolaka/netshoot,
 * github.com/wbitt/Network-MultiTool and github.com/istio/istio (docker/Dockerfile.base), the default configuration of busybox.
 */
export const toolboxes: readonly Toolbox[] = [
  {
    repository: 'docker.io/nicolaka/netshoot',
    programs: [
      ...busybox,
      ...['bash', 'conntrack', 'curl', 'dig', 'ethtool', 'getent', 'iperf3', 'mtr', 'nft', 'openssl'],
      ...['ping of iputils', 'socat', 'ss', 'tcpdump', 'tracepath'],
    ],
  },
  {
    repository: 'docker.io/wbitt/network-multitool',
    programs: [
      ...busybox,
      ...['bash', 'curl', 'dig', 'getent', 'mtr', 'openssl', 'ping of iputils', 'ss', 'tcpdump', 'tracepath'],
    ],
  },
  {
    // In every pod of a mesh.
    repository: 'docker.io/istio/proxyv2',
    except: /distroless/,
    programs: [
      ...[
        'bash',
        'cat',
        'curl',
        'getent',
        'ip',
        'nc',
        'netstat',
        'openssl',
        'ping',
        'ping of iputils',
        'sh',
        'ss',
        'tar',
      ],
      ...['tcpdump', 'timeout'],
    ],
  },
  { repository: 'docker.io/library/alpine', programs: [...busybox, 'getent'] },
  { repository: 'docker.io/library/busybox', programs: busybox },
];
