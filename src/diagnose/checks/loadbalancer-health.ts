import { kubectl } from '../command.js';
import type { Evidence, Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { Front } from '../outside/facts.js';
import { statusAddresses } from '../outside/fronts.js';
import { itemsOf } from '../reading.js';
import type { SnapshotNode } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { frontsOf, fromConnect, fromHere, nameOf, say, serviceAt } from './outside-say.js';

const excluded = 'node.kubernetes.io/exclude-from-external-load-balancers';
/** Annotations by which a balancer of a cloud is told what to ask nodes for instead. */
const healthPorts = [
  'service.beta.kubernetes.io/aws-load-balancer-healthcheck-port',
  'service.beta.kubernetes.io/azure-load-balancer-health-probe-port',
  'service.beta.kubernetes.io/port_*_health-probe_port',
  'load-balancer.hetzner.cloud/health-check-port',
  'service.beta.kubernetes.io/do-loadbalancer-healthcheck-port',
];

/** Nodes that a load balancer sends to without an endpoint behind, nodes that it leaves out, and a balancer with nobody behind it. */
export const loadBalancerHealth: Check = {
  name: 'loadbalancer-health',
  codes: ['ND502', 'ND509', 'ND510'],
  reads: [...inputs('cluster', 'nodes'), ...inputs('destination', 'services', 'endpointslices', 'pods')],
  concerns: (facts) =>
    frontsOf(facts).some(
      ({ service }) => service.spec.type === 'LoadBalancer' && statusAddresses(service.status).length > 0,
    ),
  find: (facts) =>
    frontsOf(facts)
      .filter(
        ({ service }) => service.spec.type === 'LoadBalancer' && statusAddresses(service.status).length > 0,
      )
      .flatMap((front) => [...unhealthy(front), ...ignored(facts, front), ...left(facts, front)]),
};

function unhealthy({ service, ready }: Front): Finding[] {
  if (ready === undefined || ready.length > 0 || service.spec.selector == null) return [];
  const { namespace = '', name } = service.metadata;
  return [
    say(
      'ND510',
      `the load balancer of Service ${nameOf(service)} has ${statusAddresses(service.status).join(', ')} and nobody ready behind it: some answer with errors then, some (MetalLB) do not even announce the address`,
      {
        object: serviceAt(service, 'status.loadBalancer.ingress', statusAddresses(service.status).join(', ')),
        evidence: [fromApi(`endpoints of ${nameOf(service)}`, 'none ready')],
        fix: {
          text: 'bring the pods behind the Service up',
          commands: [kubectl(namespace, 'get', 'endpointslices', '-l', `kubernetes.io/service-name=${name}`)],
        },
        hop: 'address',
        touches: [objectKey('service', service.metadata)],
      },
    ),
  ];
}

/** Under Local only nodes with an endpoint answer, which the balancer learns at healthCheckNodePort and nowhere else. */
function ignored(facts: Facts, { service, ready }: Front): Finding[] {
  const { spec, metadata } = service;
  const port = spec.healthCheckNodePort ?? 0;
  if (spec.externalTrafficPolicy !== 'Local' || port === 0 || ready === undefined || ready.length === 0)
    return [];
  const nodes = itemsOf(facts.read('nodes')).map(({ metadata: own }) => own.name);
  const without = nodes.filter((name) => !ready.some(({ node }) => node === name));
  if (without.length === 0 || ready.some(({ node }) => node === undefined)) return [];
  const told = Object.entries(metadata.annotations ?? {}).find(
    ([key, value]) =>
      healthPorts.some((one) =>
        new RegExp(`^${one.replaceAll('.', '\\.').replace('*', '\\d+')}$`).test(key),
      ) && value !== String(port),
  );
  const addresses = statusAddresses(service.status);
  const mixed = fromHere(facts).filter(
    ({ to, attempts }) =>
      addresses.includes(to.address) &&
      attempts.some(({ outcome }) => outcome === 'connected') &&
      attempts.some(({ outcome }) => outcome === 'timeout'),
  );
  // From a pod nothing of this shows: there every endpoint is reached whatever the policy.
  if (told === undefined && mixed.length === 0) return [];
  const evidence: Evidence[] = [
    fromApi(`service ${nameOf(service)}`, `externalTrafficPolicy: Local, healthCheckNodePort: ${port}`),
    ...(told === undefined ? [] : [fromApi(`service ${nameOf(service)}`, `${told[0]}: ${told[1]}`)]),
    ...mixed.slice(0, 2).map(fromConnect),
  ];
  return [
    say(
      'ND502',
      `the load balancer of Service ${nameOf(service)} ${told === undefined ? 'seems to send to' : `asks port ${told[1]} of nodes instead of ${port}, and sends to`} nodes without an endpoint (${without.slice(0, 3).join(', ')}), which drop what comes: part of the connections is lost`,
      {
        severity: mixed.length > 0 ? 'error' : 'warning',
        confidence: told !== undefined && mixed.length > 0 ? 'proven' : 'likely',
        object: serviceAt(
          service,
          told === undefined ? 'spec.healthCheckNodePort' : `metadata.annotations[${told[0]}]`,
          told === undefined ? String(port) : told[1],
        ),
        evidence,
        fix: {
          text: `let the balancer check HTTP /healthz at port ${port} of every node`,
          commands:
            told === undefined
              ? []
              : [
                  kubectl(
                    metadata.namespace,
                    'annotate',
                    'service',
                    metadata.name,
                    `${told[0]}=${port}`,
                    '--overwrite',
                  ),
                ],
        },
        hop: 'address',
        touches: [objectKey('service', metadata)],
        blocks: { model: 'unknown' },
      },
    ),
  ];
}

/** Nodes that service controllers leave out of load balancers, where endpoints are on no other. */
function left({ read }: Facts, { service, ready }: Front): Finding[] {
  const nodes = itemsOf(read('nodes'));
  const out = new Map(
    nodes.flatMap((node) => {
      const why = whyOut(node);
      return why === undefined ? [] : [[node.metadata.name, why] as const];
    }),
  );
  const local = service.spec.externalTrafficPolicy === 'Local';
  const used = local
    ? [...new Set((ready ?? []).flatMap(({ node }) => node ?? []))]
    : nodes.map(({ metadata }) => metadata.name);
  const lost = used.filter((name) => out.has(name));
  const all = lost.length === used.length;
  if (lost.length === 0 || (!all && !local)) return [];
  const [first = ''] = lost;
  const why = out.get(first);
  const label = lost.every((name) => out.get(name)?.label === true);
  return [
    say(
      'ND509',
      `${local ? `of the endpoints of Service ${nameOf(service)} ${all ? 'all' : 'some'} are on` : 'every node is'} ${local ? 'nodes' : 'one'} that load balancers leave out: ${lost
        .slice(0, 5)
        .map((name) => `${name} (${out.get(name)?.text ?? ''})`)
        .join(', ')}`,
      {
        severity: all ? 'error' : 'warning',
        confidence: label ? 'likely' : 'possible',
        object: { kind: 'Node', name: first, fieldPath: why?.field ?? '', value: why?.value ?? '' },
        evidence: lost
          .slice(0, 3)
          .map((name) =>
            fromApi(`node ${name}`, `${out.get(name)?.field ?? ''}: ${out.get(name)?.value ?? ''}`),
          ),
        fix: label
          ? {
              text: 'take the label away, or run the pods on other nodes',
              commands: lost
                .slice(0, 5)
                .map((name) => kubectl(undefined, 'label', 'node', name, `${excluded}-`)),
            }
          : {
              text: 'bring the node back, or run the pods on others',
              commands: [kubectl(undefined, 'describe', 'node', first)],
            },
        hop: 'address',
        touches: [objectKey('service', service.metadata), ...lost.map((name) => objectKey('node', { name }))],
        ...(all ? { blocks: { model: label ? 'fail' : 'unknown' } as const } : {}),
      },
    ),
  ];
}

function whyOut({
  metadata,
  status,
}: SnapshotNode):
  | { readonly field: string; readonly value: string; readonly text: string; readonly label: boolean }
  | undefined {
  const value = metadata.labels?.[excluded];
  if (value !== undefined)
    return { field: `metadata.labels[${excluded}]`, value, text: 'by a label', label: true };
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True'
    ? undefined
    : { field: 'status.conditions[Ready]', value: ready.status, text: 'not Ready', label: false };
}
