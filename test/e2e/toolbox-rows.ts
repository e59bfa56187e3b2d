/** What toolbox.test.ts calls in its cluster, and how each is to end. */
import type { Breakage } from '../cluster/network/options.js';
import { hostilePorts as at } from './hostile.js';

/** Words, the exit code, and what must stand on stdout, or on stderr where it begins with `error:`. */
export type Row = readonly [words: string, code: number, said: RegExp];

/** What works, in a container with every tool and in one with next to none. */
export const good: readonly Row[] = [
  ['dns client echo', 0, /^echo resolves to 10\.96\.[^]*asked by dig$/m],
  ['dns bare echo', 0, /^echo resolves to 10\.96\.[^]*asked by nslookup$/m],
  ['dns client svc/echo -o json', 0, /^\{\n[^]*"kind": "DnsResult"[^]*"resolves": true[^]*\n\}\n$/],
  ['connect client svc/echo --count 2', 0, /^service\/echo .* 2\/2 [^]*^pod default\/echo .* 2\/2 /m],
  ['connect bare pod/echo:80', 0, / 1\/1 .*connected\n[^]*tried by busybox nc$/m],
  ['connect client pod/echo:9000/udp', 0, / 1\/1 .*answered$/m],
  ['connect bare 10.96.0.10:53/udp', 0, / 1\/1 .*answered\n[^]*tried by nslookup$/m],
  [
    `connect client pod/hostile:${at.good} --tls --server-name hostile.test`,
    0,
    /TLSv1[^]*names: DNS:hostile\.test[^]*self-signed/,
  ],
  [`connect client pod/hostile:${at.wantsCertificate} --tls`, 0, /the server asks for a client certificate/],
  [
    'http client svc/echo',
    0,
    /^HTTP\/1\.1 200 OK[^]*DNS .* connect .* first byte .* total [^]*asked by curl$/m,
  ],
  ['http bare pod/echo:80', 0, /^HTTP\/1\.1 200 OK[^]*asked by wget$/m],
  [`http client http://shop.test:80/ --resolve shop.test:80:ECHO -o json`, 0, /"status": 200/],
  // Kernels answer only so many probes a second, and both runtimes ask: a hop may be silent, and the last one late.
  ['trace client pod/echo', 0, /^1 .*\n2 [^]*pod default\/echo\n.* is reached in \d+ hops\n/m],
  ['trace bare pod/echo -o json', 0, /^\{\n[^]*"reached": true[^]*\n\}\n$/],
  ['mtu client pod/echo', 0, / 576 bytes: came through\n[^]*^path MTU 1400: nothing on the way is smaller$/m],
  ['mtu bare pod/echo', 0, /^path MTU 1400: [^]*^found by datagrams of traceroute -F, 2 sizes tried$/m],
  ['interfaces client', 0, /^eth0 +UP +1400 [^]*^nameservers: 10\.96\.0\.10$[^]*read by ip -j$/m],
  ['interfaces bare -o yaml', 0, /kind: InterfacesResult/],
  [
    'throughput client echo --time 1s --port PORT',
    0,
    /default\/client -> default\/echo +\d+[^]*default\/echo -> default\/client +\d+ Mbit/,
  ],
  [
    'throughput bare echo --time 1s --port PORT2',
    0,
    /default\/bare -> default\/echo +\d+[^]*default\/echo -> default\/bare +\d+ Mbit[^]*^nc and dd of busybox/m,
  ],
  ['exec client -- cat /etc/resolv.conf', 0, /ndots:5/],
  ['logs client', 0, /^$/],
  ['ping client svc/echo -c 1 -o json', 0, /"kind":"PingSummary"/],
  // By what they belong to.
  ['dns svc/api echo', 0, /^echo resolves/m],
  ['connect -l app=client pod/echo:80', 0, / connected$/m],
  // As Pod Security restricted lets it.
  ['dns tight echo.default.svc.cluster.local. -n tight', 0, /resolves to/],
  ['connect tight echo.default:80 -n tight', 0, / 1\/1 /],
  ['http tight http://echo.default/ -n tight', 0, /^HTTP\/1\.1 200/m],
];

