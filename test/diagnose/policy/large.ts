import type { Matrix } from '../../../src/diagnose/policy/matrix.js';
import { createMatrix } from '../../../src/diagnose/policy/matrix.js';
import type { WorldObject } from './world.js';
import { createWorld } from './world.js';

/** How large a cluster is. */
export interface Size {
  readonly pods: number;
  readonly namespaces: number;
  readonly policies: number;
}

/**
 * A cluster of this size on 30 nodes: every tenth pod of an application is alike, every 97th is on the host network, and policies of a
 * namespace mix selectors over pods and namespaces, blocks of addresses, ranges and named ports.
 */
export function largeCluster({ pods, namespaces, policies }: Size): WorldObject[] {
  const many = <T>(count: number, make: (index: number) => T): T[] =>
    Array.from({ length: count }, (_, index) => make(index));
  const namespace = (index: number): string => `ns-${index % namespaces}`;
  const app = (index: number): string => `app-${Math.floor(index / namespaces / 10)}`;
  return [
    ...many(namespaces, (index) => ({
      kind: 'Namespace',
      metadata: { name: namespace(index), labels: { team: `team-${index % 5}` } },
    })),
    ...many(pods, (index) => ({
      kind: 'Pod',
      metadata: {
        name: `pod-${index}`,
        namespace: namespace(index),
        labels: { app: app(index), pod: `pod-${index}` },
      },
      spec: {
        nodeName: `node-${index % 30}`,
        hostNetwork: index % 97 === 0,
        containers: [{ ports: [{ name: 'http', containerPort: 8000 + (index % 3) }] }],
      },
      status: { phase: 'Running', podIP: `10.${index % 5}.${index >> 8}.${index & 255}` },
    })),
    ...many(policies, (index) => ({
      kind: 'NetworkPolicy',
      metadata: { name: `policy-${index}`, namespace: namespace(index) },
      spec: {
        podSelector: index % 4 === 0 ? {} : { matchLabels: { app: app(index) } },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          {
            from: [
              { podSelector: { matchLabels: { app: app(index + 1) } } },
              { namespaceSelector: { matchLabels: { team: `team-${index % 5}` } }, podSelector: {} },
              { ipBlock: { cidr: `10.${index % 5}.${index % 4}.0/24` } },
            ],
            ports: [{ port: 8000 + (index % 20) }, { port: 'http' }, { protocol: 'UDP', port: 53 }],
          },
        ],
        egress: [
          { to: [{ namespaceSelector: {} }], ports: [{ port: 8000 + (index % 7), endPort: 8010 }] },
          { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }] },
        ],
      },
    })),
  ];
}

/** Judges every ordered pair of the cluster's pods. Resolves with how many pairs have something open. */
export function judgeEveryPair(objects: readonly WorldObject[]): {
  readonly pairs: number;
  readonly open: number;
} {
  const { model, pods } = createWorld(objects);
  const matrix = createMatrix(model, [...pods.values()].map(model.ends.pod));
  return countOpen(matrix);
}

function countOpen({ pods, cell }: Matrix): { readonly pairs: number; readonly open: number } {
  let open = 0;
  let pairs = 0;
  for (const from of pods.keys()) {
    for (const to of pods.keys()) {
      if (from === to) continue;
      pairs++;
      if (cell(from, to).allowed.length > 0) open++;
    }
  }
  return { pairs, open };
}
