/** Connections into a pod's network namespace, as port-forward makes them. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { WebSocket } from 'ws';
import { startCluster, type TestCluster } from '../../cluster/harness.js';
import { pod } from '../../cluster/manifests.js';

let cluster: TestCluster;

beforeAll(async () => {
  // On localhost only: reached from inside of the namespace or not at all.
  const command = ['httpd', '-f', '-p', '127.0.0.1:8080', '-h', '/srv'];
  cluster = await startCluster({ nodes: 1, objects: [pod({ name: 'web', image: 'busybox:1.36', command })] });
}, 60_000);

afterAll(() => cluster.stop());

/** What came on data (0) and error (1), behind the two bytes that name the port. */
async function forward(port: number, request: string): Promise<{ data: string; error: string }> {
  const url = `${cluster.server}/api/v1/namespaces/default/pods/web/portforward?ports=${port}`;
  const socket = new WebSocket(url, ['v4.channel.k8s.io'], {
    ca: readFileSync(cluster.caFile),
    cert: readFileSync(path.join(cluster.dir, 'admin.crt')),
    key: readFileSync(path.join(cluster.dir, 'admin.key')),
  });
  const seen: [Buffer[], Buffer[]] = [[], []];
  const over = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      seen[data[0] === 0 ? 0 : 1].push(data.subarray(1));
      const [data0, error] = seen.map((list) => Buffer.concat(list));
      if ((error?.length ?? 0) > 2 || data0?.includes('ok\n')) resolve();
    });
    socket.on('close', () => resolve());
  });
  await once(socket, 'open');
  socket.send(Buffer.concat([Buffer.from([0]), Buffer.from(request)]));
  await over;
  socket.terminate();
  const [data, error] = seen.map((list) => Buffer.concat(list).subarray(2).toString());
  return { data: data ?? '', error: error ?? '' };
}

test('reaches a server on the pod’s localhost', async () => {
  const { data } = await forward(8080, 'GET / HTTP/1.0\r\n\r\n');
  expect(data).toMatch(/^HTTP\/1\.\d 200 OK\r\n/);
  expect(data.endsWith('ok\n')).toBe(true);
});

test('a port that nobody listens on is refused, in the words of the runtime', async () => {
  const { error } = await forward(9, 'x');
  expect(error).toContain('failed to connect to localhost:9 inside namespace');
  expect(error).toContain('connection refused');
});