/** What is wrong and found to be so; hostile answers, too. */
export const found: readonly Row[] = [
  ['dns client nosuch', 1, /NXDOMAIN[^]*^nosuch does not resolve$/m],
  ['dns bare nosuch', 1, /NXDOMAIN[^]*^nosuch does not resolve$/m],
  ['connect client nosuch.example:80', 1, /unknown host/],
  ['http client http://nosuch.example/', 1, /unknown host while looking up the name/],
  ['trace client nosuch.example', 1, /^error: nosuch\.example has no address, as seen in the pod\.$/m],
  // The endpoint that is different.
  [
    'connect client svc/api',
    1,
    /pod default\/api-2 .* 0\/1 .*refused[^]*^pod default\/api-2 differs from the other endpoints$/m,
  ],
  ['connect bare svc/api', 1, /^pod default\/api-2 differs from the other endpoints$/m],
  ['connect client svc/empty', 1, /refused \(ECONNREFUSED\)/],
  // Closed ports.
  ['connect client pod/echo:99', 1, / 0\/1 .*refused \(ECONNREFUSED\)$/m],
  ['connect bare pod/echo:99', 1, / 0\/1 .*refused \(ECONNREFUSED\)$/m],
  ['connect client pod/echo:99/udp', 1, /refused \(ECONNREFUSED\)/],
  ['http client pod/echo:99', 1, /refused while connecting: ECONNREFUSED/],
  ['http bare pod/echo:99', 1, /refused while connecting: ECONNREFUSED/],
  // Silent drops.
  ['connect client pod/closed:80 --timeout 1s', 1, /timed out: a policy or a firewall drops the packets/],
  ['connect bare pod/closed:80 --timeout 1s', 1, /timed out: a policy or a firewall drops the packets/],
  ['connect bare pod/echo:99/udp', 1, /refused \(ECONNREFUSED\)[^]*tried by traceroute$/m],
  ['connect bare pod/closed:9000/udp --timeout 1s', 3, /no answer is inconclusive/],
  ['connect client pod/closed:9000/udp --timeout 1s', 3, /no answer is inconclusive/],
  [`connect client pod/hostile:${at.silentUdp}/udp --timeout 1s`, 3, /no answer is inconclusive/],
  ['http client pod/closed:80 --timeout 1s', 1, /timed out while connecting/],
  ['http bare pod/closed:80 --timeout 1s', 1, /timed out while asking/],
  ['trace client pod/closed --max-hops 3', 1, /is not reached: the last that answers is hop 2/],
  ['mtu client pod/closed', 1, /answers not even a small packet/],
  ['mtu bare pod/closed', 1, /answers not even a small packet/],
  ['throughput bare closed --time 1s --port PORT2', 1, /-> default\/closed +timed out/],
  ['throughput client closed --time 1s --port PORT', 1, /-> default\/closed +timed out/],
  // TLS.
  [
    `connect client pod/hostile:${at.expired} --tls --server-name hostile.test`,
    1,
    /the certificate expired on 20/,
  ],
  [
    `connect client pod/hostile:${at.otherName} --tls --server-name hostile.test`,
    1,
    /the certificate is not for hostile\.test/,
  ],
  [`connect client pod/hostile:${at.notHttp} --tls`, 1, /no TLS handshake: /],
  [
    `connect client pod/hostile:${at.silent} --tls --timeout 1s`,
    1,
    /the TLS handshake was not answered in time/,
  ],
  // Answers that are hostile, or none.
  [`http client pod/hostile:${at.endlessHeaders}`, 1, /failed while reading the body: .*headers/],
  [`http bare pod/hostile:${at.endlessHeaders}`, 8, /^error: wget printed more than 1048576 bytes\.$/m],
  [`http client pod/hostile:${at.endlessBody} --timeout 1s`, 1, /timed out while reading the body/],
  [`http bare pod/hostile:${at.endlessBody} --timeout 1s`, 1, /timed out while reading the body/],
  [`http client pod/hostile:${at.silent} --timeout 1s`, 1, /timed out while waiting for the answer/],
  [
    `http client pod/hostile:${at.controlCharacters}`,
    0,
    /^HTTP\/1\.1 200 O\[31mK\n {2}x-evil: \]0;owned\[2Jhere$/m,
  ],
  [`http client pod/hostile:${at.cutBody}`, 1, /while reading the body/],
  [`http client pod/hostile:${at.redirectsForever} --follow`, 1, /Maximum \(10\) redirects followed/],
  [`http client pod/hostile:${at.notHttp}`, 1, /while waiting for the answer: Received HTTP\/0\.9/],
  [
    'http client pod/echo:503',
    1,
    /^HTTP\/1\.1 503 [^]*if a proxy answered: the backend Service has no endpoint/m,
  ],
  ['logs ending --follow', 1, /connection-refused/],
  ['exec client -- sh -c exit${IFS}7', 7, /^$/],
];

/** What cannot be done. */
export const refused: readonly Row[] = [
  ['dns nosuch api', 6, /^error: There is no pod nosuch in namespace default\.$/m],
  ['connect client pod/nosuch:80', 6, /^error: There is no pod nosuch in namespace default\.$/m],
  ['http client svc/nosuch', 6, /^error: There is no service nosuch in namespace default\.$/m],
  ['connect client svc/api:81', 6, /^error: service\/api:81: the Service has no such port\.$/m],
  ['throughput client nosuch', 6, /^error: There is no pod nosuch/m],
  ['logs deploy/nosuch', 6, /^error: There is no deployment nosuch in namespace default\.$/m],
  ['interfaces -l app=nosuch', 6, /^error: No pod in namespace default has the labels app=nosuch\.$/m],
  ['connect client echo', 2, /^error: echo needs a port, as in echo:80/m],
  ['http client ftp://echo/', 2, /^error: ftp:\/\/echo\/: only http and https URLs are understood\.$/m],
  ['shell client', 2, /^error: stdin and stdout are not a terminal\.$/m],
  [
    'http bare pod/echo:80 --http-version 2',
    7,
    /^error: HTTP\/2 needs curl, which the debug container does not have\.$/m,
  ],
  ['exec client -- nosuch', 8, /^error: nosuch is not in the image of the debug container/m],
  [
    'interfaces closed --image registry.example/nosuch:1',
    7,
    /^error: The debug container .* cannot start: /m,
  ],
];

/** One of each command. */
export const probes = [
  'dns client api',
  'connect client echo:80',
  'http client http://echo/',
  'trace client echo',
  'mtu client echo',
  'interfaces client',
  'throughput client echo',
  'exec client -- true',
  'logs client',
];

/** DNS as it breaks; each row with what is said then. */
export const broken: readonly (readonly [Breakage, ...Row[]])[] = [
  [
    { kind: 'dns-forward-down' },
    ['dns client api.partner.example. --timeout 3s', 1, /SERVFAIL[^]*it could not ask further/],
  ],
  [
    { kind: 'dns-slow', ms: 2_500 },
    [
      'dns client echo.default.svc.cluster.local. --timeout 1s',
      0,
      /DNS is slow; a longer --timeout shows it[^]* resolves to/,
    ],
  ],
  [
    // Nodes send only so many refusals in a second; the others are silence.
    { kind: 'dns-down' },
    [
      'dns client echo.default.svc.cluster.local. --timeout 1s',
      1,
      /10\.96\.0\.10 (?:refuses connections and datagrams|answers nothing)[^]*^echo\S* does not resolve$/m,
    ],
    ['connect client echo:80', 1, /unknown host: there is no such name, or no DNS server answers/],
    ['http client http://echo/ --timeout 2s', 1, /while looking up the name/],
    ['trace client echo', 1, /^error: echo has no address, as seen in the pod\.$/m],
  ],
];
