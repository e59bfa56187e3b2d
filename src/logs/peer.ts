import type { LogPeer } from './types.js';

const NAME = String.raw`[A-Za-z0-9_](?:[\w.-]{0,251}[\w-])?`;
const IPV4 = String.raw`\d{1,3}(?:\.\d{1,3}){3}`;
const HOST = String.raw`(?:\[[0-9A-Fa-f:.]{2,45}(?:%\w{1,15})?\]|${NAME})`;

/** Ways in which programs name the other side, the surest first. Groups: host, port. Every repetition is bounded. */
const namings: readonly RegExp[] = [
  // Go: dial tcp 10.0.0.1:80, read tcp 10.0.0.2:4242->10.0.0.1:80, lookup api on 10.96.0.10:53
  new RegExp(
    String.raw`\b(?:dial(?:ing)?|read|write) (?:tcp|udp)[46]? (?:[^\s>]{1,60}->)(?<host>${HOST}):(?<port>\d{1,5})`,
  ),
  new RegExp(String.raw`\bdial(?:ing)? (?:tcp|udp)[46]? (?<host>${HOST}):(?<port>\d{1,5})`),
  new RegExp(String.raw`\blookup (?<host>${NAME})`),
  // Node: connect ECONNREFUSED 10.0.0.1:80, getaddrinfo ENOTFOUND api
  new RegExp(
    String.raw`\b(?:connect|getaddrinfo|read|write|query\w{1,6}) E[A-Z_]{3,15} (?<host>${HOST}|[0-9A-Fa-f:]{2,39})(?::(?<port>\d{1,5}))?\b`,
  ),
  // bash: /dev/tcp/10.0.0.1/80
  new RegExp(String.raw`\/dev\/(?:tcp|udp)\/(?<host>${HOST})\/(?<port>\d{1,5})\b`),
  // Java: api.shop.svc/10.0.0.1:80, api/<unresolved>:80
  new RegExp(String.raw`(?<host>${NAME})\/(?:${IPV4}|<unresolved>):(?<port>\d{1,5})\b`),
  new RegExp(String.raw`\/(?<host>${IPV4}):(?<port>\d{1,5})\b`),
  // Python: HTTPConnectionPool(host='api', port=80)
  new RegExp(String.raw`host[=:] ?['"]?(?<host>${NAME})['"]?,? port[=:] ?['"]?(?<port>\d{1,5})`, 'i'),
  // URLs, jdbc:postgresql://db:5432/shop among them
  new RegExp(
    String.raw`[A-Za-z][A-Za-z0-9+.]{1,14}:\/\/(?:[^\s/@"']{1,100}@)?(?<host>${HOST})(?::(?<port>\d{1,5}))?(?![\w-])`,
  ),
  // curl: Failed to connect to api port 80, psql: at "db" (10.0.0.1), port 5432
  new RegExp(
    String.raw`(?:connect(?:ion)? (?:to|at)|server at|host) "?(?<host>${HOST})"?(?: \([^)]{1,60}\))?,? port:? (?<port>\d{1,5})`,
    'i',
  ),
  new RegExp(
    String.raw`\b(?:to|with|from|at|host|upstream|peer|addr|address|server|endpoint)[ =:]{1,2}["'(]?(?<host>${HOST}):(?<port>\d{1,5})\b`,
    'i',
  ),
  new RegExp(String.raw`(?<![\w.:/-])(?<host>${HOST}):(?<port>\d{1,5})(?![\w.]|:\d)`),
  new RegExp(
    String.raw`\b(?:resolve|host|hostname|name)[ :=]{1,2}["']?(?<host>[A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,63}){1,8})\b`,
    'i',
  ),
  new RegExp(String.raw`(?<![\w.:])(?<host>${IPV4})(?![\w.])`),
];

/** `main.go:12` is a place in a program, `12:30:59` a time. */
const notHost =
  /\.(?:go|java|kt|scala|py|js|mjs|cjs|ts|rs|cs|rb|php|c|cc|cpp|h|ex|erl|log|conf|ya?ml|json|xml)$|^\d{1,4}$|^\d{4}-\d\d-\d\dT\d\d$/i;

/** Whom a line speaks of; undefined when it names nobody. Looks at no more than `text` and never throws. */
export function findPeer(text: string): LogPeer | undefined {
  for (const naming of namings) {
    const groups = naming.exec(text)?.groups;
    const peer = groups === undefined ? undefined : peerOf(groups.host, groups.port);
    if (peer !== undefined) return peer;
  }
  return undefined;
}

/** `api:80`, `[fd00::1]:443`, `10.0.0.1`, `api` → host and port; undefined for what can be neither name nor address. */
export function parsePeer(text: string): LogPeer | undefined {
  const match = new RegExp(String.raw`^(${HOST})(?::(\d{1,5}))?\.?$`).exec(text);
  return match === null ? undefined : peerOf(match[1], match[2]);
}

function peerOf(host: string | undefined, port: string | undefined): LogPeer | undefined {
  if (host === undefined || notHost.test(host)) return undefined;
  const number = port === undefined ? undefined : Number(port);
  if (number !== undefined && (number < 1 || number > 65_535)) return undefined;
  return { host: host.replace(/^\[|\]$/g, '').toLowerCase(), port: number };
}
