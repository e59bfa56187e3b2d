import { kubectl, patchCommand } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import { istioNamespace } from '../mesh/config.js';
import { excludedRange, knownOutside } from '../mesh/egress.js';
import { objectsIn } from '../mesh/facts.js';
import { objectText } from '../mesh/text.js';
import { excludedPort } from '../mesh/membership.js';
import type { Sidecar } from '../mesh/objects.js';
import type { ClientView, MeshFacts } from '../mesh/types.js';
import type { Facts } from '../model/facts.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { inMesh } from './mesh-say.js';

/** Destinations that a client's proxy does not know: outside under REGISTRY_ONLY, or a Service that its Sidecar object leaves out. */
export const meshEgress: Check = {
  name: 'mesh-egress',
  codes: ['ND707'],
  reads: [],
  mayRead: inputs('cluster', 'serviceentries'),
  concerns: inMesh,
  find: (facts) => {
    const { mesh } = facts;
    const clients = (mesh?.views ?? []).filter(({ member }) => member.kind === 'sidecar');
    const [first] = clients;
    if (mesh === undefined || first === undefined || facts.destination.protocol !== 'TCP') return [];
    // Pods of one workload go by the same objects.
    return facts.destination.outside
      ? outside(facts, mesh, clients, first)
      : clients.filter(({ scoped }) => !scoped).flatMap((view) => unscoped(facts, mesh, view));
  },
};

function outside(facts: Facts, mesh: MeshFacts, clients: readonly ClientView[], view: ClientView): Finding[] {
  const [endpoint] = facts.destination.endpoints;
  const { end } = view;
  const { outbound } = view;
  if (
    endpoint?.end.kind !== 'address' ||
    facts.destination.service?.object !== undefined ||
    end.pod === undefined
  )
    return [];
  if (outbound.mode !== 'REGISTRY_ONLY') return [];
  const host = endpoint.end.host;
  const address = endpoint.end.address?.text;
  if (
    excludedPort(end.pod, 'Outbound', endpoint.port) !== undefined ||
    excludedRange(end.pod.metadata.annotations, address)
  )
    return [];
  const places = [...new Set([end.namespace ?? '', mesh.config.rootNamespace])];
  if (places.some((place) => facts.read('serviceentries', place).state === 'unknown')) return [];
  const client = { namespace: end.namespace ?? '', labels: end.pod.metadata.labels };
  const found = knownOutside(objectsIn(facts.read, 'serviceentries', ...places), client, view.sidecar, {
    host,
    address,
    port: endpoint.port,
  });
  if (found.known === 'yes') return [];
  const shown = host ?? address ?? facts.asked.to;
  const what =
    found.known === 'otherPort' && found.by !== undefined
      ? `${objectText('ServiceEntry', found.by)} knows it, on port ${(found.by.spec?.ports ?? []).map(({ number }) => number).join(', ')} only`
      : 'no ServiceEntry that it can see names it';
  return [
    {
      code: 'ND707',
      severity: 'error',
      confidence: 'likely',
      object: modeObject(outbound.by),
      message: `${whoSays(outbound.by)} lets the proxy of ${end.text} call only what it knows (outboundTrafficPolicy REGISTRY_ONLY), and ${shown}:${endpoint.port ?? ''} it does not: ${what}`,
      evidence: [
        fromApi(whoSays(outbound.by), 'outboundTrafficPolicy.mode: REGISTRY_ONLY'),
        fromApi(`serviceentries of ${places.join(', ')}`, what),
      ],
      fix: { text: 'make it known to the mesh', commands: entryCommand(end.namespace, host, endpoint.port) },
      hop: 'mesh',
      touches: [end.key],
      blocks: { model: 'fail', sources: clients.map((one) => one.end.key) },
    },
  ];
}

function whoSays(by: Sidecar | undefined): string {
  return by === undefined ? `ConfigMap ${istioNamespace}/istio` : objectText('Sidecar', by);
}

function modeObject(by: Sidecar | undefined): Finding['object'] {
  const value = 'REGISTRY_ONLY';
  if (by === undefined)
    return {
      kind: 'ConfigMap',
      namespace: istioNamespace,
      name: 'istio',
      fieldPath: 'data.mesh: outboundTrafficPolicy.mode',
      value,
    };
  const { namespace = '', name } = by.metadata;
  return { kind: 'Sidecar', namespace, name, fieldPath: 'spec.outboundTrafficPolicy.mode', value };
}

/** A ServiceEntry for a host, as JSON that kubectl takes from standard input. None for what is no plain host name. */
function entryCommand(
  namespace: string | undefined,
  host: string | undefined,
  port: number | undefined,
): readonly string[] {
  if (host === undefined || port === undefined || !/^[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?$/i.test(host))
    return [];
  const protocol = { 80: 'HTTP', 443: 'TLS' }[port] ?? 'TCP';
  const entry = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: host.toLowerCase() },
    spec: {
      hosts: [host.toLowerCase()],
      ports: [{ number: port, name: `${protocol.toLowerCase()}-${port}`, protocol }],
      location: 'MESH_EXTERNAL',
      resolution: 'DNS',
    },
  };
  return [`echo '${JSON.stringify(entry)}' | ${kubectl(namespace, 'apply', '-f', '-')}`];
}

/** The Service is not among the hosts of the Sidecar: a black hole, or a call that goes on in plain text, which matters where that is refused. */
function unscoped({ mesh, sources }: Facts, { host }: MeshFacts, view: ClientView): Finding[] {
  const { sidecar, outbound, end } = view;
  if (sidecar === undefined || host === undefined) return [];
  const closed = outbound.mode === 'REGISTRY_ONLY';
  const refused = (mesh?.links ?? []).some((link) => link.view === view && link.accepted === 'no');
  if (!closed && !refused) return [];
  const { namespace = '', name } = sidecar.metadata;
  const hosts = (sidecar.spec?.egress ?? []).flatMap((one) => one.hosts ?? []);
  const wanted = `${host.namespace === end.namespace ? '.' : host.namespace}/${host.name}`;
  const keys = sources.filter(({ key }) => key === end.key).map(({ key }) => key);
  return [
    {
      code: 'ND707',
      severity: 'error',
      confidence: 'likely',
      object: { kind: 'Sidecar', namespace, name, fieldPath: 'spec.egress[].hosts', value: hosts.join(', ') },
      message: `${objectText('Sidecar', sidecar)} lets the proxy of ${end.text} know ${hosts.join(', ')} only, and ${host.name} is not among them: ${closed ? 'under REGISTRY_ONLY the call ends in BlackHoleCluster' : 'the call goes on without the mesh, in plain text'}`,
      evidence: [
        fromApi(objectText('Sidecar', sidecar), `spec.egress[].hosts: ${hosts.join(', ')}`),
        fromApi(whoSays(outbound.by), `outboundTrafficPolicy.mode: ${outbound.mode}`),
      ],
      fix: {
        text: 'add it to the hosts of the Sidecar',
        commands: [
          patchCommand('sidecar', { namespace, name }, [
            { op: 'add', path: '/spec/egress/0/hosts/-', value: wanted },
          ]),
        ],
      },
      hop: 'mesh',
      touches: [end.key],
      blocks: { model: closed ? 'fail' : 'unknown', sources: keys },
    },
  ];
}
