import { kubectl, patchCommand } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts, ServiceFacts } from '../model/facts.js';
import { runningContainers } from '../model/pods.js';
import { isBehindRule } from '../outside/facts.js';
import { protocolOf } from '../policy/compile-namespaced.js';
import type { SnapshotPod, SnapshotService } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

type ServicePort = NonNullable<ServiceFacts['port']>;

/** The port of a Service, and what it becomes behind it: not there, without a number, of another protocol, not translated at all. */
export const servicePort: Check = {
  name: 'service-port',
  codes: ['ND306', 'ND308', 'ND309', 'ND318'],
  reads: inputs('destination', 'services', 'pods'),
  concerns: ({ destination: { service } }) => service?.object !== undefined,
  find: (facts) => {
    const { service, port } = facts.destination;
    const object = service?.object;
    if (service === undefined || object === undefined || object.spec.type === 'ExternalName') return [];
    const headless = object.spec.clusterIP === 'None';
    if (port !== undefined && service.port === undefined)
      return isBehindRule(facts.outside) ? [] : [absent(facts, object)];
    // A controller dials the port of the pods itself.
    if (headless && isBehindRule(facts.outside)) return [];
    if (headless) return untranslated(facts, service, object);
    const ports = service.port === undefined ? (object.spec.ports ?? []) : [service.port];
    return ports.flatMap((one) => [
      ...unresolved(service, object, one),
      ...otherProtocol(service, object, one),
    ]);
  },
};

function listed(ports: readonly ServicePort[]): string {
  return (
    ports
      .map(
        (one) =>
          `${one.port}/${protocolOf(one.protocol) ?? ''}${one.name === undefined ? '' : ` (${one.name})`}`,
      )
      .join(', ') || 'none'
  );
}

function absent({ destination: { port, protocol, service } }: Facts, object: SnapshotService): Finding {
  const { namespace = '', name } = object.metadata;
  const ports = object.spec.ports ?? [];
  const target = ports.find((one) => one.targetPort === port && one.port !== port);
  const other = ports.find((one) => one.port === port || one.name === port);
  const only = ports.length === 1 ? ports[0] : undefined;
  const meant = target ?? other ?? only;
  return {
    code: 'ND306',
    severity: 'error',
    confidence: 'proven',
    object: { kind: 'Service', namespace, name, fieldPath: 'spec.ports', value: listed(ports) },
    message: `Service ${namespace}/${name} has no port ${port ?? ''}/${protocol}; it has ${listed(ports)}${target === undefined ? '' : `. ${port ?? ''} is the port of its pods: the Service listens on ${target.port}`}`,
    evidence: [fromApi(`service ${namespace}/${name}`, `spec.ports: ${listed(ports)}`)],
    fix: {
      text:
        meant === undefined
          ? 'add the port to the Service'
          : `call ${service?.host ?? `${name}.${namespace}`}:${meant.port}/${protocolOf(meant.protocol) ?? ''}, or add the port to the Service`,
      commands: [kubectl(namespace, 'get', 'service', name, '-o', 'wide')],
    },
    hop: 'service',
    touches: [objectKey('service', object.metadata)],
    blocks: { model: 'fail' },
  };
}

/** Ports that containers declare, by name. */
function declared(pods: readonly SnapshotPod[]) {
  return pods.flatMap((pod) =>
    runningContainers(pod).flatMap(({ ports }) =>
      (ports ?? []).map((port) => ({ pod, ...port, protocol: protocolOf(port.protocol) ?? 'TCP' })),
    ),
  );
}

/** A targetPort by a name that no pod has. Pods of two rollouts may give it different numbers. */
function unresolved({ selected }: ServiceFacts, object: SnapshotService, port: ServicePort): Finding[] {
  const { targetPort } = port;
  if (typeof targetPort !== 'string' || selected.length === 0) return [];
  const protocol = protocolOf(port.protocol) ?? 'TCP';
  const all = declared(selected);
  if (all.some((one) => one.name === targetPort && one.protocol === protocol)) return [];
  const { namespace = '', name } = object.metadata;
  const index = (object.spec.ports ?? []).indexOf(port);
  const other = all.find((one) => one.name === targetPort);
  const names = [
    ...new Set(
      all.flatMap((one) =>
        one.name === undefined ? [] : [`${one.name} (${one.containerPort}/${one.protocol})`],
      ),
    ),
  ];
  const unnamed = [
    ...new Set(all.filter((one) => one.name === undefined).map(({ containerPort }) => containerPort)),
  ];
  const candidate =
    all.length > 0 && new Set(all.map(({ containerPort }) => containerPort)).size === 1 ? all[0] : undefined;
  const field = `spec.ports[${index}].targetPort`;
  return [
    {
      code: other === undefined ? 'ND308' : 'ND309',
      severity: 'error',
      confidence: 'proven',
      object: { kind: 'Service', namespace, name, fieldPath: field, value: targetPort },
      message:
        other === undefined
          ? `targetPort ${targetPort} of Service ${namespace}/${name} is the name of no ${protocol} port of its pods; they name ${names.join(', ') || 'none'}${unnamed.length === 0 ? '' : `, and have ${unnamed.join(', ')} without a name`}`
          : `Service ${namespace}/${name} says ${protocol} for targetPort ${targetPort}, which its pods declare as ${other.protocol}`,
      evidence: [fromApi(`service ${namespace}/${name}`, `${field}: ${targetPort}, protocol ${protocol}`)],
      fix: {
        text:
          other === undefined
            ? 'use a name that the pods have, or the number'
            : 'let both say the same protocol',
        commands:
          index < 0 || (other === undefined && candidate === undefined)
            ? []
            : [
                other === undefined
                  ? patchPort(object, index, 'replace', 'targetPort', candidate?.containerPort)
                  : patchPort(object, index, 'add', 'protocol', other.protocol),
              ],
      },
      hop: 'service',
      touches: [objectKey('service', object.metadata)],
      blocks: { model: 'fail' },
    },
  ];
}

