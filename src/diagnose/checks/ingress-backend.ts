import { nearNames } from '../../target/near.js';
import { kubectl, patchCommand, pointerTo } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { IngressWay } from '../outside/facts.js';
import { itemsOf } from '../reading.js';
import type { SnapshotService } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { ingressAt, ingressWay, nameOf, say } from './outside-say.js';

/** The backend of a rule: its Service, the port of it, whether anybody stands behind, and backends that are no Service. */
export const ingressBackend: Check = {
  name: 'ingress-backend',
  codes: ['ND603', 'ND604', 'ND605'],
  reads: inputs('destination', 'services', 'endpointslices', 'pods'),
  mayRead: inputs('cluster', 'services'),
  concerns: (facts) => ingressWay(facts)?.declared.service != null,
  find: (facts) => {
    const way = ingressWay(facts);
    const { service } = facts.destination;
    if (way === undefined || service === undefined) return [];
    if (service.object === undefined) return [missing(facts, way, service.name)];
    const port = way.declared.service?.port;
    const asked = port?.number ?? port?.name ?? undefined;
    if (asked !== undefined && service.object.spec.type !== 'ExternalName' && !offers(service.object, asked))
      return [portless(way, service.object, asked)];
    return empty(facts, way, service.object);
  },
};

function offers({ spec }: SnapshotService, asked: number | string): boolean {
  return (spec.ports ?? []).some(
    (port) => port.port === asked || (typeof asked === 'string' && port.name === asked),
  );
}

function patch(way: IngressWay, path: string, value: unknown): string[] {
  const { namespace = '', name } = way.ingress.metadata;
  const pointer = `${pointerTo(way.field)}/service/${path}`;
  return [patchCommand('ingress', { namespace, name }, [{ op: 'replace', path: pointer, value }])];
}

function common({ ingress: { metadata } }: IngressWay): Pick<Finding, 'hop' | 'touches' | 'blocks'> {
  return { hop: 'route', touches: [objectKey('ingress', metadata)], blocks: { model: 'fail' } };
}

function missing({ read }: Facts, way: IngressWay, name: string): Finding {
  const { namespace = '', name: own } = way.ingress.metadata;
  const here = itemsOf(read('services', namespace)).map(({ metadata }) => metadata.name);
  const elsewhere = itemsOf(read('services')).flatMap(({ metadata }) =>
    metadata.name === name && metadata.namespace !== namespace ? [metadata.namespace ?? ''] : [],
  );
  const [near] = nearNames(name, here);
  return say(
    'ND603',
    `${way.field.replace(/\.backend$/, '')} of Ingress ${namespace}/${own} leads to Service ${namespace}/${name}, which does not exist${elsewhere.length === 0 ? '' : `; the one in ${elsewhere.slice(0, 3).join(', ')} cannot be named from here`}`,
    {
      confidence: 'proven',
      object: ingressAt(way, `${way.field}.service.name`, name),
      evidence: [fromApi(`services of namespace ${namespace}`, here.slice(0, 10).join(', ') || 'none')],
      fix: {
        text: near === undefined ? 'create the Service, or correct the name' : `did you mean ${near}?`,
        commands: near === undefined ? [kubectl(namespace, 'get', 'services')] : patch(way, 'name', near),
      },
      ...common(way),
    },
  );
}

function portless(way: IngressWay, service: SnapshotService, asked: number | string): Finding {
  const { namespace = '', name } = way.ingress.metadata;
  const ports = service.spec.ports ?? [];
  const list =
    ports.map((port) => `${port.port}${port.name === undefined ? '' : ` (${port.name})`}`).join(', ') ||
    'none';
  const target = ports.find((port) => port.targetPort === asked);
  const node = ports.find(({ nodePort }) => nodePort === asked);
  const meant = target ?? node ?? (ports.length === 1 ? ports[0] : undefined);
  const why =
    target !== undefined
      ? `${asked} is the port of its pods; `
      : node !== undefined
        ? `${asked} is its node port; `
        : '';
  const field = typeof asked === 'number' ? 'number' : 'name';
  return say(
    'ND604',
    `${way.field.replace(/\.backend$/, '')} of Ingress ${namespace}/${name} asks for port ${asked} of Service ${nameOf(service)}: ${why}the Service offers ${list}`,
    {
      confidence: 'proven',
      object: ingressAt(way, `${way.field}.service.port.${field}`, String(asked)),
      evidence: [fromApi(`service ${nameOf(service)}`, `spec.ports: ${list}`)],
      fix: {
        text: meant === undefined ? 'name a port of the Service' : `name port ${meant.port} of the Service`,
        commands: meant === undefined ? [] : patch(way, 'port', { number: meant.port }),
      },
      ...common(way),
    },
  );
}

