/** The pods that the recordings talk to, in namespace `rec`. */
import { at, type ApiObject } from '../cluster/client.js';
import type { TestCluster } from '../cluster/harness.js';
import { pod, type Manifest, type PodInput } from '../cluster/manifests.js';
import type { Access } from './recorder.js';

const busybox = 'busybox:1.36';
const toolbox = 'nicolaka/netshoot:latest';
const sleeping = ['sleep', '1000000'];

function recorded(input: Omit<PodInput, 'namespace'>): Manifest {
  return pod({ namespace: 'rec', container: 'c', image: busybox, command: sleeping, ...input });
}

/** PID 1 of the container: obeys SIGTERM as the recorded ones did. */
const obeying = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.05; done'];
const ignoring = ['sh', '-c', 'trap "" TERM; while :; do sleep 0.05; done'];
const logging = ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo line-$i; echo err-$i >&2; sleep 1; done'];

const never = { restartPolicy: 'Never' };

/** Every pod the channel recordings name. Which of them become ready is up to their spec. */
const recordedPods: Readonly<Record<string, Manifest>> = {
  multi: recorded({
    name: 'multi',
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        { name: 'main', image: busybox, command: sleeping },
        { name: 'side', image: busybox, command: sleeping },
      ],
    },
  }),
  shell: recorded({ name: 'shell', container: 'net', image: toolbox }),
  slowp: recorded({ name: 'slowp', container: 'net', image: toolbox }),
  'static-go': recorded({
    name: 'static-go',
    spec: { containers: [{ name: 'web', image: 'registry.example/distroless:1' }] },
  }),
  waiting: recorded({ name: 'waiting', image: 'registry.example/nosuch:1' }),
  crash: recorded({ name: 'crash', command: ['sh', '-c', 'echo about to fail $(date +%s); exit 3'] }),
  done: recorded({
    name: 'done',
    spec: { ...never, containers: [{ name: 'c', image: busybox, command: ['sh', '-c', 'echo finished'] }] },
  }),
  't-side': recorded({
    name: 't-side',
    spec: {
      ...never,
      terminationGracePeriodSeconds: 1,
      containers: [
        { name: 'c', image: busybox, command: sleeping },
        { name: 'ended', image: busybox, command: ['true'] },
      ],
    },
  }),
  pending: recorded({ name: 'pending', spec: { nodeSelector: { no: 'such-node' } } }),
  mirror: recorded({ name: 'mirror', spec: { nodeName: 'node-3' } }),
  't-init2': recorded({
    name: 't-init2',
    spec: { initContainers: [{ name: 'i', image: busybox, command: sleeping }] },
  }),
  't-ok': recorded({ name: 't-ok' }),
  'f-noimage': recorded({ name: 'f-noimage' }),
  'f-exit0': recorded({ name: 'f-exit0' }),
  'f-exit3': recorded({ name: 'f-exit3' }),
  'f-nocmd': recorded({ name: 'f-nocmd' }),
  't-att': recorded({ name: 't-att', image: toolbox }),
  logger: recorded({ name: 'logger', command: logging }),
  'l-end': recorded({
    name: 'l-end',
    command: ['sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.2; done; printf "no newline at the end"'],
    spec: {},
  }),
  ...Object.fromEntries(
    ['g-1', 'g-3', 'g-4', 'g-5', 'g-7'].map((name) => [name, recorded({ name, command: obeying })]),
  ),
  'g-2': recorded({ name: 'g-2', command: ignoring, spec: { terminationGracePeriodSeconds: 3 } }),
};

/** What an ephemeral container of the recordings is made of. */
export interface EphemeralInput {
  readonly name: string;
  readonly image?: string;
  readonly command: readonly string[];
  readonly stdin?: boolean;
  readonly stdinOnce?: boolean;
  readonly tty?: boolean;
}

/** Injects a container and waits for a state of it. */
export async function inject(
  cluster: TestCluster,
  podName: string,
  container: EphemeralInput,
  state: 'running' | 'terminated' | 'waiting',
  namespace = 'rec',
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods/${podName}/ephemeralcontainers`;
  const body = { spec: { ephemeralContainers: [{ image: toolbox, ...container }] } };
  const answer = await cluster.request('PATCH', path, body, 'application/strategic-merge-patch+json');
  if (answer.status !== 200) {
    throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  await cluster.waitFor({ namespace, name: podName }, (object) => {
    const statuses = at(object, 'status.ephemeralContainerStatuses') as ApiObject[] | undefined;
    const own = statuses?.find(({ name }) => name === container.name);
    return at(own, `state.${state}`) !== undefined;
  });
}

/** Applies the named pods and waits for those of them that become ready. */
export async function applyRecorded(
  cluster: TestCluster,
  names: readonly string[],
  ready: readonly string[],
): Promise<void> {
  const manifests = names.flatMap((name) => recordedPods[name] ?? []);
  if (manifests.length !== names.length) {
    throw new Error(`a pod of ${names.join(' ')} is not known`);
  }
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'rec' } }, ...manifests);
  await Promise.all(ready.map((name) => cluster.ready('rec', name)));
}

/** Access as a recorded user: the administrator when none is named, `rec-none` without any right. */
export async function recordedAccess(cluster: TestCluster): Promise<(user: string | undefined) => Access> {
  const none = await cluster.user('rec-none', { namespace: 'rec' });
  return (user) => ({ server: cluster.server, kubeconfig: user === undefined ? cluster.kubeconfig : none });
}
