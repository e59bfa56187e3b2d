import type { Evidence, Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { ObservedHttp } from '../observed.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { fromLog, isAboutDestination, logsOf } from './live-log-lines.js';
import { observedOf, toText } from './live-seen.js';

/** What curl, wget, OpenSSL and GnuTLS say when the server answers a TLS handshake with something else. */
const notTls =
  /wrong[ _]version[ _]number|does not look like a TLS handshake|unrecogni[sz]ed SSL message|not an SSL\/TLS record|packet length too long|record layer failure|unexpected TLS packet|received a record with/i;
/** What a server that expects TLS makes of plain HTTP, as clients tell it. */
const wantsTls = /HTTP request (?:was sent )?to (?:an )?HTTPS|plain HTTP request was sent/i;

/** One side speaks TLS and the other does not. */
export const liveHttp: Check = {
  name: 'live-http',
  codes: ['ND325'],
  live: true,
  reads: inputs('destination', 'services', 'pods'),
  mayRead: inputs('source', 'pods'),
  concerns: ({ observed }) => observed !== undefined && observed.http.length + observed.logs.length > 0,
  find: (facts) => {
    const requests = observedOf(facts).http;
    const spoken = requests.map(speaks).find((one) => one !== undefined) ?? compared(requests);
    const lines = facts.sources.flatMap(({ key }) =>
      logsOf(facts, [key]).filter(
        (line) => line.pattern === 'tls-to-plain-port' && isAboutDestination(facts, line),
      ),
    );
    const meant = expected(facts, requests);
    if (spoken === undefined) {
      const [line] = lines;
      // Without a probe the line says only that the two differ.
      return line === undefined || requests.length > 0
        ? []
        : [finding(facts, undefined, lines.slice(0, 2).map(fromLog), line.sample)];
    }
    if (meant?.scheme === spoken.server && lines.length === 0) return [];
    const declared = meant === undefined ? [] : [fromApi(meant.about, meant.excerpt)];
    return [finding(facts, spoken, [...declared, ...spoken.evidence, ...lines.slice(0, 2).map(fromLog)])];
  },
};

interface Spoken {
  readonly server: 'http' | 'https';
  readonly evidence: readonly Evidence[];
}

function evidenceOf({ url, from, to, status, failure }: ObservedHttp): Evidence {
  const said = failure === undefined ? `status ${status ?? '?'}` : `${failure.phase}: ${failure.text}`;
  return { source: 'probe', about: `${from} → ${url} (${toText(to)})`, excerpt: said };
}

/** What one request shows of the server by itself. */
function speaks(request: ObservedHttp): Spoken | undefined {
  const { url, failure } = request;
  if (failure === undefined) return undefined;
  const evidence = [evidenceOf(request)];
  if (url.startsWith('https:') && notTls.test(failure.text)) return { server: 'http', evidence };
  if (url.startsWith('http:') && wantsTls.test(failure.text)) return { server: 'https', evidence };
  return undefined;
}

/** What two requests to one port show: one scheme is answered, the other fails after the connection, or is refused as a bad request. */
function compared(requests: readonly ObservedHttp[]): Spoken | undefined {
  for (const good of requests) {
    if (good.status === undefined || good.failure !== undefined) continue;
    const scheme = good.url.startsWith('https:') ? 'https' : 'http';
    const bad = requests.find(
      (one) =>
        !one.url.startsWith(`${scheme}:`) &&
        one.to.address === good.to.address &&
        one.to.port === good.to.port &&
        (one.failure?.phase === 'http' ||
          one.failure?.phase === 'tls' ||
          (scheme === 'https' && one.status === 400)),
    );
    if (bad !== undefined) return { server: scheme, evidence: [evidenceOf(bad), evidenceOf(good)] };
  }
  return undefined;
}

/** Which scheme clients take, by what they asked for, or by what the Service declares; undefined where nothing says so. */
function expected(
  { destination: { service, port } }: Facts,
  requests: readonly ObservedHttp[],
): { readonly scheme: 'http' | 'https'; readonly about: string; readonly excerpt: string } | undefined {
  const object = service?.object;
  const named = service?.port;
  const about = object === undefined ? 'the question' : objectKey('service', object.metadata);
  const protocol = (named as { readonly appProtocol?: string } | undefined)?.appProtocol ?? named?.name;
  const scheme = /^(?:kubernetes\.io\/)?(https|wss|http|http2|h2c|ws|grpc)(?:$|-)/.exec(protocol ?? '')?.[1];
  if (scheme !== undefined)
    return {
      scheme: scheme === 'https' || scheme === 'wss' ? 'https' : 'http',
      about,
      excerpt: `port ${named?.port ?? ''} is ${protocol ?? ''}`,
    };
  const number = named?.port ?? port;
  if (number === 443) return { scheme: 'https', about, excerpt: 'port 443' };
  if (number === 80) return { scheme: 'http', about, excerpt: 'port 80' };
  const [first] = requests;
  return first === undefined
    ? undefined
    : {
        scheme: first.url.startsWith('https:') ? 'https' : 'http',
        about: 'the request',
        excerpt: first.url,
      };
}

function finding(
  facts: Facts,
  spoken: Spoken | undefined,
  evidence: readonly Evidence[],
  line?: string,
): Finding {
  const { service, endpoints } = facts.destination;
  const object = service?.object;
  const [endpoint] = endpoints;
  const pod = endpoint?.pod?.metadata;
  const subject =
    object === undefined
      ? { kind: 'Pod', namespace: pod?.namespace ?? '', name: pod?.name ?? facts.asked.to }
      : { kind: 'Service', namespace: object.metadata.namespace ?? '', name: object.metadata.name };
  const tls = spoken?.server === 'https';
  return {
    code: 'ND325',
    severity: spoken === undefined ? 'warning' : 'error',
    confidence: spoken === undefined ? 'likely' : 'proven',
    object: { ...subject, ...(object === undefined ? {} : { fieldPath: 'spec.ports' }) },
    message:
      spoken === undefined
        ? `the log of the client says that one side of ${facts.asked.to} speaks TLS and the other does not`
        : `${facts.asked.to} speaks ${tls ? 'TLS, and is called without' : 'no TLS, and is called with it'}`,
    evidence:
      evidence.length > 0 ? evidence : [{ source: 'log', about: facts.asked.to, excerpt: line ?? '' }],
    fix: {
      text:
        spoken === undefined
          ? 'correct the scheme of the URL, or appProtocol'
          : `call it by ${tls ? 'https' : 'http'}, or correct the name or appProtocol of the port`,
      commands: [],
    },
    hop: 'endpoint',
    touches: [
      ...(object === undefined ? [] : [objectKey('service', object.metadata)]),
      ...endpoints.map(({ key }) => key),
    ],
    blocks: { model: spoken === undefined ? 'unknown' : 'fail' },
  };
}
