import type { LogPattern } from './types.js';

/** Names that do not resolve, and what CoreDNS says of itself. */
export const namePatterns: readonly LogPattern[] = [
  {
    name: 'coredns-loop',
    meaning: 'CoreDNS forwards to itself and ends',
    severity: 'error',
    codes: ['ND404'],
    words: ['plugin/loop'],
    expression: /plugin\/loop: Loop \([^\n]{0,200}detected/i,
  },
  {
    name: 'coredns-reload',
    meaning: 'the new Corefile is broken, the old one stays in use',
    severity: 'error',
    codes: ['ND405'],
    words: ['corefile', 'reload'],
    expression:
      /restart failed: Corefile|(?:plugin\/reload|Corefile)[^\n]{0,120}(?:fail|error|unknown directive)|Corefile:\d+ - Error/i,
  },
  {
    name: 'coredns-not-allowed',
    meaning: 'CoreDNS may not read, or cannot reach, the API server',
    severity: 'error',
    codes: ['ND407'],
    words: ['failed to watch', 'failed to list', 'plugin/kubernetes', 'waiting on: "kubernetes"'],
    expression:
      /failed to (?:list|watch) \*v1\.(?:EndpointSlice|Endpoints|Service|Namespace|Pod)|plugin\/kubernetes: (?:Kubernetes API connection failure|[^\n]{0,200}(?:forbidden|unable))|plugin\/ready: [^\n]{0,40}waiting on: "kubernetes"/i,
  },
  {
    name: 'coredns-overload',
    meaning: 'CoreDNS has more queries to forward than it takes',
    severity: 'error',
    codes: ['ND416'],
    words: ['concurrent queries'],
    expression: /concurrent queries exceeded maximum/i,
  },
  {
    name: 'coredns-upstream',
    meaning: 'CoreDNS cannot reach the server that it forwards to',
    severity: 'error',
    codes: ['ND406'],
    words: ['plugin/errors'],
    expression:
      /plugin\/errors: \d{1,3} (?<name>\S{1,255})[^\n]{0,40}: [^\n]{0,160}?(?:->(?<peer>[^\s]{1,80}): |no next plugin|i\/o timeout|unreachable)/i,
  },
  {
    name: 'dns-temporary-failure',
    meaning: 'no DNS server answered, or it answered SERVFAIL',
    severity: 'error',
    codes: ['ND203', 'ND403', 'ND406'],
    words: [
      'temporary failure in name resolution',
      'eai_again',
      'server misbehaving',
      'try again (',
      'no servers could be reached',
      'dns server returned',
    ],
    expression:
      /temporary failure in name resolution|EAI_AGAIN(?: (?<peer>[\w.-]{1,253}))?|lookup (?<name>\S{1,253})[^\n]{0,80}server misbehaving|server misbehaving|no servers could be reached|DNS server returned (?:general|answer with)/i,
  },
  {
    name: 'dns-lookup-timeout',
    meaning: 'the DNS server did not answer',
    severity: 'error',
    codes: ['ND203', 'ND403', 'ND412'],
    words: ['timeout', 'timed out'],
    expression:
      /lookup (?<peer>[\w.-]{1,253})(?: on \S{1,80})?: (?:[^\n]{0,120}i\/o timeout)|(?:dns|resolv|getaddrinfo|name resolution)[^\n]{0,60}(?:timed out|timeout\b)|queryA{1,4} ETIMEOUT (?<name>[\w.-]{1,253})/i,
  },
  {
    name: 'no-such-host',
    meaning: 'the name does not exist',
    severity: 'error',
    codes: ['ND410', 'ND301', 'ND105', 'ND402'],
    words: [
      'no such host',
      'enotfound',
      'unknownhost',
      'unknown host',
      'name or service not known',
      'name does not resolve',
      'nodename nor servname',
      'could not translate host',
      'could not resolve',
      "couldn't resolve",
      'failed to resolve',
      'host not found',
      'unable to resolve',
      'nameresolutionerror',
      'not known',
      'eai_noname',
      'getaddrinfo failed',
    ],
    expression:
      /lookup (?<peer>[\w.-]{1,253})(?: on \S{1,80})?: no such host|no such host(?: is known)?|(?:getaddrinfo|query\w{1,6}) ENOTFOUND(?: (?<name>[\w.-]{1,253}))?|UnknownHost(?:Exception)?:?\s{0,3}(?<java>[\w.-]{1,253})?|unknown host|name or service not known|name does not resolve|nodename nor servname|could not translate host name "?(?<pg>[\w.-]{1,253})?|(?:could not|couldn't|failed to|unable to) resolve (?:host|hostname|name|address|'|")|(?:Could not|Failed to) resolve host: (?<curl>[\w.-]{1,253})|host not found in upstream|host not found|NameResolutionError|EAI_NONAME|getaddrinfo failed/i,
  },
  {
    name: 'nxdomain',
    meaning: 'a DNS server said that the name does not exist',
    severity: 'error',
    codes: ['ND410', 'ND301'],
    words: ['nxdomain', 'dnsnamenotfound'],
    expression: /NXDOMAIN/i,
    // CoreDNS logs every answer; along the search path most are NXDOMAIN in a healthy cluster.
    unless: /"(?:A|AAAA|PTR|SRV|MX|TXT) IN [^\n]{1,300}" NXDOMAIN/,
  },
  {
    name: 'servfail',
    meaning: 'a DNS server could not find out',
    severity: 'error',
    codes: ['ND406', 'ND407'],
    words: ['servfail'],
    expression: /SERVFAIL/i,
  },
  {
    name: 'dns-refused',
    meaning: 'a DNS server does not answer for this name, or not to this client',
    severity: 'error',
    codes: ['ND405'],
    words: ['rcode refused', 'query refused', 'rcode: refused', 'status: refused'],
    expression: /(?:rcode:? |query |status: )REFUSED/i,
  },
];
