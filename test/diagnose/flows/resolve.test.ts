import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { answerFlows } from '../../../src/diagnose/flows/answer.js';
import { resolveFlows } from '../../../src/diagnose/flows/resolve.js';
import { createScene } from '../../../src/diagnose/flows/scene.js';
import { wantsOfFlow, wantsOfHostNetwork, wantsOfMatrix } from '../../../src/diagnose/flows/wants.js';
import { endText } from '../../../src/diagnose/policy/end.js';
import type { Flow } from '../../../src/diagnose/policy/verdict.js';
import { readFiles } from '../../../src/diagnose/snapshot/files.js';
import { createSnapshot } from '../../../src/diagnose/snapshot/snapshot.js';
import { parseReference } from '../../../src/target/reference.js';

const objects = `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: shop}}
- {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}}
- apiVersion: v1
  kind: Pod
  metadata: {name: web, namespace: shop, labels: {app: web}}
  spec: {nodeName: n1, containers: [{name: web}]}
  status: {phase: Running, podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}], conditions: [{type: Ready, status: 'True'}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: api-1, namespace: shop, labels: {app: api}}
  spec: {nodeName: n1, containers: [{name: api, ports: [{name: http, containerPort: 8080}]}]}
  status: {phase: Running, podIP: 10.0.0.2, conditions: [{type: Ready, status: 'False'}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: api-2, namespace: shop, labels: {app: api}}
  spec: {nodeName: n1, containers: [{name: api, ports: [{name: http, containerPort: 9090}]}]}
  status: {phase: Running, podIP: 10.0.0.3, conditions: [{type: Ready, status: 'True'}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: done, namespace: shop, labels: {app: api}}
  spec: {containers: [{name: api}]}
  status: {phase: Succeeded, podIP: 10.0.0.3}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: api, namespace: shop}
  spec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api}]}}}
- {apiVersion: v1, kind: Service, metadata: {name: api, namespace: shop}, spec: {type: NodePort, clusterIP: 10.96.0.9, selector: {app: api}, ports: [{name: http, port: 80, targetPort: http}, {name: dns, port: 53, protocol: UDP}]}}
- {apiVersion: v1, kind: Service, metadata: {name: local, namespace: shop}, spec: {type: LoadBalancer, externalTrafficPolicy: Local, clusterIP: 10.96.0.8, selector: {app: api}, ports: [{port: 80, targetPort: 1234}]}}
- {apiVersion: v1, kind: Service, metadata: {name: headless, namespace: shop}, spec: {clusterIP: None, selector: {app: api}, ports: [{port: 80, targetPort: 1234}]}}
- {apiVersion: v1, kind: Service, metadata: {name: sliced, namespace: shop}, spec: {clusterIP: 10.96.0.7, ports: [{port: 80, targetPort: 7000}]}}
- apiVersion: discovery.k8s.io/v1
  kind: EndpointSlice
  metadata: {name: sliced-x, namespace: shop, labels: {kubernetes.io/service-name: sliced}}
  ports: [{name: '', port: 7000, protocol: TCP}]
  endpoints:
  - {addresses: [10.0.0.2], conditions: {ready: false}, targetRef: {kind: Pod, namespace: shop, name: api-1}}
  - {addresses: [10.0.0.3], conditions: {ready: true}, targetRef: {kind: Pod, namespace: shop, name: api-2}}
  - {addresses: [172.16.0.1]}
- {apiVersion: v1, kind: Service, metadata: {name: empty, namespace: shop}, spec: {clusterIP: 10.96.0.6, selector: {app: none}, ports: [{port: 80}]}}
- {apiVersion: v1, kind: Service, metadata: {name: elsewhere, namespace: shop}, spec: {type: ExternalName, externalName: example.org}}
`;

