import { patchCommand } from '../command.js';
import type { Evidence, Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Endpoint, Facts } from '../model/facts.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import type { Socket } from './live-seen.js';
import {
  connectsTo,
  fromProbe,
  isLoopback,
  isStarting,
  listening,
  observedOf,
  onPort,
  socketsOf,
  together,
} from './live-seen.js';

/** An endpoint of which it is known what it listens on. */
interface Looked {
  readonly endpoint: Endpoint & { readonly port: number; readonly pod: SnapshotPod };
  readonly sockets: readonly Socket[];
}

/** What the pods of the destination listen on, beside what is called: nothing, loopback only, another port, another protocol. */
export const liveListeners: Check = {
  name: 'live-listeners',
  codes: ['ND102', 'ND103', 'ND307', 'ND309'],
  live: true,
  reads: inputs('destination', 'pods'),
  concerns: (facts) => observedOf(facts).listeners.length > 0,
  find: (facts) => {
    const looked = lookedAt(facts);
    const silent = looked.filter((one) => on(one, facts).length === 0);
    const loopback = looked.filter((one) => {
      const sockets = on(one, facts);
      return sockets.length > 0 && sockets.every(({ address }) => isLoopback(address));
    });
    // One endpoint that answers says that the Service itself is right.
    const none = !facts.destination.endpoints.some(({ key }) => {
      const seen = together(connectsTo(facts, key));
      return seen === 'ok' || seen === 'mixed';
    });
    return [
      ...(silent.length === 0 ? [] : nobody(facts, silent, none && silent.length === looked.length)),
      ...(loopback.length === 0 ? [] : [onlyLoopback(facts, loopback)]),
    ];
  },
};

/** A connection that came about is answered by somebody, be it the proxy of a mesh, whatever the list of sockets says. */
function lookedAt(facts: Facts): readonly Looked[] {
  return facts.destination.endpoints.flatMap((endpoint) => {
    const { pod, port, key } = endpoint;
    const sockets = socketsOf(facts, key);
    const seen = together(connectsTo(facts, key));
    if (pod === undefined || port === undefined || sockets === undefined) return [];
    if (isStarting(facts, pod)) return [];
    return seen === 'ok' || seen === 'mixed' ? [] : [{ endpoint: { ...endpoint, pod, port }, sockets }];
  });
}

function on({ endpoint, sockets }: Looked, { destination }: Facts): readonly Socket[] {
  return onPort(sockets, destination.protocol, endpoint.port);
}

function evidenceOf(facts: Facts, looked: readonly Looked[]): readonly Evidence[] {
  return looked
    .slice(0, 3)
    .flatMap(({ endpoint, sockets }) => [
      listening(endpoint.key, sockets),
      ...connectsTo(facts, endpoint.key).slice(0, 1).map(fromProbe),
    ]);
}

function common(looked: readonly Looked[]): Pick<Finding, 'severity' | 'confidence' | 'hop' | 'blocks'> {
  const endpoints = looked.map(({ endpoint }) => endpoint.key);
  return { severity: 'error', confidence: 'proven', hop: 'endpoint', blocks: { model: 'fail', endpoints } };
}

/** `shop/api-1`, `shop/api-1 and 2 more`. */
function names(looked: readonly Looked[]): string {
  const more = looked.length > 1 ? ` and ${looked.length - 1} more` : '';
  return `${looked[0]?.endpoint.text ?? ''}${more}`;
}

/** Ports that others can reach in every one of these pods: one of them was probably meant. */
function offered(looked: readonly Looked[], protocol: string): readonly number[] {
  const lists = looked.map(
    ({ sockets }) =>
      new Set(
        sockets
          .filter((one) => one.protocol === protocol && !isLoopback(one.address))
          .map(({ port }) => port),
      ),
  );
  const [first, ...others] = lists;
  return [...(first ?? [])].filter((port) => others.every((one) => one.has(port))).sort((a, b) => a - b);
}

