import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { startCluster } from '../cluster/harness.js';

/** Where the demo happens: a namespace with the pods client and web, both ready. */
export interface Place {
  readonly name: string;
  readonly kubeconfig: string | undefined;
  readonly context: string;
  readonly namespace: string;
  /** Removes all that was made. */
  remove(): Promise<void>;
}

const image = 'docker.io/library/busybox:1.37';

function objects(namespace: string): unknown[] {
  const pod = (name: string, command: readonly string[]): unknown => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: name } },
    spec: { terminationGracePeriodSeconds: 1, containers: [{ name, image, command }] },
  });
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    pod('client', ['sleep', '3600']),
    pod('web', ['httpd', '-f', '-p', '8080', '-h', '/etc']),
  ];
}

/** A local cluster of its own. */
export async function localPlace(): Promise<Place> {
  const namespace = 'demo';
  const cluster = await startCluster({ objects: objects(namespace) });
  return {
    name: `local cluster, up with two pods in ${Math.round(cluster.startedInMs)} ms`,
    kubeconfig: cluster.kubeconfig,
    context: 'netdebug-local',
    namespace,
    remove: () => cluster.stop(),
  };
}

/** A context of the user's kubeconfig, in a new namespace. Uses kubectl, as the user would. */
export async function realPlace(context: string, kubeconfig: string | undefined): Promise<Place> {
  const namespace = `netdebug-demo-${randomBytes(3).toString('hex')}`;
  const flags = ['--context', context, ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig])];
  const remove = async (): Promise<void> => {
    console.log(`\nremoving namespace ${namespace}`);
    await kubectl([...flags, 'delete', 'namespace', namespace, '--ignore-not-found', '--timeout=120s']);
  };
  try {
    const documents = objects(namespace).map((object) => JSON.stringify(object));
    await kubectl([...flags, 'apply', '-f', '-'], documents.join('\n'));
    await kubectl([
      ...flags,
      '-n',
      namespace,
      'wait',
      '--for=condition=Ready',
      'pod',
      '--all',
      '--timeout=120s',
    ]);
  } catch (error) {
    // The first failure is the one to tell.
    await remove().catch(() => undefined);
    throw error;
  }
  return {
    name: `context ${context}`,
    kubeconfig: kubeconfig ?? process.env.KUBECONFIG,
    context,
    namespace,
    remove,
  };
}

async function kubectl(args: readonly string[], input = ''): Promise<void> {
  const child = spawn('kubectl', args, { stdio: ['pipe', 'inherit', 'inherit'] });
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('close', resolve).on('error', reject);
  });
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${String(code)}`);
}
