/** Statuses and events of pods: held to what was recorded (test/fixtures are not needed for these words). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster, type TestCluster } from '../../cluster/harness.js';
import { pod } from '../../cluster/manifests.js';
import { openSession, runIn } from './session.js';

interface State {
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly running?: object;
  readonly terminated?: { readonly exitCode: number; readonly reason: string; readonly message?: string };
}
interface ContainerStatus {
  readonly name: string;
  readonly state: State;
  readonly lastState: State;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly started?: boolean;
}
interface Pod {
  readonly metadata: { readonly uid: string };
  readonly status: {
    readonly phase: string;
    readonly reason?: string;
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
    }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly ephemeralContainerStatuses?: readonly ContainerStatus[];
  };
}
interface Event {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count?: number;
  readonly involvedObject: { readonly name: string; readonly fieldPath?: string };
}

/** A tenth of the real times or less; the order of things stays. */
const timing = { syncBackoffMs: 400, imageBackoffMs: 300, restartBackoffMs: 1500, minimumGraceMs: 400 };

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ timing, objects: [pod({ name: 'host-of-many' }), pod({ name: 'twelve' })] });
}, 60_000);

afterAll(() => cluster.stop());

async function inject(podName: string, container: object): Promise<void> {
  const path = `/api/v1/namespaces/default/pods/${podName}/ephemeralcontainers`;
  const body = { spec: { ephemeralContainers: [container] } };
  const { status } = await cluster.request('PATCH', path, body, 'application/strategic-merge-patch+json');
  expect(status).toBe(200);
}

async function seen(name: string, predicate: (pod: Pod) => boolean): Promise<Pod> {
  const found = await cluster.waitFor({ name, namespace: 'default' }, (object) =>
    object === undefined ? false : predicate(object as unknown as Pod),
  );
  return found as unknown as Pod;
}

async function events(name: string, container?: string): Promise<Event[]> {
  const all = (await cluster.list('v1', 'Event', 'default')) as unknown as Event[];
  return all.filter(
    ({ involvedObject }) =>
      involvedObject.name === name &&
      (container === undefined || involvedObject.fieldPath?.includes(`{${container}}`) === true),
  );
}

/** Polls until an event about this pod begins so. */
async function said(name: string, words: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await events(name)).some(({ message }) => message.startsWith(words))) {
    if (Date.now() > deadline) throw new Error(`no event of ${name} begins with: ${words}`);
    await sleep(50);
  }
}

function ephemeral(podSeen: Pod, name: string): ContainerStatus | undefined {
  return podSeen.status.ephemeralContainerStatuses?.find((status) => status.name === name);
}

async function until(
  name: string,
  container: string,
  predicate: (status: ContainerStatus) => boolean,
): Promise<ContainerStatus> {
  const found = await seen(name, (object) => {
    const status = ephemeral(object, container);
    return status !== undefined && predicate(status);
  });
  const status = ephemeral(found, container);
  if (!status) throw new Error(`${container} has gone`);
  return status;
}

