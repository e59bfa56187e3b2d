/** The debug pod of a node: what is sent, and that it is removed whatever happens, against a fake API. */
import { describe, expect, test } from '@jest/globals';
import { setTimeout } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { readFileSync } from 'node:fs';
import { openNodePod, previewNodePod, type NodePodRequest } from '../../src/debugger/node-open.js';
import { isNodePod, nodePodManifest, nodePodName } from '../../src/debugger/node-pod.js';
import { nodeRole } from '../../src/debugger/role.js';
import type { DebugOptions } from '../../src/debugger/types.js';
import { NetdebugError } from '../../src/errors.js';
import type { KubeApi, SendOptions } from '../../src/kube/api.js';
import type { Pod, PodStatus } from '../../src/kube/types.js';
import { apiError, fakeApi } from './fakes.js';

const options: DebugOptions = {
  image: 'nicolaka/netshoot:v0.13',
  profile: 'auto',
  fresh: false,
  ttlSeconds: 900,
  startTimeoutMs: 60_000,
};

const clock = {
  now: () => Date.now(),
  sleep: (milliseconds: number, signal?: AbortSignal) =>
    setTimeout(milliseconds, undefined, { signal }).catch(() => undefined),
};

const request = (more: Partial<NodePodRequest> = {}): NodePodRequest => ({
  namespace: 'ops',
  node: 'worker-1',
  need: 'raw',
  options,
  onProgress: () => undefined,
  clock,
  random: () => 0,
  ...more,
});

const running: PodStatus = {
  phase: 'Running',
  podIP: '172.30.0.11',
  hostIP: '172.30.0.11',
  containerStatuses: [{ name: 'netdebug', state: { running: {} } }],
};

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** An API server with one node, whose pods become `status` at once. */
function server(status: PodStatus, calls: Partial<KubeApi> = {}): { api: KubeApi; sent: Sent[] } {
  const sent: Sent[] = [];
  let pod: Pod | undefined;
  const api = fakeApi({
    get: (path: string) =>
      Promise.resolve(
        (path.startsWith('/api/v1/nodes/')
          ? {
              metadata: { name: 'worker-1' },
              status: {
                addresses: [
                  { type: 'InternalIP', address: '172.30.0.11' },
                  { type: 'Hostname', address: 'worker-1' },
                ],
                daemonEndpoints: { kubeletEndpoint: { Port: 10_251 } },
              },
            }
          : pod) as never,
      ),
    list: () => Promise.resolve({ items: [], resourceVersion: '1' }),
    send: (method: string, path: string, { body }: SendOptions = {}) => {
      if (path.includes('selfsubjectaccessreviews'))
        return Promise.resolve({ object: { status: { allowed: true } } as never, warnings: [] });
      if (path.includes('selfsubjectreviews')) {
        return Promise.resolve({
          object: { status: { userInfo: { username: 'ada' } } } as never,
          warnings: [],
        });
      }
      sent.push({ method, path, body });
      if (method === 'POST') {
        const made = body as Pod;
        pod = { ...made, metadata: { ...made.metadata, uid: 'u1', resourceVersion: '1' }, status };
      }
      return Promise.resolve({ object: pod as never, warnings: [] });
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- it ends as a watch does whose time is over
    watch: async function* () {
      yield* [];
    },
    ...calls,
  });
  return { api, sent };
}

const failure = async (promise: Promise<unknown>): Promise<NetdebugError> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof NetdebugError)) throw new Error('expected a NetdebugError', { cause: error });
  return error;
};