/** Nobody behind the Service: what clients see of it is 503. */
function empty({ destination }: Facts, way: IngressWay, service: SnapshotService): Finding[] {
  const { endpoints } = destination.service ?? { endpoints: [] };
  if (service.spec.type === 'ExternalName' || service.spec.publishNotReadyAddresses === true) return [];
  if (endpoints.some(({ ready, serving, terminating }) => ready || (serving && terminating))) return [];
  const { namespace = '', name } = way.ingress.metadata;
  return [
    say(
      'ND605',
      `the backend of ${way.field.replace(/\.backend$/, '')} of Ingress ${namespace}/${name}, Service ${nameOf(service)}, has no ready endpoint: clients get 503`,
      {
        object: ingressAt(way, `${way.field}.service.name`, service.metadata.name),
        evidence: [
          fromApi(
            `endpoints of ${nameOf(service)}`,
            endpoints.length === 0 ? 'none' : `${endpoints.length}, none ready`,
          ),
        ],
        fix: {
          text: 'bring the pods behind the Service up',
          commands: [
            kubectl(
              namespace,
              'get',
              'endpointslices',
              '-l',
              `kubernetes.io/service-name=${service.metadata.name}`,
            ),
          ],
        },
        ...common(way),
        touches: [
          objectKey('ingress', way.ingress.metadata),
          objectKey('service', service.metadata),
          ...destination.endpoints.map(({ key }) => key),
        ],
      },
    ),
  ];
}

/** Controllers that take no backend of another kind than Service. */
const servicesOnly: readonly string[] = [
  'ingress-nginx',
  'NGINX Ingress Controller',
  'Contour',
  'GKE Ingress',
  'AWS Load Balancer Controller',
  'Traefik',
];
/** Controllers that lead to a name outside only where they were told to, or never. */
const noNames: Readonly<Record<string, string>> = {
  Traefik: 'unless providers.kubernetesIngress.allowExternalNameServices is set',
  Contour: 'unless enableExternalNameService is set',
  'GKE Ingress': 'ever',
  'AWS Load Balancer Controller': 'ever',
};

/** Backends that are no Service of the cluster: a resource, a name outside. */
export const ingressResource: Check = {
  name: 'ingress-resource',
  codes: ['ND614'],
  reads: inputs('destination', 'services'),
  concerns: (facts) => {
    const declared = ingressWay(facts)?.declared;
    return declared?.resource != null || facts.destination.service?.object?.spec.type === 'ExternalName';
  },
  find: (facts) => {
    const way = ingressWay(facts);
    const product = way?.controller.product;
    // What an unknown controller takes nobody here knows.
    if (way === undefined || product === undefined) return [];
    const { namespace = '', name } = way.ingress.metadata;
    const { resource } = way.declared;
    if (resource != null && servicesOnly.includes(product)) {
      return [
        say(
          'ND614',
          `${product} takes no backend of kind ${resource.kind}: ${way.field.replace(/\.backend$/, '')} of Ingress ${namespace}/${name} leads nowhere`,
          {
            object: ingressAt(way, `${way.field}.resource.kind`, resource.kind),
            evidence: [
              fromApi(
                `ingress ${namespace}/${name}`,
                `${way.field}.resource: ${resource.kind}/${resource.name}`,
              ),
            ],
            fix: { text: 'name a Service', commands: [kubectl(namespace, 'edit', 'ingress', name)] },
            ...common(way),
          },
        ),
      ];
    }
    const service = facts.destination.service?.object;
    const never = noNames[product];
    if (service?.spec.type !== 'ExternalName' || never === undefined) return [];
    // Traefik says so in its arguments.
    if (way.controller.args.some((arg) => /allowexternalnameservices(=true)?$/i.test(arg))) return [];
    return [
      say(
        'ND614',
        `${product} does not lead to a Service of type ExternalName ${never === 'ever' ? 'at all' : never}: Service ${nameOf(service)} stands for ${service.spec.externalName ?? ''}`,
        {
          object: ingressAt(way, `${way.field}.service.name`, service.metadata.name),
          evidence: [
            fromApi(
              `service ${nameOf(service)}`,
              `type: ExternalName, externalName: ${service.spec.externalName ?? ''}`,
            ),
          ],
          fix: {
            text:
              never === 'ever'
                ? 'use a Service without a selector, with an EndpointSlice of the addresses'
                : 'set it, or use a Service without a selector with an EndpointSlice of the addresses',
            commands: [],
          },
          ...common(way),
        },
      ),
    ];
  },
};
