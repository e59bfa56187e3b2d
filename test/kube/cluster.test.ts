import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { selfSubjectAccessReview } from '../../src/kube/access.js';
import type { ExecEnd, ExecRequest, KubeApi } from '../../src/kube/api.js';
import { connect } from '../../src/kube/connect.js';
import { podPath, podsPath } from '../../src/kube/paths.js';
import type { Pod } from '../../src/kube/types.js';
import { startCluster } from '../cluster/harness.js';
import type { TestCluster } from '../cluster/harness.js';

/** The same client against real processes: the local API server and its kubelet. */
let cluster: TestCluster;
let api: KubeApi;

const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app: 'web' } },
  spec: {
    containers: [{ name: 'main', image: 'registry.example/toolbox:1', command: ['sleep', '1000000'] }],
  },
});

beforeAll(async () => {
  cluster = await startCluster({ nodes: 1, objects: [pod('a'), pod('b'), pod('c')] });
  api = await connect({ kubeconfig: cluster.kubeconfig, namespace: 'shop', env: {}, homeDir: '/' });
}, 60_000);
afterEach(() => cluster.clearFaults());
afterAll(async () => {
  api.close();
  await cluster.stop();
});

async function collect(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

async function run(
  script: string,
  more: Partial<ExecRequest> = {},
  input?: string,
): Promise<{ out: string; err: string; end: ExecEnd }> {
  const session = await api.exec({
    namespace: 'shop',
    pod: 'a',
    container: 'main',
    argv: ['sh', '-c', script],
    stdin: input !== undefined,
    ...more,
  });
  if (input !== undefined) session.stdin.end(input);
  const [out, err, end] = await Promise.all([collect(session.stdout), collect(session.stderr), session.done]);
  return { out, err, end };
}

describe('exec', () => {
  test('stdout, stderr, exit code', async () => {
    expect(await run('echo out; echo err >&2; exit 7')).toEqual({
      out: 'out\n',
      err: 'err\n',
      end: { kind: 'exited', exitCode: 7 },
    });
  });

  test('stdin to its half-close, larger than any buffer', async () => {
    const input = 'line of text\n'.repeat(400_000);
    const { out, end } = await run('sha1sum', {}, input);
    expect(end).toEqual({ kind: 'exited', exitCode: 0 });
    expect(out.slice(0, 40)).toBe(createHash('sha1').update(input).digest('hex'));
  });

  test('64 MiB arrive whole', async () => {
    const session = await api.exec({
      namespace: 'shop',
      pod: 'a',
      container: 'main',
      argv: ['head', '-c', String(64 * 1024 * 1024), '/dev/zero'],
    });
    session.stderr.resume();
    let bytes = 0;
    await pipeline(session.stdout, async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) bytes += chunk.length;
    });
    expect(await session.done).toEqual({ kind: 'exited', exitCode: 0 });
    expect(bytes).toBe(64 * 1024 * 1024);
  });

  test('a command that is not there', async () => {
    const { end } = await run('', { argv: ['no-such-command'] });
    expect(end).toMatchObject({ kind: 'failed', error: { exitCode: 8 } });
    expect(end.kind === 'failed' && end.error.message).toContain('no-such-command');
  });

  test('a pod and a container that are not there', async () => {
    await expect(run('true', { pod: 'nosuch' })).rejects.toMatchObject({ code: 404, exitCode: 6 });
    await expect(run('true', { container: 'nosuch' })).rejects.toMatchObject({ code: 400, exitCode: 6 });
  });

  test('close() ends what reads stdin', async () => {
    const session = await api.exec({
      namespace: 'shop',
      pod: 'b',
      container: 'main',
      argv: ['cat'],
      stdin: true,
    });
    session.stdin.write('here\n');
    await once(session.stdout, 'readable');
    session.close();
    expect(await session.done).toMatchObject({ kind: 'lost', closedByUs: true });
    const gone = async (): Promise<boolean> =>
      (await cluster.processes('shop', 'b')).every((each) => !each.argv.includes('cat'));
    while (!(await gone())) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test.each(['end', 'reset'] as const)(
    'a connection that is cut (%s) is lost, with what came',
    async (how) => {
      await cluster.fault({ kind: 'drop', match: { upgrade: true }, afterBytes: 300_000, how });
      const { out, end } = await run('yes');
      expect(end).toMatchObject({ kind: 'lost', closedByUs: false, stdoutBytes: out.length });
      // A reset throws away what the sending kernel still holds, so only the part before it is sure to come.
      expect(out.length).toBeGreaterThan(how === 'end' ? 100_000 : 0);
      expect(out === 'y\n'.repeat(out.length).slice(0, out.length)).toBe(true);
    },
  );

  test.each(['forward', 200, 400] as const)('a proxy that strips Upgrade (%s)', async (answer) => {
    await cluster.fault({ kind: 'strip-upgrade', answer });
    await expect(run('true')).rejects.toMatchObject({ exitCode: 4 });
    await cluster.clearFaults();
    await cluster.fault({ kind: 'strip-upgrade', answer });
    await expect(run('true')).rejects.toThrow('does not let websockets through');
  });

  test('without the right: the rule to ask for', async () => {
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
    const kubeconfig = await cluster.user('reader', { namespace: 'shop', rules });
    const reader = await connect({ kubeconfig, env: {}, homeDir: '/' });
    expect(reader.namespace).toBe('shop');
    const refused = reader.exec({ namespace: 'shop', pod: 'a', container: 'main', argv: ['true'] });
    await expect(refused).rejects.toMatchObject({ code: 403, exitCode: 5 });
    await expect(refused).rejects.toMatchObject({
      forbidden: { user: 'reader', verbs: ['get', 'create'], resource: 'pods/exec', namespace: 'shop' },
    });
    const may = { namespace: 'shop', resource: 'pods' };
    expect((await selfSubjectAccessReview(reader, { ...may, verb: 'get' })).allowed).toBe(true);
    expect(
      (await selfSubjectAccessReview(reader, { ...may, verb: 'create', subresource: 'exec' })).allowed,
    ).toBe(false);
    reader.close();
  });
});

describe('reads', () => {
  test('a list in pages is the list in one', async () => {
    const inOne = await api.list<Pod>(podsPath('shop'));
    const inPages = await api.list<Pod>(podsPath('shop'), { limit: 1 });
    expect(inPages.items.map((each) => each.metadata.name)).toEqual(['a', 'b', 'c']);
    expect(inPages.items).toEqual(inOne.items);
  });

  test('a continue that expires is no trouble', async () => {
    const id = await cluster.fault({ kind: 'gone', match: { path: 'continue=' } });
    expect((await api.list<Pod>(podsPath('shop'), { limit: 1 })).items).toHaveLength(3);
    expect(await cluster.faultHits(id)).toBe(1);
  });

  test('429, 503 and resets are ridden out', async () => {
    const ids = [
      await cluster.fault({ kind: 'status', code: 429, retryAfterSeconds: 0 }),
      await cluster.fault({ kind: 'status', code: 503, match: { skip: 1 } }),
      await cluster.fault({ kind: 'reset', match: { skip: 2 } }),
    ];
    expect((await api.get<Pod>(podPath('shop', 'a'))).metadata.name).toBe('a');
    for (const id of ids) expect(await cluster.faultHits(id)).toBe(1);
  });

  test('an API server that is slower than the deadline', async () => {
    await cluster.fault({ kind: 'delay', ms: 5000 });
    await expect(api.get(podPath('shop', 'a'), { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      exitCode: 4,
    });
  });

  test('logs follow as they are written', async () => {
    const talker = pod('talker');
    const script = 'n=0; while [ $n -lt 1000 ]; do echo line $n; n=$((n+1)); sleep 0.05; done';
    await cluster.apply({
      ...talker,
      spec: { containers: [{ ...talker.spec.containers[0], command: ['sh', '-c', script] }] },
    });
    await cluster.ready('shop', 'talker');
    const path = podPath('shop', 'talker', 'log');
    const controller = new AbortController();
    const log = await api.stream(path, { query: { follow: true }, signal: controller.signal });
    let text = '';
    log
      .setEncoding('utf8')
      .on('data', (more: string) => (text += more))
      .on('error', () => undefined);
    while (!text.includes('line 5\n')) await once(log, 'data');
    controller.abort();
    expect(text.startsWith('line 0\nline 1\n')).toBe(true);
    expect(await api.text(path, { limitBytes: 6 })).toBe('line 0');
    await cluster.remove(talker);
  });
});

describe('watch', () => {
  const labelled = (name: string, app: string) => ({
    ...pod(name),
    metadata: { name, namespace: 'shop', labels: { app } },
  });

  /** What is seen of two pods, the second made after `between`, until that one comes. */
  async function seenOf(app: string, between: () => Promise<unknown>): Promise<string[]> {
    const labelSelector = `app=${app}`;
    const { resourceVersion } = await api.list<Pod>(podsPath('shop'), { labelSelector });
    const change = async (): Promise<void> => {
      await cluster.apply(labelled(`${app}-1`, app));
      await cluster.ready('shop', `${app}-1`);
      await between();
      await cluster.apply(labelled(`${app}-2`, app));
    };
    const changing = change();
    const seen: string[] = [];
    for await (const { type, object } of api.watch<Pod>(podsPath('shop'), {
      resourceVersion,
      labelSelector,
      timeoutMs: 25_000,
    })) {
      seen.push(`${type} ${object.metadata.name}`);
      if (object.metadata.name === `${app}-2`) break;
    }
    await changing;
    return seen;
  }

  test('sees changes as they happen', async () => {
    const seen = await seenOf('plain', () => Promise.resolve());
    expect(seen[0]).toBe('ADDED plain-1');
    expect(seen.at(-1)).toBe('ADDED plain-2');
  });

  test('goes on over a restart of the API server, without repeating', async () => {
    const seen = await seenOf('restart', () => cluster.restartApiServer({ downMs: 700 }));
    expect(seen.filter((each) => each === 'ADDED restart-1')).toHaveLength(1);
    expect(seen.at(-1)).toBe('ADDED restart-2');
  });

  test('starts over when the server has forgotten: what there is comes again', async () => {
    const seen = await seenOf('gone', async () => {
      await cluster.fault({ kind: 'gone', match: { path: 'watch=' } });
      await cluster.restartApiServer({ downMs: 100 });
    });
    expect(seen.filter((each) => each === 'ADDED gone-1').length).toBeGreaterThan(1);
    expect(seen.at(-1)).toBe('ADDED gone-2');
  });
});
