import { diagnose, type Diagnosis } from '../../../src/diagnose/diagnose.js';
import { nothingObserved, type Observed } from '../../../src/diagnose/observed.js';
import { snapshotKinds } from '../../../src/diagnose/snapshot/kinds.js';
import { createSnapshot } from '../../../src/diagnose/snapshot/snapshot.js';
import type { Part } from '../../../src/diagnose/snapshot/types.js';
import { parseReference } from '../../../src/target/reference.js';

/** A pod that runs, as the API shows it. */
export function runningPod(
  name: string,
  ip: string,
  node: string,
  { app = name, ready = true, ...spec }: { app?: string; ready?: boolean } & Record<string, unknown> = {},
): object {
  return {
    kind: 'pods',
    metadata: { name, namespace: 'shop', labels: { app } },
    spec: { nodeName: node, containers: [{ name: 'main' }], ...spec },
    status: {
      phase: 'Running',
      podIP: ip,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  };
}

/** A Service of namespace shop and the slice that its endpoints are in. */
export function serviceWith(
  name: string,
  port: {
    readonly port: number;
    readonly targetPort?: number;
    readonly name?: string;
    readonly protocol?: string;
  },
  endpoints: readonly {
    readonly pod: string;
    readonly ip: string;
    readonly node: string;
    readonly ready?: boolean;
  }[],
  clusterIP = '10.96.0.7',
): object[] {
  return [
    {
      kind: 'services',
      metadata: { name, namespace: 'shop' },
      spec: { clusterIP, selector: { app: name }, ports: [port] },
    },
    {
      kind: 'endpointslices',
      metadata: { name: `${name}-x`, namespace: 'shop', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [
        { name: port.name ?? '', port: port.targetPort ?? port.port, protocol: port.protocol ?? 'TCP' },
      ],
      endpoints: endpoints.map(({ pod, ip, node, ready = true }) => ({
        addresses: [ip],
        conditions: { ready },
        nodeName: node,
        targetRef: { kind: 'Pod', namespace: 'shop', name: pod },
      })),
    },
  ];
}

/** A node that is Ready. */
export function readyNode(name: string, address: string, labels: Record<string, string> = {}): object {
  return {
    kind: 'nodes',
    metadata: { name, labels },
    status: { addresses: [{ type: 'InternalIP', address }], conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

const kinds = Object.keys(snapshotKinds);

/** Asks `FROM TO` or `TARGET` of these objects, in namespace shop. */
export function askOf(objects: readonly object[], words: string, observed?: Partial<Observed>): Diagnosis {
  const parts = kinds.map((kind) => {
    const items = objects.filter((one) => (one as { kind: string }).kind === kind);
    return { kind, reading: { state: 'there', items } } as unknown as Part;
  });
  const [first = '', second] = words.split(' ');
  const from = second === undefined ? undefined : parseReference(first, 'either');
  const to = parseReference(second ?? first, from === undefined ? 'object' : 'either');
  const question = {
    ...(from === undefined ? {} : { from }),
    to,
    namespace: 'shop',
    now: Date.UTC(2025, 0, 1),
  };
  return diagnose(createSnapshot(parts), question, observed && { ...nothingObserved, ...observed });
}
