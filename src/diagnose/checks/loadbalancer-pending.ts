import { kubectl } from '../command.js';
import type { Evidence, Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { ageText } from '../model/pods.js';
import type { Facts } from '../model/facts.js';
import type { Front } from '../outside/facts.js';
import { statusAddresses } from '../outside/fronts.js';
import { itemsOf } from '../reading.js';
import type { SnapshotService } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { frontsOf, nameOf, say, serviceAt } from './outside-say.js';

/** Controllers that give addresses to Services and run in the cluster, by their images. */
const balancers =
  /metallb|kube-vip|purelb|klipper-lb|cloud-controller-manager|aws-load-balancer-controller|openelb|cilium/;
const keys = ['metallb.io/allow-shared-ip', 'metallb.universe.tf/allow-shared-ip'];
const wishes = ['metallb.io/loadBalancerIPs', 'metallb.universe.tf/loadBalancerIPs', 'metallb.io/ip'];

/** A Service of type LoadBalancer that nobody gives an address. */
export const loadBalancerPending: Check = {
  name: 'loadbalancer-pending',
  codes: ['ND503'],
  reads: [...inputs('destination', 'services'), ...inputs('cluster', 'nodes')],
  mayRead: [...inputs('cluster', 'pods', 'services'), ...inputs('destination', 'events')],
  concerns: (facts) =>
    facts.outside?.whole === true &&
    frontsOf(facts).some(({ service }) => service.spec.type === 'LoadBalancer'),
  find: (facts) => frontsOf(facts).flatMap((front) => pending(facts, front)),
};

/** A Service of type LoadBalancer that asks for what its balancer does not give. */
export const loadBalancerShared: Check = {
  name: 'loadbalancer-shared',
  codes: ['ND511'],
  reads: inputs('destination', 'services', 'events'),
  mayRead: inputs('cluster', 'services'),
  concerns: (facts) => frontsOf(facts).some(({ service }) => service.spec.type === 'LoadBalancer'),
  find: (facts) => frontsOf(facts).flatMap((front) => shared(facts, front)),
};

/** Every Service of a cluster has a status; of one without nobody knows. */
function isPending({ spec, status }: SnapshotService): boolean {
  return spec.type === 'LoadBalancer' && status != null && statusAddresses(status).length === 0;
}

/** Warnings about a Service, the latest last. */
function warnings(
  { read }: Facts,
  { metadata }: SnapshotService,
): readonly { reason: string; message: string }[] {
  return itemsOf(read('events', metadata.namespace)).flatMap(
    ({ involvedObject, reason = '', message = '', type }) =>
      involvedObject?.kind === 'Service' && involvedObject.name === metadata.name && type === 'Warning'
        ? [{ reason, message }]
        : [],
  );
}

/** Protocols that the balancer does not mix, and an address that two Services want without sharing it. */
function shared(facts: Facts, { service }: Front): Finding[] {
  const { spec, metadata, status } = service;
  if (spec.type !== 'LoadBalancer') return [];
  const said = warnings(facts, service).filter(({ message }) =>
    /mix(ed)?[- ]?protocol|sharing key|shar(e|ed|ing) .*(ip|address)|can't change sharing|already in use|port .*conflict/i.test(
      message,
    ),
  );
  const failed = (status?.loadBalancer?.ingress ?? []).flatMap(({ ports }) =>
    (ports ?? []).filter(({ error }) => error != null && error !== ''),
  );
  const wish = wishOf(service);
  const key = keyOf(service);
  const rival =
    wish === undefined || !isPending(service)
      ? undefined
      : itemsOf(facts.read('services')).find(
          (one) =>
            one.spec.type === 'LoadBalancer' &&
            nameOf(one) !== nameOf(service) &&
            statusAddresses(one.status).includes(wish) &&
            (key === undefined || keyOf(one) !== key),
        );
  const protocols = [...new Set((spec.ports ?? []).map(({ protocol = 'TCP' }) => protocol))];
  const evidence: Evidence[] = [
    ...said.slice(-3).map(({ reason, message }): Evidence => ({
      source: 'event',
      about: `service ${nameOf(service)}`,
      excerpt: `${reason}: ${message}`,
    })),
    ...failed
      .slice(0, 3)
      .map(({ port, error }) => fromApi(`service ${nameOf(service)}`, `port ${port}: ${error ?? ''}`)),
    ...(rival === undefined
      ? []
      : [
          fromApi(
            `service ${nameOf(rival)}`,
            `status.loadBalancer: ${wish ?? ''}, ${keys[0] ?? ''}: ${keyOf(rival) ?? '(absent)'}`,
          ),
        ]),
  ];
  if (evidence.length === 0) return [];
  const { namespace = '', name } = metadata;
  const mixed = protocols.length > 1 && rival === undefined;
  return [
    say(
      'ND511',
      rival === undefined
        ? mixed
          ? `the load balancer of Service ${nameOf(service)} does not take ${protocols.join(' and ')} at one address`
          : `the load balancer of Service ${nameOf(service)} cannot have the address or the port that it asks for`
        : `Service ${nameOf(service)} asks for ${wish ?? ''}, which Service ${nameOf(rival)} has, and they do not share it by one ${keys[0] ?? ''}`,
      {
        object: serviceAt(
          service,
          mixed ? 'spec.ports' : 'status.loadBalancer',
          mixed ? protocols.join(', ') : '',
        ),
        evidence,
        fix: {
          text: mixed
            ? 'make a Service of its own for each protocol'
            : 'ask for another address, or give both Services the same sharing key',
          commands:
            rival === undefined
              ? [kubectl(namespace, 'describe', 'service', name)]
              : [service, rival].map((one) =>
                  kubectl(
                    one.metadata.namespace,
                    'annotate',
                    'service',
                    one.metadata.name,
                    `${keys[0] ?? ''}=${name}`,
                    '--overwrite',
                  ),
                ),
        },
        hop: 'address',
        touches: [objectKey('service', metadata)],
        blocks: { model: isPending(service) ? 'fail' : 'unknown' },
      },
    ),
  ];
}

