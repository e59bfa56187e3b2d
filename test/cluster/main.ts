/**
 * The cluster process. It is started by harness.ts inside the sandbox's namespaces as their first process, is told what to
 * do over the IPC channel, and ends, with everything in the namespaces, when that channel does.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { createCluster, type LocalCluster } from './cluster.js';
import { removeClusterDir } from './dirs.js';
import type { CallMessage, ClusterSetup, ReplyMessage } from './ipc.js';

let cluster: LocalCluster | undefined;
let dir: string | undefined;

async function start(setup: ClusterSetup): Promise<void> {
  dir = setup.dir;
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  cluster = await createCluster(setup);
}

async function dispatch({ method, args }: CallMessage, handle: Server | undefined): Promise<unknown> {
  if (method === 'start') {
    return start(args[0] as ClusterSetup);
  }
  if (!cluster) {
    throw new Error('the cluster was not started');
  }
  if (method === 'listen') {
    if (!handle) {
      throw new Error('no socket came with the call');
    }
    return cluster.listen(handle);
  }
  const called = cluster.calls[method] as (...values: readonly unknown[]) => Promise<unknown>;
  return called(...args);
}

/** Layers and pods are mounted in the directory; nobody uses them any more. */
function unmountBelow(folder: string): void {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${folder}/`));
  if (mounts.length > 0) {
    execFileSync('umount', ['-l', ...mounts.reverse()]);
  }
}

/** Ends all processes of these namespaces and removes what the cluster has written. */
function end(): void {
  try {
    // As the first process of its namespace this one is spared.
    process.kill(-1, 'SIGKILL');
  } catch {
    // Nobody else is left.
  }
  if (dir !== undefined && process.pid === 1) {
    try {
      unmountBelow(dir);
      removeClusterDir(dir);
    } catch (error) {
      // The harness removes it as well, and the next start does when there is no harness any more.
      console.error(error);
    }
  }
  process.exit(0);
}

process.on('message', (message, handle) => {
  const call = message as CallMessage;
  dispatch(call, handle as Server | undefined).then(
    (value) => process.send?.({ id: call.id, value } satisfies ReplyMessage),
    (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.send?.({ id: call.id, error: text } satisfies ReplyMessage);
    },
  );
});
process.on('disconnect', end);
process.on('SIGTERM', end);
// Ctrl-C goes to the whole group of a terminal; the harness decides what it means.
process.on('SIGINT', () => undefined);
