import type { Culprit } from '../finding.js';
import { objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { Recorded } from './external-dns.js';
import { annotatedHosts } from './hosts.js';
import { statusAddresses } from './fronts.js';
import { plainHost } from './match.js';

/** An object of this leg of which ExternalDNS may make records. */
export interface RecordedObject extends Recorded {
  readonly object: Culprit;
  readonly key: string;
  /** Whether it has an address that a record could lead to. */
  readonly addressed: boolean;
  /** It asks for names itself, by an annotation. */
  readonly asksFor: readonly string[];
}

/** The object by which this leg would get its record: the Service itself, the Ingress, or the route. */
export function recordedOf({ outside }: Facts): RecordedObject | undefined {
  const way = outside?.way;
  if (outside === undefined || way === undefined) return undefined;
  switch (way.kind) {
    case 'service': {
      const service = way.fronts[0]?.service;
      if (service === undefined) return undefined;
      const asksFor = annotatedHosts(service.metadata);
      const addressed =
        service.spec.type === 'LoadBalancer'
          ? statusAddresses(service.status).length > 0
          : way.entries.length > 0;
      return {
        ...place('Service', service.metadata),
        source: 'service',
        hosts: asksFor,
        asksFor,
        addressed,
        type: service.spec.type ?? 'ClusterIP',
      };
    }
    case 'ingress': {
      const { ingress } = way;
      const asksFor = annotatedHosts(ingress.metadata);
      const rules = (ingress.spec?.rules ?? []).flatMap(({ host }) =>
        host == null || host === '' ? [] : [plainHost(host)],
      );
      return {
        ...place('Ingress', ingress.metadata),
        source: 'ingress',
        hosts: [...new Set([...rules, ...asksFor])],
        asksFor,
        addressed: way.addresses.length > 0,
        ...(way.class.name === undefined ? {} : { className: way.class.name }),
      };
    }
    case 'route': {
      const { route, routeKind } = way;
      const asksFor = annotatedHosts(route.metadata);
      return {
        ...place(routeKind, route.metadata),
        source: `gateway-${routeKind.toLowerCase()}`,
        hosts: [...new Set([...(route.spec?.hostnames ?? []).map((host) => plainHost(host)), ...asksFor])],
        asksFor,
        addressed: (way.parent?.gateway?.status?.addresses ?? []).length > 0,
      };
    }
  }
}

function place(
  kind: string,
  metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>> | null;
    readonly annotations?: Readonly<Record<string, string>> | null;
  },
) {
  const { name, namespace = '', labels, annotations } = metadata;
  return {
    object: { kind, namespace, name },
    key: objectKey(kind, metadata),
    namespace,
    labels: labels ?? {},
    annotations: annotations ?? {},
  };
}