/** A targetPort by a number that every pod declares, and for another protocol only. Nothing is said where pods declare nothing. */
function otherProtocol({ selected }: ServiceFacts, object: SnapshotService, port: ServicePort): Finding[] {
  const target = port.targetPort ?? port.port;
  const protocol = protocolOf(port.protocol) ?? 'TCP';
  if (typeof target !== 'number' || selected.length === 0) return [];
  const all = declared(selected).filter(({ containerPort }) => containerPort === target);
  const everyPod = selected.every((pod) => all.some((one) => one.pod === pod));
  const [first] = all;
  if (!everyPod || first === undefined || all.some((one) => one.protocol === protocol)) return [];
  const { namespace = '', name } = object.metadata;
  const index = (object.spec.ports ?? []).indexOf(port);
  return [
    {
      code: 'ND309',
      severity: 'error',
      confidence: 'likely',
      object: {
        kind: 'Service',
        namespace,
        name,
        fieldPath: `spec.ports[${index}].protocol`,
        value: protocol,
      },
      message: `Service ${namespace}/${name} says ${protocol} for port ${port.port}, and its pods declare ${target} as ${first.protocol} only`,
      evidence: [
        fromApi(`pod ${namespace}/${first.pod.metadata.name}`, `containerPort ${target}/${first.protocol}`),
      ],
      fix: {
        text: 'let both say the same protocol',
        commands: index < 0 ? [] : [patchPort(object, index, 'add', 'protocol', first.protocol)],
      },
      hop: 'service',
      touches: [objectKey('service', object.metadata)],
      blocks: { model: 'fail' },
    },
  ];
}

/** The name of a headless Service leads to pods: nothing turns its port into their targetPort. */
function untranslated({ destination }: Facts, { port }: ServiceFacts, object: SnapshotService): Finding[] {
  if (port === undefined || destination.port === undefined) return [];
  const { selected } = destination.service ?? { selected: [] };
  const spec = (object.spec.ports ?? []).find((one) => one.port === port.port);
  const target = spec?.targetPort ?? port.port;
  const all = declared(selected);
  const number = typeof target === 'number' ? target : all.find(({ name }) => name === target)?.containerPort;
  if (spec === undefined || number === undefined || number === port.port) return [];
  // Pods that declare the port that was asked for may well listen on it, too.
  if (all.some(({ containerPort }) => containerPort === port.port)) return [];
  const { namespace = '', name } = object.metadata;
  return [
    {
      code: 'ND318',
      severity: 'error',
      confidence: 'likely',
      object: {
        kind: 'Service',
        namespace,
        name,
        fieldPath: 'spec.ports[].targetPort',
        value: String(target),
      },
      message: `Service ${namespace}/${name} is headless: its name leads straight to the pods, which listen on ${number}, and nothing turns port ${port.port} into it`,
      evidence: [
        fromApi(`service ${namespace}/${name}`, `clusterIP: None, port ${port.port}, targetPort ${target}`),
      ],
      fix: { text: `call ${name}.${namespace}:${number}`, commands: [] },
      hop: 'service',
      touches: [objectKey('service', object.metadata), ...destination.endpoints.map(({ key }) => key)],
      blocks: { model: 'fail' },
    },
  ];
}

/** The command that changes one field of one port of a Service. */
function patchPort(
  { metadata }: SnapshotService,
  index: number,
  op: 'add' | 'replace',
  field: 'protocol' | 'targetPort',
  value: string | number | undefined,
): string {
  const { namespace = '', name } = metadata;
  return patchCommand('service', { namespace, name }, [{ op, path: `/spec/ports/${index}/${field}`, value }]);
}
