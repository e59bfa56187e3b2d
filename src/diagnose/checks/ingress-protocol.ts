import { kubectl } from '../command.js';
import type { Evidence } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { ingressAt, ingressWay, nameOf, say } from './outside-say.js';

const key = 'nginx.ingress.kubernetes.io/backend-protocol';

/** A controller that speaks HTTP to a backend that wants TLS or gRPC, or the other way round. Only of ingress-nginx is it known how it is told. */
export const ingressProtocol: Check = {
  name: 'ingress-protocol',
  codes: ['ND611'],
  reads: inputs('destination', 'services'),
  concerns: (facts) =>
    ingressWay(facts)?.controller.product === 'ingress-nginx' &&
    facts.destination.service?.port !== undefined,
  find: (facts) => {
    const way = ingressWay(facts);
    const service = facts.destination.service?.object;
    const port = facts.destination.service?.port;
    if (way === undefined || service === undefined || port === undefined) return [];
    const spoken = (way.ingress.metadata.annotations?.[key] ?? 'HTTP').toUpperCase();
    // Whoever passes TLS through does not speak to the backend.
    if (way.ingress.metadata.annotations?.['nginx.ingress.kubernetes.io/ssl-passthrough'] === 'true')
      return [];
    const wanted = wantedBy(port);
    const seen = evidenceOf(facts);
    const apart =
      wanted !== undefined &&
      wanted.protocol !== spoken &&
      !(wanted.protocol === 'HTTP' && spoken === 'AUTO_HTTP');
    if (!apart && seen.length === 0) return [];
    const { namespace = '', name } = way.ingress.metadata;
    const other = wanted?.protocol ?? (spoken === 'HTTP' ? 'HTTPS' : 'HTTP');
    const sure = wanted?.sure === true;
    return [
      say(
        'ND611',
        apart
          ? `Ingress ${namespace}/${name} speaks ${spoken} to port ${port.port} of Service ${nameOf(service)}, which ${wanted.text}`
          : `the backend of Ingress ${namespace}/${name} does not answer ${spoken} as HTTP: it may want ${other}`,
        {
          severity: sure || seen.length > 0 ? 'error' : 'warning',
          confidence: apart && seen.length > 0 ? 'proven' : sure || seen.length > 0 ? 'likely' : 'possible',
          object: ingressAt(
            way,
            `metadata.annotations[${key}]`,
            way.ingress.metadata.annotations?.[key] ?? '',
          ),
          evidence: [
            fromApi(
              `service ${nameOf(service)}`,
              `port ${port.port}${port.name === undefined ? '' : ` (${port.name})`}${port.appProtocol === undefined ? '' : `, appProtocol: ${port.appProtocol}`}`,
            ),
            ...seen,
          ],
          fix: {
            text: `tell the controller to speak ${other}`,
            commands: [kubectl(namespace, 'annotate', 'ingress', name, `${key}=${other}`, '--overwrite')],
          },
          hop: 'route',
          touches: [objectKey('ingress', way.ingress.metadata)],
          ...(sure || seen.length > 0
            ? { blocks: { model: seen.length > 0 ? 'fail' : 'unknown' } as const }
            : {}),
        },
      ),
    ];
  },
};

type Port = NonNullable<NonNullable<Facts['destination']['service']>['port']>;

/** What a port says of itself: appProtocol surely, its name and number by custom. */
function wantedBy({
  appProtocol,
  name = '',
  port,
  targetPort,
}: Port): { readonly protocol: string; readonly text: string; readonly sure: boolean } | undefined {
  const own = appProtocol?.toLowerCase();
  if (own === 'https' || own === 'tls')
    return { protocol: 'HTTPS', text: `has appProtocol ${own}`, sure: true };
  if (own === 'grpc' || own === 'kubernetes.io/h2c')
    return own === 'grpc' ? { protocol: 'GRPC', text: 'has appProtocol grpc', sure: true } : undefined;
  if (own === 'http') return { protocol: 'HTTP', text: 'has appProtocol http', sure: true };
  if (own !== undefined) return undefined;
  if (/^https($|-)/.test(name)) return { protocol: 'HTTPS', text: `is called ${name}`, sure: true };
  if (/^grpc($|-)/.test(name)) return { protocol: 'GRPC', text: `is called ${name}`, sure: true };
  if (port === 443 || targetPort === 443 || targetPort === 8443 || targetPort === 'https')
    return {
      protocol: 'HTTPS',
      text: `has a number that is TLS's by custom (${port} → ${targetPort ?? port})`,
      sure: false,
    };
  return undefined;
}

/** What the controller said of its backend, and answers that it gave in its stead. */
function evidenceOf({ observed, sources, destination }: Facts): Evidence[] {
  const controllers = new Set(sources.map(({ key: own }) => own));
  const addresses = new Set(destination.endpoints.flatMap(({ address }) => address ?? []));
  const backends = new Set(destination.endpoints.map(({ key: own }) => own));
  const lines = (observed?.logs ?? []).filter(
    ({ pattern, pod, peer }) =>
      (pattern === 'nginx-upstream-closed' &&
        controllers.has(pod) &&
        (peer === undefined || addresses.has(peer.host))) ||
      (pattern === 'tls-to-plain-port' &&
        (backends.has(pod) || (controllers.has(pod) && (peer === undefined || addresses.has(peer.host))))),
  );
  const answers = (observed?.http ?? []).filter(
    ({ to, status }) => to.role === 'external' && (status === 502 || status === 400),
  );
  // 502 alone is as well a backend that refuses connections.
  if (lines.length === 0) return [];
  return [
    ...lines.slice(0, 2).map(({ pod, sample }): Evidence => ({ source: 'log', about: pod, excerpt: sample })),
    ...answers.slice(0, 1).map(({ url, status }): Evidence => ({
      source: 'probe',
      about: `GET ${url}`,
      excerpt: `HTTP ${status ?? ''}`,
    })),
  ];
}