function wishOf({ spec, metadata }: SnapshotService): string | undefined {
  const annotated = wishes.map((name) => metadata.annotations?.[name]).find((one) => one !== undefined);
  return spec.loadBalancerIP ?? annotated?.split(',')[0]?.trim();
}

function keyOf({ metadata }: SnapshotService): string | undefined {
  return keys.map((name) => metadata.annotations?.[name]).find((one) => one !== undefined);
}

function pending(facts: Facts, { service }: Front): Finding[] {
  if (!isPending(service)) return [];
  const { read, now, outside } = facts;
  const { metadata, spec } = service;
  const { namespace = '', name } = metadata;
  const age = now - Date.parse(metadata.creationTimestamp ?? '');
  // Clouds take a minute or two.
  const young = age < 120_000;
  const said = warnings(facts, service);
  const pods = read('pods');
  const running =
    pods.state === 'there'
      ? pods.items.filter(({ spec: own }) => own.containers.some(({ image }) => balancers.test(image ?? '')))
      : undefined;
  const cloud = itemsOf(read('nodes')).some((node) => (node.spec?.providerID ?? '') !== '');
  const last = said.at(-1);
  const others = outside?.way?.entries.some(({ of }) => of !== 'nodePort') === true;
  const why =
    last !== undefined
      ? `its controller says: ${last.message}`
      : spec.loadBalancerClass != null
        ? `loadBalancerClass ${spec.loadBalancerClass} is served by a controller of its own, which has not done so`
        : running?.length === 0 && !cloud
          ? 'no node belongs to a cloud (providerID is empty), and nothing like MetalLB runs here'
          : running !== undefined && running.length > 0
            ? `${nameOf(running[0] ?? service)} runs and has not given it one: no pool with a free address may fit`
            : 'the cloud has not given it one';
  const waiting = ageText(metadata.creationTimestamp, now);
  return [
    say(
      'ND503',
      `Service ${nameOf(service)} waits for the address of a load balancer${waiting === undefined ? '' : ` since ${waiting}`}; ${why}`,
      {
        severity: young ? 'warning' : 'error',
        confidence: last !== undefined || (running?.length === 0 && !cloud) ? 'likely' : 'possible',
        object: serviceAt(service, 'status.loadBalancer.ingress', ''),
        evidence: [
          fromApi(
            `service ${nameOf(service)}`,
            `type: LoadBalancer, status.loadBalancer: (empty)${spec.loadBalancerClass == null ? '' : `, loadBalancerClass: ${spec.loadBalancerClass}`}`,
          ),
          ...said.slice(-3).map(({ reason, message }): Evidence => ({
            source: 'event',
            about: `service ${nameOf(service)}`,
            excerpt: `${reason}: ${message}`,
          })),
        ],
        fix: {
          text:
            last === undefined && running?.length === 0 && !cloud
              ? 'install a load balancer for this cluster (MetalLB, kube-vip, a cloud controller), or call a node port'
              : 'see what its controller says; free an address, or correct the class',
          commands: [kubectl(namespace, 'describe', 'service', name)],
        },
        hop: 'address',
        touches: [
          objectKey('service', metadata),
          ...(outside?.way?.kind === 'ingress' ? [objectKey('ingress', outside.way.ingress.metadata)] : []),
        ],
        ...(others ? {} : { blocks: { model: young ? 'unknown' : 'fail' } as const }),
      },
    ),
  ];
}
