import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import https from 'node:https';
import type { Fault } from '../cluster/faults.js';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';
import { credentialsOf, execRequest, record, upgrade, type Access } from './recorder.js';
import { Recording } from './recording.js';

let cluster: TestCluster;
let access: Access;

const target = { pod: 'tools' };
const pods = '/api/v1/namespaces/default/pods';

beforeAll(async () => {
  cluster = await startCluster({ objects: [pod({ name: 'tools' })] });
  access = { server: cluster.server, kubeconfig: cluster.kubeconfig };
}, 60_000);

afterEach(() => cluster.clearFaults());
afterAll(() => cluster.stop());

interface Fetched {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
  /** What ended the body too early. */
  readonly cutBy?: string;
}

/** A request on a connection of its own, to the end of its body or of its connection. */
function fetchOnce(path: string): Promise<Fetched> {
  const tls = credentialsOf(cluster.kubeconfig);
  return new Promise((resolve, reject) => {
    const request = https.get(new URL(path, cluster.server), { ...tls, agent: false }, (response) => {
      let body = '';
      const done = (cutBy?: string): void =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body,
          ...(cutBy ? { cutBy } : {}),
        });
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => done()).on('error', (error) => done(error.message));
    });
    request.on('error', reject);
  });
}

describe('a dropped stream', () => {
  const endless = ['sh', '-c', 'while :; do echo 0123456789; done'];

  async function dropped(
    fault: Omit<Extract<Fault, { kind: 'drop' }>, 'kind'>,
    command: readonly string[] = endless,
  ): Promise<Recording> {
    const id = await cluster.fault({ kind: 'drop', match: { path: '/exec\\?', upgrade: true }, ...fault });
    const session = await record(access, execRequest(target, command));
    await session.until('its end', () => session.over);
    expect(await cluster.faultHits(id)).toBe(1);
    return session;
  }

  test('after so many bytes, within a frame, has neither close frame nor status', async () => {
    const session = await dropped({ afterBytes: 100_001 });
    await session.ended;
    expect(session.closeCode).toBeUndefined();
    expect(session.data(3).length).toBe(0);
    const received = session.data(1).length;
    expect(received).toBeGreaterThan(50_000);
    expect(received).toBeLessThan(100_001);
  });

  test('with a close frame ends at the end of a frame', async () => {
    const session = await dropped({ afterBytes: 100_000, closeFrame: true });
    expect(session.closeCode).toBe(1000);
    expect(session.data(3).length).toBe(0);
    expect(session.data(1).length).toBeGreaterThan(90_000);
  });

  test('after so much time', async () => {
    const began = performance.now();
    const session = await dropped({ afterMs: 300 });
    expect(performance.now() - began).toBeGreaterThan(290);
    expect(session.closeCode).toBeUndefined();
  });

  test('by a reset', async () => {
    // On a quiet connection: behind unread data libuv takes a RST for an end.
    const session = await dropped({ afterMs: 1_000, how: 'reset' }, ['sleep', '1000']);
    expect(session.fin).toBe(false);
  });

  test('in silence: nothing comes, not even an answer to pings', async () => {
    await cluster.fault({
      kind: 'drop',
      match: { path: '/exec' },
      afterMs: 200,
      how: 'silent',
      noticedAfterMs: 1_500,
    });
    const session = await record(access, execRequest(target, ['sh', '-c', 'sleep 100']));
    session.frame('ping', Buffer.from('before'));
    await session.until('a pong', () => session.seen.some(({ opcode }) => opcode === 'pong'));
    await new Promise((resolve) => setTimeout(resolve, 400));
    session.frame('ping', Buffer.from('after'));
    await session.until('its end', () => session.over);
    expect(
      session.seen.filter(({ opcode }) => opcode === 'pong').map(({ payload }) => String(payload)),
    ).toEqual(['before']);
  });
});

describe('a request that is tampered with', () => {
  test('is cut in the middle of its body', async () => {
    await cluster.fault({ kind: 'drop', match: { path: `^${pods}$` }, afterBytes: 700 });
    const cut = await fetchOnce(pods);
    expect(cut.cutBy).toBe('aborted');
    expect((await fetchOnce(pods)).cutBy).toBeUndefined();
  });

  test('is answered 429 with Retry-After, then 500, then as ever', async () => {
    await cluster.fault({ kind: 'status', code: 429, retryAfterSeconds: 7 });
    await cluster.fault({ kind: 'status', code: 500, match: { skip: 1 } });
    const answers = [await fetchOnce(pods), await fetchOnce(pods), await fetchOnce(pods)];
    expect(answers.map(({ status }) => status)).toEqual([429, 500, 200]);
    expect(answers[0]?.headers['retry-after']).toBe('7');
    expect(JSON.parse(answers[0]?.body ?? '')).toMatchObject({
      kind: 'Status',
      reason: 'TooManyRequests',
      code: 429,
    });
  });

  test('is late', async () => {
    await cluster.fault({ kind: 'delay', ms: 300, match: { method: 'GET', path: '/pods/tools$' } });
    const began = performance.now();
    expect((await fetchOnce(`${pods}/tools`)).status).toBe(200);
    expect(performance.now() - began).toBeGreaterThan(290);
  });

  test('is reset', async () => {
    await cluster.fault({ kind: 'reset' });
    await expect(fetchOnce(pods)).rejects.toThrow(/ECONNRESET|socket hang up/);
  });

  test('is met as often as asked, and by the rest not at all', async () => {
    const id = await cluster.fault({ kind: 'status', code: 503, match: { path: '/nodes', times: 2 } });
    const codes = [];
    for (const path of ['/api/v1/nodes', pods, '/api/v1/nodes', '/api/v1/nodes']) {
      codes.push((await fetchOnce(path)).status);
    }
    expect(codes).toEqual([503, 200, 503, 200]);
    expect(await cluster.faultHits(id)).toBe(2);
  });
});

