import { expect, test } from '@jest/globals';
import { savedParts, savedSnapshot } from '../../src/diagnose/snapshot/save.js';
import { createSnapshot } from '../../src/diagnose/snapshot/snapshot.js';
import type { Part } from '../../src/diagnose/snapshot/types.js';

const secret = 's3cr3t';
const pod = {
  metadata: {
    name: 'web-0',
    namespace: 'shop',
    labels: { app: 'web', env: 'prod', data: 'yes' },
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': secret },
    managedFields: [{ manager: secret }],
  },
  spec: {
    nodeName: 'n1',
    nodeSelector: { env: 'prod' },
    volumes: [{ name: 'token', projected: secret }],
    containers: [
      {
        name: 'app',
        image: 'app:1',
        command: ['run', secret],
        args: [secret],
        env: [{ name: 'TOKEN', value: secret }],
        envFrom: [{ secretRef: { name: secret } }],
        ports: [{ containerPort: 8080 }],
        readinessProbe: {
          httpGet: { port: 8080, path: '/', httpHeaders: [{ name: 'Authorization', value: secret }] },
        },
        livenessProbe: { exec: { command: ['sh', secret] } },
        lifecycle: { preStop: { exec: { command: [secret] } } },
      },
    ],
  },
  status: { phase: 'Running', podIP: '10.1.1.5' },
};
const parts = [
  { kind: 'pods', namespace: 'shop', reading: { state: 'there', items: [pod] } },
  { kind: 'nodes', reading: { state: 'unknown', why: 'forbidden: list nodes', cause: new Error(secret) } },
  { kind: 'adminnetworkpolicies', reading: { state: 'absent' } },
  {
    kind: 'configmaps',
    namespace: 'kube-system',
    name: 'coredns',
    reading: {
      state: 'there',
      items: [
        {
          metadata: { name: 'coredns', namespace: 'kube-system', annotations: { secret } },
          data: {
            Corefile: `.:53 {\n    etcd {\n        credentials u ${secret}\n    }\n}\n`,
            other: secret,
          },
        },
      ],
    },
  },
] as unknown as readonly Part[];

test('a saved snapshot holds nothing secret, and all that decides', () => {
  const text = JSON.stringify(savedSnapshot(createSnapshot(parts)));
  expect(text).not.toContain(secret);
  const [pods] = savedParts(JSON.parse(text)) ?? [];
  expect(pods).toMatchObject({
    kind: 'pods',
    namespace: 'shop',
    reading: {
      items: [
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { labels: { app: 'web', env: 'prod', data: 'yes' } },
          spec: {
            nodeSelector: { env: 'prod' },
            containers: [
              { name: 'app', ports: [{ containerPort: 8080 }], readinessProbe: { httpGet: { port: 8080 } } },
            ],
          },
          status: { podIP: '10.1.1.5' },
        },
      ],
    },
  });
});

test('what could not be read stays unknown, and what does not exist absent', () => {
  const saved = savedParts(JSON.parse(JSON.stringify(savedSnapshot(createSnapshot(parts)))));
  expect(saved?.slice(1, 3)).toEqual([
    { kind: 'nodes', reading: { state: 'unknown', why: 'forbidden: list nodes' } },
    { kind: 'adminnetworkpolicies', reading: { state: 'absent' } },
  ]);
});

test.each([[undefined], [{}], [[]], ['x'], [{ apiVersion: 'v1', kind: 'Snapshot', parts: [] }]])(
  '%j is no saved snapshot',
  (document) => {
    expect(savedParts(document)).toBeUndefined();
  },
);

test('a ConfigMap that was read by its name is found by it again', () => {
  const saved = savedParts(JSON.parse(JSON.stringify(savedSnapshot(createSnapshot(parts))))) ?? [];
  const read = createSnapshot(saved as readonly Part[]).read('configmaps', 'kube-system', 'coredns');
  expect(read).toMatchObject({ items: [{ kind: 'ConfigMap', data: { Corefile: '.:53 {\n    etcd\n}\n' } }] });
});

test('what checks of the way from outside read of annotations and arguments is kept, and nothing beside it', () => {
  const container = {
    name: 'external-dns',
    image: 'external-dns:1',
    command: ['/external-dns', '--source=service'],
    args: ['--domain-filter', 'example.com', `--aws-api-token=${secret}`, '--webhook-secret', secret],
  };
  const annotations = {
    'external-dns.alpha.kubernetes.io/hostname': 'shop.example.com',
    'nginx.ingress.kubernetes.io/backend-protocol': 'HTTPS',
    'nginx.ingress.kubernetes.io/configuration-snippet': secret,
  };
  const text = JSON.stringify(
    savedSnapshot(
      createSnapshot([
        {
          kind: 'pods',
          reading: {
            state: 'there',
            items: [
              { metadata: { name: 'x', namespace: 'shop', annotations }, spec: { containers: [container] } },
            ],
          },
        },
      ] as unknown as readonly Part[]),
    ),
  );
  expect(text).not.toContain(secret);
  expect(text).toContain('"args":["--source=service","--domain-filter","example.com"]');
  expect(text).toContain('"external-dns.alpha.kubernetes.io/hostname":"shop.example.com"');
  expect(text).toContain('"nginx.ingress.kubernetes.io/backend-protocol":"HTTPS"');
});