describe('the pod', () => {
  const manifest = nodePodManifest({
    namespace: 'ops',
    name: 'netdebug-worker-1-bbbbb',
    node: 'worker-1',
    createdBy: 'ada',
    options,
  });

  test('is on the node, in its network, without a token, and ends by itself', () => {
    expect(manifest.spec).toMatchObject({
      nodeName: 'worker-1',
      hostNetwork: true,
      tolerations: [{ operator: 'Exists' }],
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      activeDeadlineSeconds: 86_400,
    });
    expect(manifest.spec).not.toHaveProperty('hostPID');
    expect(manifest.spec.containers[0].command?.slice(3)).toEqual(['netdebug', '900', '5', '9']);
  });

  test('has the least rights that tcpdump works with, and says who made it', () => {
    expect(manifest.spec.containers[0].securityContext).toEqual({
      runAsUser: 0,
      runAsNonRoot: false,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW', 'SETGID', 'SETUID'] },
    });
    expect(manifest.metadata).toMatchObject({
      labels: { 'app.kubernetes.io/managed-by': 'kubectl-netdebug', 'sidecar.istio.io/inject': 'false' },
      annotations: { 'kubectl-netdebug/created-by': 'ada', 'linkerd.io/inject': 'disabled' },
    });
    expect(isNodePod(manifest)).toBe(true);
  });

  test.each([
    ['worker-1', 'netdebug-worker-1-bbbbb'],
    ['ip-10-0-0-1.eu-central-1.compute.internal', 'netdebug-ip-10-0-0-1-eu-central-1-compute-interna-bbbbb'],
    ['...', 'netdebug-node-bbbbb'],
  ])('on node %s is called %s', (node, name) => {
    expect(nodePodName(node, 'netdebug-bbbbb')).toBe(name);
    expect(name.length).toBeLessThan(64);
  });

  test('takes a profile that was asked for', async () => {
    const { api } = server(running);
    const sysadmin = request({ options: { ...options, profile: 'sysadmin' } });
    const { manifest: made } = await previewNodePod(api, sysadmin);
    expect(made.spec.containers[0].securityContext).toMatchObject({ privileged: true });
    const custom = request({
      options: {
        ...options,
        profile: { file: 'p.yaml', container: { env: [{ name: 'A', value: 'b' }] } },
      },
    });
    const { env } = (await previewNodePod(api, custom)).manifest.spec.containers[0];
    expect(env?.map(({ name }) => name)).toEqual(expect.arrayContaining(['A', 'NETDEBUG_ID']));
  });
});