describe('watches', () => {
  test('end with 410 on demand', async () => {
    await cluster.fault({ kind: 'gone', match: { path: 'watch=' } });
    const watch = await fetchOnce(`${pods}?watch=true&timeoutSeconds=5`);
    const event = JSON.parse(watch.body.trim()) as unknown;
    expect(event).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
  });

  test('from before a compaction end with 410', async () => {
    const list = JSON.parse((await fetchOnce(pods)).body) as { metadata: { resourceVersion: string } };
    await cluster.apply(pod({ name: 'tools', labels: { changed: 'yes' } }));
    await cluster.compact();
    const watch = await fetchOnce(
      `${pods}?watch=true&timeoutSeconds=5&resourceVersion=${list.metadata.resourceVersion}`,
    );
    expect(watch.body).toContain('"code":410');
  });
});

describe('a throttled stream', () => {
  test('takes its time, and all of it arrives', async () => {
    await cluster.fault({ kind: 'throttle', bytesPerSecond: 1_000_000, match: { path: '/exec' } });
    const began = performance.now();
    const session = await record(access, execRequest(target, ['head', '-c', '600000', '/dev/zero']));
    await session.until('its end', () => session.over);
    expect(session.data(1).length).toBe(600_000);
    expect(performance.now() - began).toBeGreaterThan(500);
    expect(session.closeCode).toBe(1000);
  });

  test('holds the writer back', async () => {
    await cluster.fault({ kind: 'throttle', bytesPerSecond: 10_000, match: { path: '/exec' } });
    const command = ['head', '-c', '50000000', '/dev/zero'];
    const session = await record(access, execRequest(target, command));
    await session.until('the first bytes', () => session.data(1).length > 0);
    const all = await cluster.processes('default', 'tools');
    const pid = all.find(({ argv }) => argv.join(' ') === command.join(' '))?.pid;
    await new Promise((resolve) => setTimeout(resolve, 500));
    const io = await cluster.run(['cat', `/proc/${pid}/io`]);
    expect(Number(/wchar: (\d+)/.exec(io.stdout)?.[1])).toBeLessThan(5_000_000);
    session.destroy();
  });
});

describe('a proxy without upgrades', () => {
  test.each([200, 400] as const)('answers %d by itself', async (status) => {
    await cluster.fault({ kind: 'strip-upgrade', answer: status });
    const answer = await upgrade(access, execRequest(target, ['true']));
    expect(answer).toMatchObject({ status });
  });

  test('drops the headers, and the API server says so', async () => {
    await cluster.fault({ kind: 'strip-upgrade' });
    const answer = await upgrade(access, execRequest(target, ['true']));
    expect(answer).toMatchObject({ status: 400 });
    expect(answer instanceof Recording ? '' : answer.body).toContain('Upgrade request required');
  });
});

describe('the cluster itself', () => {
  test('has a slow kubelet', async () => {
    await cluster.fault({ kind: 'slow-kubelet', ms: 400 });
    const began = performance.now();
    const session = await record(access, execRequest(target, ['true']));
    await session.until('its end', () => session.over);
    expect(performance.now() - began).toBeGreaterThan(390);
  });

  test('has a clock that is ahead', async () => {
    const hourMs = 3_600_000;
    await cluster.fault({ kind: 'clock-skew', ms: hourMs });
    const answer = await fetchOnce(pods);
    expect(Date.parse(String(answer.headers.date)) - Date.now()).toBeGreaterThan(hourMs - 10_000);
    const [created] = await cluster.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'later' },
    });
    const { creationTimestamp } = created?.metadata as { creationTimestamp: string };
    expect(Date.parse(creationTimestamp) - Date.now()).toBeGreaterThan(hourMs - 10_000);
  });

  test('restarts its API server: streams end bare, requests are refused, then all is as before', async () => {
    const session = await record(access, execRequest(target, ['sleep', '1000']));
    const restarting = cluster.restartApiServer({ downMs: 400 });
    await session.until('its end', () => session.over);
    expect(session.closeCode).toBeUndefined();
    await expect(fetchOnce(pods)).rejects.toThrow('ECONNREFUSED');
    await restarting;
    expect((await fetchOnce(`${pods}/tools`)).status).toBe(200);
    const again = await record(access, execRequest(target, ['echo', 'again']));
    await again.until('its end', () => again.over);
    expect(again.data(1).toString()).toBe('again\n');
  });
});