describe('an ephemeral container', () => {
  test('starts: status and events as recorded', async () => {
    await inject('host-of-many', {
      name: 'ok',
      image: 'nicolaka/netshoot:v0.13',
      imagePullPolicy: 'Always',
      command: ['sleep', '1000'],
    });
    const status = await until('host-of-many', 'ok', ({ state }) => state.running !== undefined);
    expect(status).toMatchObject({
      name: 'ok',
      state: { running: { startedAt: expect.stringMatching(/^\d{4}-.*Z$/) } },
      lastState: {},
      ready: false,
      restartCount: 0,
      image: 'docker.io/nicolaka/netshoot:latest',
      imageID: expect.stringMatching(/^docker\.io\/nicolaka\/netshoot@sha256:[0-9a-f]{64}$/),
      containerID: expect.stringMatching(/^containerd:\/\/[0-9a-f]{64}$/),
      resources: {},
      user: { linux: { uid: 0, gid: 0, supplementalGroups: [0] } },
    });
    expect(status).not.toHaveProperty('started');
    expect(
      (await events('host-of-many', 'ok')).map(({ reason, message }) => `${reason}: ${message}`),
    ).toEqual([
      'Pulling: Pulling image "nicolaka/netshoot:v0.13"',
      'Pulled: Successfully pulled image "nicolaka/netshoot:v0.13" in 15ms (15ms including waiting). Image size: 352000836 bytes.',
      'Created: Container created',
      'Started: Container started',
    ]);
  });

  test('with an image that is not there: the event at once, the reason only with a later sync', async () => {
    await cluster.apply(pod({ name: 'no-image' }));
    await cluster.ready('default', 'no-image');
    await inject('no-image', { name: 'debugger', image: 'nicolaka/nosuch:1', command: ['sleep', '1'] });
    const missing =
      'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/nicolaka/nosuch:1": ' +
      'failed to resolve image: docker.io/nicolaka/nosuch:1: not found';
    const creating = await until('no-image', 'debugger', ({ state }) => state.waiting !== undefined);
    expect(creating.state.waiting).toEqual({ reason: 'ContainerCreating' });
    const failed = await until(
      'no-image',
      'debugger',
      ({ state }) => state.waiting?.reason !== 'ContainerCreating',
    );
    expect(failed.state.waiting).toEqual({ reason: 'ErrImagePull', message: missing });
    const later = await until(
      'no-image',
      'debugger',
      ({ state }) => state.waiting?.reason === 'ImagePullBackOff',
    );
    expect(later.state.waiting?.message).toBe(
      `Back-off pulling image "nicolaka/nosuch:1": ErrImagePull: ${missing}`,
    );
    const said = await events('no-image', 'debugger');
    expect(said.map(({ type, reason, message }) => `${type} ${reason}: ${message}`)).toEqual(
      expect.arrayContaining([
        'Normal Pulling: Pulling image "nicolaka/nosuch:1"',
        `Warning Failed: Failed to pull image "nicolaka/nosuch:1": ${missing}`,
        'Warning Failed: Error: ErrImagePull',
        'Normal BackOff: Back-off pulling image "nicolaka/nosuch:1"',
        'Warning Failed: Error: ImagePullBackOff',
      ]),
    );
    expect(
      said.every(({ involvedObject }) => involvedObject.fieldPath === 'spec.ephemeralContainers{debugger}'),
    ).toBe(true);
  });

  test.each([
    [
      'never',
      'ErrImageNeverPull',
      'Container image "nicolaka/nosuch:1" is not present with pull policy of Never',
      { image: 'nicolaka/nosuch:1', imagePullPolicy: 'Never' },
    ],
    [
      'badimg',
      'InvalidImageName',
      'Failed to apply default image tag "UPPER/Case:tag": couldn\'t parse image name "UPPER/Case:tag": invalid reference format: repository name (Case) must be lowercase',
      { image: 'UPPER/Case:tag' },
    ],
    [
      'denied',
      'ErrImagePull',
      'rpc error: code = Unknown desc = failed to pull and unpack image "registry.example/denied:1": failed to resolve image: unexpected status from HEAD request to https://registry.example/v2/denied/manifests/1: 403 Forbidden',
      { image: 'registry.example/denied:1' },
    ],
    [
      'nocm',
      'CreateContainerConfigError',
      'configmap "nosuch" not found',
      { image: 'busybox:1.36', envFrom: [{ configMapRef: { name: 'nosuch' } }] },
    ],
  ])('%s waits with %s', async (name, reason, message, container) => {
    await cluster.apply(pod({ name: `f-${name}` }));
    await cluster.ready('default', `f-${name}`);
    await inject(`f-${name}`, { name, command: ['sleep', '1000'], ...container });
    const status = await until(`f-${name}`, name, ({ state }) => state.waiting?.reason === reason);
    expect(status).toMatchObject({ state: { waiting: { reason, message } }, lastState: {}, imageID: '' });
    expect(status).not.toHaveProperty('containerID');
  });

  test('that may not run as root with an image that does', async () => {
    await inject('host-of-many', {
      name: 'rootimg',
      image: 'nicolaka/netshoot:v0.13',
      securityContext: { runAsNonRoot: true },
    });
    const status = await until(
      'host-of-many',
      'rootimg',
      ({ state }) => state.waiting?.reason === 'CreateContainerConfigError',
    );
    const { metadata } = await seen('host-of-many', () => true);
    const message = `container has runAsNonRoot and image will run as root (pod: "host-of-many_default(${metadata.uid})", container: rootimg)`;
    expect(status.state.waiting?.message).toBe(message);
    expect(await events('host-of-many', 'rootimg')).toContainEqual(
      expect.objectContaining({ type: 'Warning', reason: 'Failed', message: `Error: ${message}` }),
    );
  });

  const runc =
    'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: ' +
    'unable to start container process: error during container init: ';
  test.each([
    ['nocmd', ['no-such-command'], {}, 'exec: "no-such-command": executable file not found in $PATH'],
    ['noexec', ['/etc/passwd'], {}, 'exec: "/etc/passwd": permission denied'],
    ['nocwd', ['true'], { workingDir: '/proc/nosuch' }, 'mkdir /proc/nosuch: no such file or directory'],
  ])('%s cannot be started and stays so', async (name, command, more, why) => {
    await cluster.apply(pod({ name: `f-${name}` }));
    await cluster.ready('default', `f-${name}`);
    await inject(`f-${name}`, { name, image: 'busybox:1.36', command, ...more });
    const status = await until(
      `f-${name}`,
      name,
      ({ state }) => state.waiting?.reason === 'RunContainerError',
    );
    expect(status).toMatchObject({
      state: { waiting: { reason: 'RunContainerError', message: `${runc}${why}` } },
      lastState: {
        terminated: {
          exitCode: 128,
          reason: 'StartError',
          message: `${runc}${why}`,
          startedAt: '1970-01-01T00:00:00Z',
        },
      },
      restartCount: 0,
    });
    const log = await cluster.request(
      'GET',
      `/api/v1/namespaces/default/pods/f-${name}/log?container=${name}`,
    );
    expect(log).toMatchObject({ status: 200, body: '' });
  });

  test.each([
    ['exit0', 'echo bye', {}, { exitCode: 0, reason: 'Completed' }],
    [
      'exit3',
      'echo oops >&2; exit 3',
      { terminationMessagePolicy: 'FallbackToLogsOnError' },
      { exitCode: 3, reason: 'Error', message: 'oops\n' },
    ],
    [
      'exit4',
      'echo why > /dev/termination-log; exit 4',
      {},
      { exitCode: 4, reason: 'Error', message: 'why\n' },
    ],
  ])('%s ends and is not started again', async (name, script, more, terminated) => {
    await cluster.apply(pod({ name: `f-${name}` }));
    await cluster.ready('default', `f-${name}`);
    await inject(`f-${name}`, { name, image: 'busybox:1.36', command: ['sh', '-c', script], ...more });
    const status = await until(`f-${name}`, name, ({ state }) => state.terminated !== undefined);
    expect(status).toMatchObject({ state: { terminated }, lastState: {}, restartCount: 0 });
    await expect(
      openSession(cluster, { pod: `f-${name}`, container: name, command: ['true'] }),
    ).rejects.toThrow(`500: container not found ("${name}")`);
  });

  test('events of one pod stop after 25', async () => {
    for (let index = 0; index < 9; index += 1) {
      const name = `m0${index}`;
      await inject('twelve', { name, image: 'busybox:1.36', command: ['sleep', '1000'] });
      await until('twelve', name, ({ state }) => state.running !== undefined);
    }
    const fromKubelet = (await events('twelve')).filter(({ reason }) => reason !== 'Scheduled');
    expect(fromKubelet).toHaveLength(25);
    expect(await events('twelve', 'm07')).toHaveLength(1);
    expect(await events('twelve', 'm08')).toHaveLength(0);
  });
});

