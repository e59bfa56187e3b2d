import type { ServicePort } from '../../kube/types.js';

/** How the proxies treat a port: `auto` waits for the first bytes of the client to tell. */
export type PortProtocol = 'http' | 'tcp' | 'tls' | 'auto' | 'udp';

/** Ports that Istio takes for TCP although nothing says so: SMTP, DNS, MySQL, MongoDB. Source: istio pkg/config/kube ConvertProtocol. */
const wellKnownTcp = [25, 53, 3306, 27_017];

const names: Readonly<Record<string, PortProtocol>> = {
  http: 'http',
  http2: 'http',
  grpc: 'http',
  'grpc-web': 'http',
  'kubernetes.io/h2c': 'http',
  'kubernetes.io/ws': 'http',
  'kubernetes.io/wss': 'tls',
  https: 'tls',
  tls: 'tls',
  tcp: 'tcp',
  mongo: 'tcp',
  mysql: 'tcp',
  redis: 'tcp',
  hbone: 'http',
};

/** The protocol of a Service's port: by appProtocol, else by its name (`http-web`), else by a number that is well known. */
export function portProtocol({
  name,
  port,
  protocol,
  appProtocol,
}: ServicePort & { readonly appProtocol?: string | null }): {
  readonly protocol: PortProtocol;
  readonly by?: { readonly field: 'name' | 'appProtocol'; readonly value: string };
} {
  if (protocol !== undefined && protocol !== 'TCP') return { protocol: 'udp' };
  // Where both are set, the name is not looked at.
  const field = appProtocol == null ? 'name' : 'appProtocol';
  const value = appProtocol ?? name ?? '';
  const word = value.toLowerCase();
  const prefix = word.startsWith('grpc-web') ? 'grpc-web' : (word.split('-')[0] ?? '');
  const found = Object.hasOwn(names, prefix) ? names[prefix] : undefined;
  if (found !== undefined) return { protocol: found, by: { field, value } };
  return { protocol: wellKnownTcp.includes(port) ? 'tcp' : 'auto' };
}

/** Servers that speak first, by their images, with the ports that they are known by. A proxy that waits for the client waits for ever. */
const serverFirst: readonly {
  readonly what: string;
  readonly image: RegExp;
  readonly ports: readonly number[];
}[] = [
  {
    what: 'MySQL',
    image: /(^|[/-])(mysql|mysql-server|mariadb|percona(-server|-xtradb-cluster)?)([:@]|$)/,
    ports: [3306],
  },
  { what: 'SMTP', image: /(^|[/-])(postfix|exim4?|haraka|mailhog)([:@]|$)/, ports: [25, 587] },
  { what: 'FTP', image: /(^|[/-])(vsftpd|proftpd|pure-?ftpd)([:@]|$)/, ports: [21] },
  { what: 'SSH', image: /(^|[/-])(openssh-server|sshd|sftp)([:@]|$)/, ports: [22, 2222] },
  { what: 'IMAP or POP3', image: /(^|[/-])dovecot([:@]|$)/, ports: [110, 143] },
];

/** What speaks first behind a port, by the image of its container or by its number; undefined where nothing tells. */
export function serverFirstOf(image: string | undefined, port: number | undefined): string | undefined {
  const byImage = serverFirst.find((one) => one.image.test((image ?? '').toLowerCase()));
  if (byImage !== undefined) return byImage.what;
  return serverFirst.find((one) => port !== undefined && one.ports.includes(port) && port !== 2222)?.what;
}