function nobody(facts: Facts, silent: readonly Looked[], everywhere: boolean): Finding[] {
  const { service, protocol } = facts.destination;
  const object = service?.object;
  const port = service?.port;
  const [first] = silent;
  if (first === undefined) return [];
  const other = protocol === 'UDP' ? 'TCP' : 'UDP';
  const ports = offered(silent, protocol);
  const listens = `listening: ${ports.join(', ') || 'nothing that others can reach'}`;
  const touches = silent.map(({ endpoint }) => endpoint.key);
  const target = port?.targetPort ?? port?.port;
  const translated = object !== undefined && object.spec.clusterIP !== 'None' && object.spec.selector != null;
  const index = object?.spec.ports?.findIndex(
    (one) => one.port === port?.port && (one.protocol ?? 'TCP') === protocol,
  );
  if (translated && index !== undefined && index >= 0 && everywhere) {
    const { namespace = '', name } = object.metadata;
    const about = { kind: 'Service', namespace, name };
    const fault = {
      ...common(silent),
      hop: 'service' as const,
      touches: [objectKey('service', about), ...touches],
    };
    const patch = (field: string, value: string | number): string =>
      patchCommand('service', { namespace, name }, [
        { op: 'add', path: `/spec/ports/${index}/${field}`, value },
      ]);
    if (silent.every(({ endpoint, sockets }) => onPort(sockets, other, endpoint.port).length > 0)) {
      return [
        {
          ...fault,
          code: 'ND309',
          object: { ...about, fieldPath: `spec.ports[${index}].protocol`, value: protocol },
          message: `Service ${namespace}/${name} says ${protocol} for port ${port?.port ?? ''}, and ${names(silent)} serves ${first.endpoint.port} over ${other} only`,
          evidence: evidenceOf(facts, silent),
          fix: { text: `let both say ${other}`, commands: [patch('protocol', other)] },
        },
      ];
    }
    if (typeof target === 'number') {
      const only = ports.length === 1 ? ports[0] : undefined;
      return [
        {
          ...fault,
          code: 'ND307',
          object: { ...about, fieldPath: `spec.ports[${index}].targetPort`, value: String(target) },
          message: `Service ${namespace}/${name} sends port ${port?.port ?? ''} to targetPort ${target}, where nothing listens in ${names(silent)}; ${listens}`,
          evidence: [
            fromApi(`service ${namespace}/${name}`, `targetPort: ${target}`),
            ...evidenceOf(facts, silent),
          ],
          fix: {
            text:
              only === undefined
                ? 'set targetPort to the port that the application listens on'
                : `set targetPort to ${only}`,
            commands: only === undefined ? [] : [patch('targetPort', only)],
          },
        },
      ];
    }
  }
  const { namespace = '', name } = first.endpoint.pod.metadata;
  return [
    {
      ...common(silent),
      touches,
      code: 'ND102',
      object: { kind: 'Pod', namespace, name },
      message: `nothing listens on ${protocol} ${first.endpoint.port} in ${names(silent)}; ${listens}`,
      evidence: evidenceOf(facts, silent),
      fix: {
        text: 'call a port that is served, or let the application listen on this one',
        commands: [`kubectl netdebug netstat ${name} -n ${namespace}`],
      },
    },
  ];
}

function onlyLoopback(facts: Facts, looked: readonly Looked[]): Finding {
  const [first] = looked;
  const { namespace = '', name = '' } = first?.endpoint.pod.metadata ?? {};
  const socket = first === undefined ? undefined : on(first, facts)[0];
  const program = socket?.process === undefined ? '' : ` (${socket.process})`;
  return {
    ...common(looked),
    touches: looked.map(({ endpoint }) => endpoint.key),
    code: 'ND103',
    object: { kind: 'Pod', namespace, name, value: `${socket?.address ?? ''}:${socket?.port ?? ''}` },
    message: `${names(looked)} listens on ${socket?.address ?? ''}:${socket?.port ?? ''} only${program}: nobody outside the pod can connect`,
    evidence: evidenceOf(facts, looked),
    fix: {
      text: 'let the application listen on 0.0.0.0 or ::, by its own option or environment variable',
      commands: [`kubectl netdebug netstat ${name} -n ${namespace}`],
    },
  };
}