describe('a pod', () => {
  test('that ends by itself: Succeeded, Failed, and its log stays', async () => {
    const once = (name: string, code: number) =>
      pod({
        name,
        image: 'busybox:1.36',
        command: ['sh', '-c', `echo finished; exit ${code}`],
        spec: { restartPolicy: 'Never' },
      });
    for (const [name, code, phase, reason] of [
      ['done', 0, 'Succeeded', 'PodCompleted'],
      ['broken', 3, 'Failed', 'PodFailed'],
    ] as const) {
      await cluster.apply(once(name, code));
      const { status } = await seen(
        name,
        ({ status: now }) =>
          now.phase === phase &&
          now.conditions.some(
            ({ type, status: is }) => type === 'PodReadyToStartContainers' && is === 'False',
          ),
      );
      expect(status.containerStatuses?.[0]?.state.terminated?.exitCode).toBe(code);
      expect(status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
        status: 'False',
        reason,
      });
      expect((await cluster.request('GET', `/api/v1/namespaces/default/pods/${name}/log`)).body).toBe(
        'finished\n',
      );
    }
  });

  test('that crashes is started again, with back-off, and shows its last end', async () => {
    await cluster.apply(
      pod({ name: 'crash', image: 'busybox:1.36', command: ['sh', '-c', 'echo about to fail; exit 3'] }),
    );
    const { status, metadata } = await seen(
      'crash',
      ({ status: now }) => now.containerStatuses?.[0]?.state.waiting?.reason === 'CrashLoopBackOff',
    );
    const [container] = status.containerStatuses ?? [];
    expect(container).toMatchObject({
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: expect.stringMatching(
            /^back-off .*s restarting failed container=main pod=crash_default\(/,
          ),
        },
      },
      lastState: { terminated: { exitCode: 3, reason: 'Error' } },
      ready: false,
      started: false,
    });
    expect(container?.restartCount).toBeGreaterThanOrEqual(1);
    const previous = await cluster.request('GET', '/api/v1/namespaces/default/pods/crash/log?previous=true');
    expect(previous.body).toBe('about to fail\n');
    expect(await events('crash', 'main')).toContainEqual(
      expect.objectContaining({
        type: 'Warning',
        reason: 'BackOff',
        message: `Back-off restarting failed container main in pod crash_default(${metadata.uid})`,
      }),
    );
  });

  test('waits for its init containers', async () => {
    const spec = {
      initContainers: [
        {
          name: 'first',
          image: 'busybox:1.36',
          command: ['sh', '-c', 'while [ ! -e /shared/go ]; do sleep 0.05; done'],
          volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
        },
      ],
      volumes: [{ name: 'shared', emptyDir: {} }],
    };
    await cluster.apply(pod({ name: 'init', spec }));
    const { status } = await seen(
      'init',
      ({ status: now }) => now.initContainerStatuses?.[0]?.state.running !== undefined,
    );
    expect(status.phase).toBe('Pending');
    expect(status.containerStatuses?.[0]?.state.waiting).toEqual({ reason: 'PodInitializing' });
    expect(status.conditions.find(({ type }) => type === 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
    });
    expect((await runIn(cluster, 'init', ['touch', '/shared/go'], 'first')).code).toBe(0);
    await cluster.ready('default', 'init');
  });

  test('is ready when its probe says so', async () => {
    const probe = { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 1 };
    await cluster.apply(
      pod({
        name: 'probed',
        spec: {
          containers: [
            {
              name: 'main',
              image: 'busybox:1.36',
              command: ['httpd', '-f', '-p', '8080', '-h', '/srv'],
              readinessProbe: probe,
            },
          ],
        },
      }),
    );
    const { status } = await seen('probed', ({ status: now }) => now.phase === 'Running');
    expect(status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
    });
    await said('probed', 'Readiness probe failed: ');
    expect((await runIn(cluster, 'probed', ['touch', '/srv/ready'])).code).toBe(0);
    await cluster.ready('default', 'probed');
  });

  test('whose liveness probe fails is started again', async () => {
    const livenessProbe = {
      exec: { command: ['test', '!', '-e', '/sick'] },
      periodSeconds: 1,
      failureThreshold: 1,
    };
    const container = { name: 'main', image: 'busybox:1.36', command: ['sleep', '1000'], livenessProbe };
    await cluster.apply(pod({ name: 'sick', spec: { containers: [container] } }));
    await cluster.ready('default', 'sick');
    expect((await runIn(cluster, 'sick', ['touch', '/sick'])).code).toBe(0);
    const { status } = await seen(
      'sick',
      ({ status: now }) => now.containerStatuses?.[0]?.restartCount === 1,
    );
    expect(status.containerStatuses?.[0]?.lastState.terminated?.exitCode).toBe(137);
    expect((await events('sick', 'main')).map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'Liveness probe failed: command exited with 1',
        'Container main failed liveness probe, will be restarted',
      ]),
    );
  });

  test('whose image is slow to pull waits, and says how long it took', async () => {
    await cluster.apply(pod({ name: 'slow', image: 'registry.example/slow:1' }));
    const { status } = await seen(
      'slow',
      ({ status: now }) => now.containerStatuses?.[0]?.state.waiting !== undefined,
    );
    expect(status.containerStatuses?.[0]?.state.waiting).toEqual({ reason: 'ContainerCreating' });
    await cluster.ready('default', 'slow');
    expect((await events('slow', 'main')).map(({ message }) => message)).toContain(
      'Successfully pulled image "registry.example/slow:1" in 3s (3s including waiting). Image size: 352000836 bytes.',
    );
  });

  test('no node matches: FailedScheduling, and nothing more', async () => {
    await cluster.apply(pod({ name: 'nowhere', spec: { nodeSelector: { disk: 'none' } } }));
    const { status } = await seen('nowhere', ({ status: now }) => now.conditions.length > 0);
    expect(status).toMatchObject({
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }],
    });
    expect(await events('nowhere')).toEqual([
      expect.objectContaining({
        type: 'Warning',
        reason: 'FailedScheduling',
        message:
          "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
      }),
    ]);
  });

  test('past its deadline is ended: Failed, DeadlineExceeded', async () => {
    await cluster.apply(
      pod({
        name: 'late',
        command: ['sleep', '1000'],
        spec: { activeDeadlineSeconds: 1, terminationGracePeriodSeconds: 0, restartPolicy: 'Never' },
      }),
    );
    await cluster.ready('default', 'late');
    const session = await openSession(cluster, { pod: 'late', command: ['sleep', '1000'] });
    const { status } = await seen('late', ({ status: now }) => now.phase === 'Failed');
    expect(status).toMatchObject({
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
      containerStatuses: [{ state: { terminated: { exitCode: 137 } } }],
    });
    expect((await session.ended)?.message).toContain('exit code 137');
  });

  test('deleted with grace: what ignores SIGTERM is killed when it is over, execs end with 137', async () => {
    await cluster.apply(pod({ name: 'stubborn', command: ['sleep', '1000'] }));
    await cluster.ready('default', 'stubborn');
    const session = await openSession(cluster, { pod: 'stubborn', command: ['sleep', '1000'] });
    const before = Date.now();
    const answer = await cluster.request('DELETE', '/api/v1/namespaces/default/pods/stubborn');
    expect(answer).toMatchObject({ status: 200, body: { metadata: { deletionGracePeriodSeconds: 1 } } });
    await cluster.waitFor({ name: 'stubborn', namespace: 'default' }, (object) => object === undefined);
    expect(Date.now() - before).toBeGreaterThanOrEqual(950);
    expect((await session.ended)?.message).toContain('exit code 137');
    expect(await events('stubborn', 'main')).toContainEqual(
      expect.objectContaining({ reason: 'Killing', message: 'Stopping container main' }),
    );
  });

  test('deleted with grace 0: gone at once, its name is free, its container lives on a moment', async () => {
    const manifest = pod({ name: 'abrupt', command: ['sleep', '1000'] });
    await cluster.apply(manifest);
    await cluster.ready('default', 'abrupt');
    const session = await openSession(cluster, {
      pod: 'abrupt',
      command: ['sh', '-c', 'echo ready; sleep 1000'],
    });
    await session.until(() => session.stdout.includes('ready'));
    const before = Date.now();
    await cluster.request('DELETE', '/api/v1/namespaces/default/pods/abrupt?gracePeriodSeconds=0');
    expect((await cluster.request('POST', '/api/v1/namespaces/default/pods', manifest)).status).toBe(201);
    expect((await session.ended)?.message).toContain('exit code 137');
    expect(Date.now() - before).toBeGreaterThanOrEqual(timing.minimumGraceMs - 20);
    await cluster.ready('default', 'abrupt');
  });
});