describe('openNodePod', () => {
  test('gives a pod that runs, with the addresses of its node, and removes it once', async () => {
    const { api, sent } = server(running);
    const pod = await openNodePod(api, request());
    expect(pod).toMatchObject({ addresses: ['172.30.0.11'], kubeletPort: 10_251, node: 'worker-1' });
    expect(pod.container).toMatchObject({ namespace: 'ops', container: 'netdebug', profile: 'netadmin' });
    await Promise.all([pod.remove(), pod.remove()]);
    expect(sent.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
    expect(sent[1]).toMatchObject({
      path: '/api/v1/namespaces/ops/pods/netdebug-worker-1-bbbbb',
      body: { gracePeriodSeconds: 0, preconditions: { uid: 'u1' } },
    });
  });

  test('does without the right to read nodes', async () => {
    const base = server(running);
    const message =
      'nodes "worker-1" is forbidden: User "u" cannot get resource "nodes" in API group "" at the cluster scope';
    const api = fakeApi({
      ...base.api,
      get: <T>(path: string) =>
        path.startsWith('/api/v1/nodes') ? Promise.reject(apiError(403, message)) : base.api.get<T>(path),
    });
    const pod = await openNodePod(api, request());
    expect(pod).toMatchObject({ addresses: ['172.30.0.11'], kubeletPort: 10_250 });
  });

  test('removes a pod that does not start, and says why it does not', async () => {
    const waiting = { reason: 'ErrImagePull', message: 'not found' };
    const { api, sent } = server({
      phase: 'Pending',
      containerStatuses: [{ name: 'netdebug', state: { waiting } }],
    });
    const error = await failure(openNodePod(api, request()));
    expect(error).toMatchObject({ exitCode: 7, message: expect.stringContaining('ErrImagePull') as unknown });
    expect(sent.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
  });

  test('says what the kubelet says when it does not take the pod', async () => {
    const { api, sent } = server({
      phase: 'Failed',
      reason: 'OutOfmemory',
      message: 'Node has no memory left.',
    });
    const error = await failure(openNodePod(api, request()));
    expect(error.message).toBe(
      'Pod ops/netdebug-worker-1-bbbbb has finished (Failed: OutOfmemory: Node has no memory left).',
    );
    expect(sent.at(-1)).toMatchObject({ method: 'DELETE' });
  });

  test.each(['while the pod is created', 'while it starts'])('removes it after Ctrl-C %s', async (when) => {
    const stop = new AbortController();
    const { api, sent } = server({ phase: 'Pending' });
    const send = api.send.bind(api);
    const slow = fakeApi({
      ...api,
      send: (method, path, sendOptions) => {
        if (method === 'POST' && path.endsWith('/pods')) {
          if (when === 'while the pod is created') stop.abort();
          else setImmediate(() => stop.abort());
        }
        return send(method, path, sendOptions);
      },
    });
    const error = await failure(openNodePod(slow, request({ signal: stop.signal })));
    expect(error.exitCode).toBe(130);
    expect(sent.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
  });

  test('says how to remove it when the API server is gone at the end', async () => {
    const { api } = server(running);
    const gone = new NetdebugError('The API server does not answer.', { exitCode: 4 });
    const send = api.send.bind(api);
    const dying = fakeApi({
      ...api,
      send: (method, path, sendOptions) =>
        method === 'DELETE' ? Promise.reject(gone) : send(method, path, sendOptions),
    });
    const error = await failure((await openNodePod(dying, request())).remove());
    expect(error).toMatchObject({
      exitCode: 4,
      details: ['The API server does not answer.'],
      hint: expect.stringContaining(
        'kubectl -n ops delete pod netdebug-worker-1-bbbbb --grace-period=0',
      ) as unknown,
    });
  });

  test('may name the same failure twice: what happened, and what stays', async () => {
    const { api } = server({ phase: 'Failed' });
    const gone = new NetdebugError('The API server does not answer.', { exitCode: 4 });
    const send = api.send.bind(api);
    const dying = fakeApi({
      ...api,
      send: (method, path, sendOptions) =>
        method === 'DELETE' ? Promise.reject(gone) : send(method, path, sendOptions),
    });
    const error = await failure(openNodePod(dying, request()));
    expect(error).toMatchObject({ exitCode: 7, hint: expect.stringContaining('delete pod') as unknown });
    expect(error.details.join(' ')).toContain('could not be removed');
  });

  test('is refused by Pod Security in one sentence, with the way out', async () => {
    const { exchanges } = JSON.parse(
      readFileSync(new URL('../fixtures/transcripts/node-pod.json', import.meta.url), 'utf8'),
    ) as { exchanges: { note: string; response: { body: { message: string; reason: string } } }[] };
    const recorded = exchanges.find(({ note }) => note.startsWith('namespace under Pod Security baseline'));
    const { api } = server(running);
    const send = api.send.bind(api);
    const refusing = fakeApi({
      ...api,
      send: (method, path, sendOptions) =>
        path.endsWith('/pods')
          ? Promise.reject(apiError(403, recorded?.response.body.message ?? '', recorded?.response.body))
          : send(method, path, sendOptions),
    });
    const error = await failure(openNodePod(refusing, request()));
    expect(error).toMatchObject({
      exitCode: 5,
      message: 'Pod Security "baseline" in namespace ops allows no pod in the network of a node.',
      hint: expect.stringContaining('-n') as unknown,
    });
    expect(error.details.join('\n')).toContain('host namespaces: hostNetwork=true');
  });

  test('takes no container of the node, and no profile that captures nothing', async () => {
    const { api, sent } = server(running);
    const target = request({ options: { ...options, target: 'app' } });
    expect(await failure(openNodePod(api, target))).toMatchObject({ exitCode: 2 });
    const restricted = request({ options: { ...options, profile: 'restricted' } });
    expect(await failure(openNodePod(api, restricted))).toMatchObject({ exitCode: 2 });
    expect(sent).toEqual([]);
  });
});

test('the roles that a refusal prints are those in manifests/rbac', () => {
  const rules = (text: string) =>
    parseAllDocuments(text).map((document) => {
      const { kind, rules } = document.toJS() as { kind: string; rules: { verbs: string[] }[] };
      return { kind, rules: rules.map((rule) => ({ ...rule, verbs: [...rule.verbs].sort() })) };
    });
  const file = new URL('../../manifests/rbac/nodes.yaml', import.meta.url);
  expect(rules(nodeRole('ops'))).toEqual(rules(readFileSync(file, 'utf8')));
});
