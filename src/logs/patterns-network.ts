import type { LogPattern } from './types.js';

/** The kernel's answers, in the words of C, Go, Java, Node, Python, Rust and .NET. */
export const networkPatterns: readonly LogPattern[] = [
  {
    name: 'address-in-use',
    meaning: 'the port that a program wants to listen on is taken',
    severity: 'error',
    codes: ['ND101', 'ND111'],
    words: [
      'eaddrinuse',
      'address already in use',
      'only one usage of each socket',
      'port is already allocated',
    ],
    expression:
      /EADDRINUSE|address already in use|only one usage of each socket address|port is already allocated/i,
  },
  {
    name: 'bind-not-permitted',
    meaning: 'a program may not listen on a port below 1024',
    severity: 'error',
    codes: ['ND108'],
    words: ['permission denied', 'eacces'],
    expression:
      /(?:\bbind|\blisten)[^\n]{0,120}(?:permission denied|EACCES)|(?:EACCES|permission denied)[^\n]{0,60}(?:0\.0\.0\.0|\[?::\]?|\*):\d{1,3}\b/i,
  },
  {
    name: 'address-not-available',
    meaning: 'no local port is left, or the local address is not there',
    severity: 'error',
    codes: ['ND112'],
    words: ['eaddrnotavail', 'cannot assign requested address', "can't assign requested address"],
    expression: /EADDRNOTAVAIL|can(?:not|'t) assign requested address/i,
  },
  {
    name: 'connection-refused',
    meaning: 'nothing listens there, or a Service without endpoints rejected it',
    severity: 'error',
    codes: ['ND102', 'ND302', 'ND303', 'ND307'],
    words: ['refused'],
    expression:
      /ECONNREFUSED|connection (?:was |is )?refused|connect(?:ion)?(?: to [^\s,;]{1,200}){0,1}(?: was| is)? refused|actively refused|refused (?:the |our )?connection|ConnectionRefused/i,
    unless: /refused to (?:run|start|load)/i,
  },
  {
    name: 'no-route-to-host',
    meaning: 'the way to the address is known to be closed: the pod is gone, or a firewall says so',
    severity: 'error',
    codes: ['ND807', 'ND806'],
    words: ['no route to host', 'ehostunreach', 'host is unreachable', 'noroutetohost', 'unreachable host'],
    expression:
      /no route to host|EHOSTUNREACH|host is unreachable|NoRouteToHost|A socket operation was attempted to an unreachable host/i,
  },
  {
    name: 'network-unreachable',
    meaning: 'the pod has no address or no route of that family',
    severity: 'error',
    codes: ['ND315'],
    words: ['network is unreachable', 'enetunreach', 'unreachable network', 'network unreachable'],
    expression: /network (?:is )?unreachable|ENETUNREACH|to an unreachable network/i,
  },
  {
    name: 'message-too-long',
    meaning: 'a packet was larger than the path lets through',
    severity: 'error',
    codes: ['ND808'],
    words: ['message too long', 'emsgsize'],
    expression: /message too long|EMSGSIZE/i,
  },
  {
    name: 'conntrack-full',
    meaning: 'the connection table of the node is full, new connections are dropped',
    severity: 'error',
    codes: ['ND809'],
    words: ['conntrack'],
    expression:
      /conntrack[^\n]{0,40}table full|conntrack[^\n]{0,40}(?:insert|limit)[^\n]{0,20}(?:failed|exceeded)/i,
  },
  {
    name: 'neighbour-table-full',
    meaning: 'the neighbour (ARP) table of the node is full',
    severity: 'error',
    codes: ['ND811'],
    words: ['table overflow'],
    expression: /neigh(?:bou?r)?[^\n]{0,20} table overflow/i,
  },
  {
    name: 'addresses-exhausted',
    meaning: 'the network plugin has no address left for pods',
    severity: 'error',
    codes: ['ND804'],
    words: [
      'failed to allocate for range',
      'no ip addresses available',
      'insufficientcidr',
      'no available ip',
      'insufficientfreeaddresses',
    ],
    expression:
      /failed to allocate for range|no IP addresses available|InsufficientCidr|InsufficientFreeAddresses|no available IP/i,
  },
  {
    name: 'too-many-open-files',
    meaning: 'a program has no file descriptor left for a connection',
    severity: 'error',
    codes: [],
    words: ['too many open files', 'emfile:', 'enfile:'],
    expression: /too many open files|\bE[MN]FILE:/i,
  },
  {
    name: 'connection-reset',
    meaning: 'the other side, or something between, ended the connection hard',
    severity: 'error',
    codes: ['ND701', 'ND809'],
    words: ['reset by peer', 'econnreset', 'connection reset', 'forcibly closed', 'connectionreset'],
    expression:
      /connection (?:was )?reset|reset by peer|ECONNRESET|ConnectionReset|forcibly closed by the remote host/i,
  },
  {
    name: 'broken-pipe',
    meaning: 'the other side was gone when an answer was written',
    severity: 'warning',
    codes: [],
    words: ['broken pipe', 'epipe', 'brokenpipe'],
    expression: /broken pipe|\bEPIPE\b|BrokenPipe/i,
  },
  {
    name: 'connect-timeout',
    meaning: 'no answer to the first packet: dropped by a policy or a firewall, or a dead address',
    severity: 'error',
    codes: ['ND201', 'ND202', 'ND807'],
    words: ['timed out', 'timeout', 'etimedout', 'did not properly respond', 'waiting for connection'],
    expression:
      /ETIMEDOUT|connection timed ?out|connection timeout(?! ?[:=]? ?["\d])|connect timed out|ConnectTimeout(?:Error|Exception|: )|Connect Timeout Error|dial(?:ing)? (?:tcp|udp)[^\n]{0,200}i\/o timeout|did not properly respond after a period of time|connection attempt timed out|timed out (?:while )?connecting/i,
  },
  {
    name: 'read-timeout',
    meaning: 'connected, but no answer in time: a slow peer, or large packets that are lost',
    severity: 'warning',
    codes: ['ND808'],
    words: [
      'timed out',
      'timeout',
      'time-out',
      'deadline exceeded',
      'deadline_exceeded',
      'deadlineexceeded',
      'awaiting headers',
    ],
    expression:
      /i\/o timeout|read timed ?out|ReadTimeout|SocketTimeoutException|read: operation timed out|(?:request|operation|socket|response|query|call)(?: has)? timed ?out|Client\.Timeout exceeded|context deadline exceeded|DEADLINE_EXCEEDED|DeadlineExceeded|TimeoutError: |socket\.timeout|ESOCKETTIMEDOUT|TaskCanceledException[^\n]{0,120}Timeout|timeout awaiting (?:response )?headers/i,
  },
  {
    name: 'closed-unexpectedly',
    meaning: 'the other side closed the connection in the middle of an answer',
    severity: 'warning',
    codes: ['ND325', 'ND701'],
    words: [
      'unexpected eof',
      'unexpected end of',
      'hang up',
      'closed the connection',
      'closed unexpectedly',
      'prematurely',
      'premature end',
      'eofexception',
      'econnaborted',
      'connection aborted',
      'server has gone away',
      'remotedisconnected',
      'closed by remote',
    ],
    expression:
      /unexpected EOF|Unexpected end of (?:file|stream)|socket hang ?up|(?:server|peer|remote) closed (?:the )?connection|connection closed (?:unexpectedly|prematurely|by remote)|prematurely closed|premature end of|EOFException|ECONNABORTED|connection aborted|server has gone away|RemoteDisconnected/i,
  },
];