async function sceneOf(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-flows-'));
  try {
    writeFileSync(join(folder, 'objects.yaml'), text);
    return createScene(await readFiles([folder], 'shop'), 'shop');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const scene = await sceneOf(objects);

function flows(from: string, to: string): readonly Flow[] {
  return resolveFlows(scene, parseReference(from, 'either'), parseReference(to, 'either'));
}

function texts(from: string, to: string): string[] {
  return flows(from, to).map(
    (flow) =>
      `${endText(flow.from)} > ${endText(flow.to)} ${flow.protocol} ${flow.port}${flow.viaService === true ? ' via' : ''}${flow.servicePort === undefined ? '' : ` ${flow.servicePort}`}`,
  );
}

describe('connections that references mean', () => {
  test.each([
    ['a pod', 'web', 'pod/api-1:8080', ['shop/web > shop/api-1 TCP 8080']],
    ['a named port', 'web', 'pod/api-2:http', ['shop/web > shop/api-2 TCP 9090']],
    [
      'a workload: its pods, ready ones first, none that has finished',
      'web',
      'deploy/api:80/udp',
      ['shop/web > shop/api-2 UDP 80', 'shop/web > shop/api-1 UDP 80'],
    ],
    [
      'a Service: its ready pods, with their own port',
      'web',
      'svc/api:80',
      ['shop/web > shop/api-2 TCP 9090 via 80'],
    ],
    ['a Service by the name of its port', 'web', 'svc/api:http', ['shop/web > shop/api-2 TCP 9090 via 80']],
    [
      'a Service port of another protocol, without targetPort',
      'web',
      'svc/api:53/udp',
      ['shop/web > shop/api-2 UDP 53 via'],
    ],
    ['a Service with one port needs none', 'web', 'svc/local', ['shop/web > shop/api-2 TCP 1234 via 80']],
    ['a headless Service replaces nothing', 'web', 'svc/headless:80', ['shop/web > shop/api-2 TCP 80']],
    [
      'a Service by its slices, ready endpoints, pods or not',
      'web',
      'svc/sliced:80',
      ['shop/web > 172.16.0.1 TCP 7000 via 80', 'shop/web > shop/api-2 TCP 7000 via 80'],
    ],
    ['a Service by its address', 'web', '10.96.0.9:80', ['shop/web > shop/api-2 TCP 9090 via 80']],
    [
      'a Service by its DNS name',
      'web',
      'http://api.shop.svc.cluster.local/',
      ['shop/web > shop/api-2 TCP 9090 via 80'],
    ],
    ['a Service that stands for a name', 'web', 'svc/elsewhere:443', ['shop/web > example.org TCP 443']],
    ['the address of a pod', '10.0.0.1', '10.0.0.2:1', ['shop/web > shop/api-1 TCP 1']],
    ['the address of a node', 'web', '192.168.0.1:10250', ['shop/web > 192.168.0.1 TCP 10250']],
    ['a node', 'node/n1', 'pod/web:80', ['192.168.0.1 > shop/web TCP 80']],
    ['a host', 'web', 'example.com:443', ['shop/web > example.com TCP 443']],
  ])('%s', (_, from, to, expected) => {
    expect(texts(from, to)).toEqual(expected);
  });

  test('a client outside arrives with the address of a node, unless externalTrafficPolicy is Local', () => {
    expect(flows('external', 'svc/api:80').map(({ from }) => from)).toMatchObject([{ role: 'behind-node' }]);
    expect(flows('external', 'svc/local:80').map(({ from }) => from)).toMatchObject([{ role: 'outside' }]);
    expect(flows('external', 'pod/web:80').map(({ from }) => from)).toMatchObject([{ role: 'outside' }]);
  });

  test('the address that is dialled is the one that is judged', () => {
    const [flow] = flows('web', '[fd00::1]:80');
    expect(flow?.to).toMatchObject({ name: 'web', addresses: [{ text: 'fd00::1' }] });
  });

  test.each([
    ['pod/nobody', 'pod/web:80', 6, 'There is no shop/pod/nobody.'],
    ['web', 'svc/apu:80', 6, 'There is no shop/service/apu.'],
    ['web', 'pod/done:80', 6, 'has finished'],
    ['web', 'svc/empty:80', 6, 'has no endpoints for port 80'],
    ['web', 'svc/api:81', 6, 'the Service has no such port'],
    ['web', 'svc/api', 2, 'say which port'],
    ['web', 'pod/api-1', 2, 'say which port'],
    ['web', 'pod/api-1:grpc', 6, 'it has no port named grpc'],
    ['web', 'external', 2, 'external is a client'],
    ['ingress/x', 'pod/web:80', 2, 'is no end that policies judge'],
  ])('%s to %s is none', (from, to, exitCode, sentence) => {
    expect(() => flows(from, to)).toThrow(
      expect.objectContaining({ exitCode, message: expect.stringContaining(sentence) }),
    );
  });
});

describe('the answer for several connections', () => {
  const policy = (spec: string) => `${objects}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: x, namespace: shop}
spec: ${spec}
`;

  test('is deny when one of them is denied, and explains that one', async () => {
    const some = await sceneOf(
      policy('{podSelector: {matchLabels: {app: api}}, ingress: [{ports: [{port: http}]}]}'),
    );
    const asked = (to: string) =>
      answerFlows(some.model, resolveFlows(some, parseReference('web'), parseReference(to)));
    const answer = asked('deploy/api:8080');
    expect(answer.flows.map(({ verdict }) => verdict)).toEqual(['deny', 'allow']);
    expect(answer.verdict).toBe('deny');
    expect(endText(answer.flow.to)).toBe('shop/api-2');
    expect(answer.explanation.ingress.verdict).toBe('deny');
    expect(asked('svc/api:80').verdict).toBe('allow');
  });
});

describe('what is read of a cluster', () => {
  const kindsOf = (from: string, to: string) =>
    wantsOfFlow([parseReference(from, 'either'), parseReference(to, 'either')], 'shop').map(
      ({ kind, namespace, names }) => `${kind} ${namespace ?? names?.join(',') ?? '*'}`,
    );

  test('is what the question needs, in the namespaces that it names', () => {
    const wants = kindsOf('web', 'db/deploy/db:5432');
    expect(wants).toEqual(
      expect.arrayContaining([
        'pods shop',
        'pods db',
        'networkpolicies db',
        'deployments db',
        'namespaces shop,db',
        'clusternetworkpolicies *',
      ]),
    );
    expect(wants.filter((want) => /^(nodes|services|endpointslices|statefulsets) /.test(want))).toEqual([]);
    expect(kindsOf('web', 'svc/api:80')).toEqual(
      expect.arrayContaining(['services shop', 'endpointslices shop']),
    );
    expect(kindsOf('web', 'api.other.svc:80')).toEqual(
      expect.arrayContaining(['pods other', 'services other']),
    );
  });

  test('is everything where an address may be anybody', () => {
    expect(kindsOf('web', '10.0.0.1:80')).toEqual(
      expect.arrayContaining(['pods *', 'services *', 'namespaces *', 'nodes *']),
    );
    expect(kindsOf('external', 'svc/api:80')).toEqual(expect.arrayContaining(['nodes *', 'pods shop']));
    expect(wantsOfMatrix(undefined)).toEqual(
      expect.arrayContaining([{ kind: 'pods' }, { kind: 'networkpolicies' }]),
    );
    expect(wantsOfMatrix('shop')).toEqual(expect.arrayContaining([{ kind: 'pods', namespace: 'shop' }]));
  });

  test('is the nodes as well where a pod is on the host network', () => {
    const snapshot = (hostNetwork: boolean) =>
      createSnapshot([
        {
          kind: 'pods',
          reading: {
            state: 'there',
            items: [{ metadata: { name: 'a' }, spec: { containers: [], hostNetwork } }],
          },
        },
      ]);
    expect(wantsOfHostNetwork(snapshot(true))).toEqual([{ kind: 'nodes' }]);
    expect(wantsOfHostNetwork(snapshot(false))).toEqual([]);
    expect(wantsOfHostNetwork(scene.snapshot)).toEqual([]);
  });
});

describe('the network plugin', () => {
  const daemonSet = (namespace: string, name: string) =>
    `${objects}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: ${name}, namespace: ${namespace}}, spec: {selector: {matchLabels: {x: y}}, template: {metadata: {labels: {x: y}}, spec: {containers: []}}}}
`;

  test.each([
    ['kube-system', 'cilium', 'Cilium'],
    ['calico-system', 'calico-node', 'Calico'],
    ['kube-flannel', 'kube-flannel-ds', 'flannel'],
    ['shop', 'cilium', undefined],
    ['kube-system', 'kube-proxy', undefined],
  ])('of %s/%s is %s', async (namespace, name, expected) => {
    const { model } = await sceneOf(daemonSet(namespace, name));
    expect(model.objects.plugin.name).toBe(expected);
  });
});
