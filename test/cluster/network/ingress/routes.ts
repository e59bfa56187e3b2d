/** What the ingress controller knows of Ingresses, Services, slices and Secrets. Pure. */
import { objectOf, objectsOf, textOf } from '../../api/json.js';
import type { Stored } from '../../types.js';
import { controllerName } from './addon.js';

/** One path of a host, with the endpoints behind it. */
export interface IngressPath {
  readonly path: string;
  readonly type: 'Exact' | 'Prefix';
  /** `NAMESPACE-SERVICE-PORT`, as the controller's log names it. */
  readonly upstream: string;
  readonly protocol: 'http' | 'https';
  readonly endpoints: readonly { readonly address: string; readonly port: number }[];
}

/** All that it serves. */
export interface IngressState {
  /** By host; the empty one takes what no other does. */
  readonly hosts: Readonly<Record<string, readonly IngressPath[]>>;
  readonly tls: readonly { readonly host: string; readonly cert: string; readonly key: string }[];
}

export interface IngressInput {
  readonly classes: readonly Stored[];
  readonly ingresses: readonly Stored[];
  readonly services: readonly Stored[];
  readonly slices: readonly Stored[];
  readonly secrets: readonly Stored[];
}

function annotation({ metadata }: Stored, name: string): string | undefined {
  return metadata.annotations?.[name];
}

/** The Ingresses that are the controller's, the oldest first: of two that claim one path it has it. */
export function ownIngresses({ classes, ingresses }: Pick<IngressInput, 'classes' | 'ingresses'>): Stored[] {
  const own = classes.filter((one) => objectOf(one.spec).controller === controllerName);
  const names = new Set(own.map(({ metadata }) => metadata.name));
  const takesAll = own.some(
    (one) => annotation(one, 'ingressclass.kubernetes.io/is-default-class') === 'true',
  );
  return ingresses
    .filter((ingress) => {
      const name =
        textOf(objectOf(ingress.spec).ingressClassName) ?? annotation(ingress, 'kubernetes.io/ingress.class');
      return name === undefined ? takesAll : names.has(name);
    })
    .sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
}

/** What the controller serves by these objects. */
export function ingressState(input: IngressInput): IngressState {
  const hosts: Record<string, IngressPath[]> = {};
  const tls: IngressState['tls'][number][] = [];
  for (const ingress of ownIngresses(input)) {
    const { namespace = '' } = ingress.metadata;
    const spec = objectOf(ingress.spec);
    const protocol =
      annotation(ingress, 'nginx.ingress.kubernetes.io/backend-protocol') === 'HTTPS' ? 'https' : 'http';
    const add = (host: string, path: string, type: IngressPath['type'], backend: unknown): void => {
      const service = objectOf(objectOf(backend).service);
      const list = (hosts[host] ??= []);
      if (list.some((one) => one.path === path && one.type === type)) return;
      const name = textOf(service.name) ?? '';
      const port = objectOf(service.port);
      list.push({
        path,
        type,
        upstream: `${namespace}-${name}-${typeof port.number === 'number' ? port.number : (textOf(port.name) ?? '')}`,
        protocol,
        endpoints: endpointsOf(input, namespace, name, port),
      });
    };
    for (const rule of objectsOf(spec.rules)) {
      for (const one of objectsOf(objectOf(rule.http).paths)) {
        const type = one.pathType === 'Exact' ? 'Exact' : 'Prefix';
        add(textOf(rule.host) ?? '', textOf(one.path) ?? '/', type, one.backend);
      }
    }
    if (spec.defaultBackend !== undefined) add('', '/', 'Prefix', spec.defaultBackend);
    for (const one of objectsOf(spec.tls)) {
      const secret = input.secrets.find(
        ({ metadata, type }) =>
          metadata.namespace === namespace &&
          metadata.name === one.secretName &&
          type === 'kubernetes.io/tls',
      );
      const data = objectOf(secret?.data);
      const [cert, key] = ['tls.crt', 'tls.key'].map((name) => textOf(data[name]));
      if (cert === undefined || key === undefined) continue;
      const decoded = (text: string): string => Buffer.from(text, 'base64').toString();
      const named = Array.isArray(one.hosts) ? one.hosts.map(String) : [''];
      tls.push(...named.map((host) => ({ host, cert: decoded(cert), key: decoded(key) })));
    }
  }
  return { hosts, tls };
}

function endpointsOf(
  { services, slices }: IngressInput,
  namespace: string,
  name: string,
  wanted: { readonly number?: unknown; readonly name?: unknown },
): IngressPath['endpoints'] {
  const service = services.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  const port = objectsOf(objectOf(service?.spec).ports).find((one) =>
    wanted.number === undefined ? one.name === wanted.name : one.port === wanted.number,
  );
  if (port === undefined) return [];
  return slices
    .filter(
      ({ metadata }) =>
        metadata.namespace === namespace && metadata.labels?.['kubernetes.io/service-name'] === name,
    )
    .flatMap((slice) => {
      const number = objectsOf(slice.ports).find((one) => (one.name ?? '') === (port.name ?? ''))?.port;
      if (typeof number !== 'number') return [];
      return objectsOf(slice.endpoints)
        .filter((one) => objectOf(one.conditions).ready !== false)
        .flatMap((one) => (Array.isArray(one.addresses) ? one.addresses : []).map(String))
        .map((address) => ({ address, port: number }));
    });
}
