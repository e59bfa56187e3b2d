/** The whole program, completing from an API server that knows only names. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, fileCache } from '../../../plugin/completion/cache.js';
import { clusterSources } from '../../../plugin/completion/cluster.js';
import type { ListedKind } from '../../../plugin/completion/sources.js';
import { noFlags } from '../../../plugin/options/words.js';
import { json } from '../../kube/fake-server.js';
import { type FakeEnvironment, fakeEnvironment, runWords } from '../environment.js';
import { type NamesOptions, type NamesServer, startNamesServer } from './names-server.js';

const started: NamesServer[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.remove()));
});

async function start(options: NamesOptions): Promise<NamesServer> {
  const server = await startNamesServer(options);
  started.push(server);
  return server;
}

function surroundings({ home, kubeconfig }: NamesServer) {
  return { env: { KUBECONFIG: kubeconfig, XDG_CACHE_HOME: join(home, 'cache') }, homeDir: home };
}

async function complete(server: NamesServer, ...typed: readonly string[]): Promise<string[]> {
  const { code, out, err } = await runWords(['__complete', ...typed], surroundings(server));
  expect([code, err]).toEqual([0, '']);
  return out.trimEnd().split('\n');
}

const pods: ListedKind = { group: '', version: 'v1', plural: 'pods', namespaced: true };

describe('names of the cluster', () => {
  test('come as a table without objects, from the namespace of the context, with their state', async () => {
    const server = await start({
      names: { 'shop/pods': ['web-0', 'web-1', 'db-0'], 'shop/services': ['web'] },
    });
    expect(await complete(server, 'tcpdump', 'web')).toEqual(['web-0\tRunning', 'web-1\tRunning', ':4']);
    const [asked] = server.server.seen;
    expect(asked?.path).toBe('/api/v1/namespaces/shop/pods');
    expect(asked?.headers.accept).toBe('application/json;as=Table;g=meta.k8s.io;v=v1');
    expect(Object.fromEntries(asked?.query ?? [])).toEqual({
      limit: '5000',
      resourceVersion: '0',
      includeObject: 'None',
    });
  });

  test('of other namespaces and kinds', async () => {
    const server = await start({
      names: {
        'other/deployments': ['far'],
        namespaces: ['other', 'shop'],
        nodes: ['worker-1'],
        'other/pods': ['far-0'],
      },
    });
    expect(await complete(server, 'tcpdump', 'other/deploy/')).toEqual(['other/deploy/far\tRunning', ':4']);
    expect(await complete(server, 'tcpdump', '-n', '')).toEqual(['other\tRunning', 'shop\tRunning', ':4']);
    expect(await complete(server, 'tcpdump', '-nother', 'f')).toEqual(['far-0\tRunning', ':4']);
    expect(await complete(server, 'ping', 'x', 'no/')).toEqual(['no/worker-1\tRunning', ':4']);
  });

  test('containers of a pod, and of the template of a workload', async () => {
    const spec = { containers: [{ name: 'app', image: 'app:1' }], initContainers: [{ name: 'proxy' }] };
    const server = await start({
      objects: {
        '/api/v1/namespaces/shop/pods/web-0': { spec },
        '/apis/apps/v1/namespaces/other/deployments/api': { spec: { template: { spec } } },
      },
    });
    expect(await complete(server, 'ping', 'web-0', '--target', '')).toEqual(['app\tapp:1', 'proxy', ':4']);
    expect(await complete(server, 'logs', 'other/deploy/api', '-c', 'p')).toEqual(['proxy', ':4']);
  });

  test('ports of a Service, and of the containers of a workload', async () => {
    const app = { name: 'app', ports: [{ containerPort: 8080, name: 'http', protocol: 'TCP' }] };
    const server = await start({
      objects: {
        '/api/v1/namespaces/shop/services/api': {
          spec: { ports: [{ port: 80, name: 'http' }, { port: 53, protocol: 'UDP' }, { port: '$(id)' }] },
        },
        '/apis/apps/v1/namespaces/shop/deployments/web': {
          spec: { template: { spec: { containers: [app] } } },
        },
      },
    });
    expect(await complete(server, 'connect', 'x', 'svc/api:')).toEqual([
      'svc/api:80\thttp',
      'svc/api:53/udp',
      ':4',
    ]);
    expect(await complete(server, 'connect', 'x', 'deploy/web:8')).toEqual(['deploy/web:8080\thttp', ':4']);
  });

  test('namespaces of the contexts, where those of the cluster may not be listed', async () => {
    const server = await start({});
    expect(await complete(server, 'ping', '-n', '')).toEqual(['shop', ':4']);
  });

  test('contexts of the kubeconfig, without a word to the cluster', async () => {
    const server = await start({});
    expect(await complete(server, 'ping', '--context', '')).toEqual(['netdebug-local\tcurrent', ':4']);
    expect(await complete(server, 'ping', '--user=')).toEqual(['ada', ':4']);
    expect(server.server.seen).toEqual([]);
  });

  test('what a hostile server calls names is dropped', async () => {
    const server = await start({
      names: {
        'shop/pods': [
          'ok',
          '$(id)',
          'a b',
          '-o',
          '',
          7,
          null,
          { a: 1 },
          'x\ty',
          '\u001b[2J',
          'UPPER',
          'a'.repeat(300),
        ],
      },
    });
    const answer = await complete(server, 'tcpdump', '');
    expect(answer[0]).toBe('ok\tRunning');
    expect(answer.slice(1).every((line) => /^[a-z]+\/\t[a-z]+$|^:4$/.test(line))).toBe(true);
  });
});

describe('what goes wrong is not heard', () => {
  test.each([
    ['a refusal', { names: {} }],
    ['a login page', { respond: (_, response) => void response.end('<html>') }],
    [
      'another shape',
      {
        respond: (_, response) =>
          json(response, 200, { rows: [{ cells: 'x' }, 3], columnDefinitions: [null] }),
      },
    ],
  ] satisfies [string, NamesOptions][])('%s', async (_, options) => {
    const server = await start(options);
    expect(await complete(server, 'tcpdump', 'web')).toEqual([':4']);
    // And it is not asked for again with every key.
    const before = server.server.seen.length;
    expect(await complete(server, 'tcpdump', 'web')).toEqual([':4']);
    expect(server.server.seen).toHaveLength(before);
  });

  test('a kubeconfig that is none, and flags that are wrong', async () => {
    const server = await start({ names: { 'shop/pods': ['web-0'] } });
    await writeFile(server.kubeconfig, 'a: [');
    expect(await complete(server, 'tcpdump', 'd')).toContain('deploy/\tdeployment');
    expect(await complete(server, '--context', '')).toEqual([':4']);
    expect(await complete(server, 'tcpdump', '-n', 'NOT/A NAMESPACE', 'w')).toEqual([':4']);
    expect(await complete(server)).toContain(':4');
  });
});

describe('answers are kept', () => {
  const times = { freshMs: 20_000, withOldMs: 10_000, withoutMs: 10_000 };

  function sourcesOf(server: NamesServer, environment: FakeEnvironment, given = times) {
    const cache = fileCache(environment, () => environment.clock.now());
    return clusterSources(noFlags('tcpdump', []), environment, cache, given);
  }

  test('for twenty seconds, in a file of the person alone; a change of the kubeconfig makes it another question', async () => {
    const server = await start({ names: { 'shop/pods': ['web-0'] } });
    const environment = fakeEnvironment([], surroundings(server));
    const { names } = sourcesOf(server, environment);
    await names(pods, undefined);
    expect(await names(pods, undefined)).toEqual([{ word: 'web-0', about: 'Running' }]);
    expect(server.server.seen).toHaveLength(1);
    const folder = cacheFolder(environment);
    const [file = ''] = await readdir(folder);
    expect(file).toMatch(/^[0-9a-f]{64}\.json$/);
    expect(((await stat(join(folder, file))).mode & 0o777).toString(8)).toBe('600');
    expect(((await stat(folder)).mode & 0o777).toString(8)).toBe('700');

    environment.advance(21_000);
    await names(pods, undefined);
    expect(server.server.seen).toHaveLength(2);
    await utimes(server.kubeconfig, 1, 1);
    await names(pods, undefined);
    expect(server.server.seen).toHaveLength(3);
    await names(pods, 'other');
    expect(server.server.seen).toHaveLength(4);
  });

  test('and given, though old, when the server is slow or gone', async () => {
    let slow = false;
    const server = await start({
      respond: (_, response) => {
        if (!slow) json(response, 200, { rows: [{ cells: ['web-0'] }] });
      },
    });
    const environment = fakeEnvironment([], surroundings(server));
    const { names } = sourcesOf(server, environment, { ...times, withOldMs: 50 });
    await names(pods, undefined);
    slow = true;
    environment.advance(60_000);
    expect(await names(pods, undefined)).toEqual([{ word: 'web-0' }]);
    // Until it is too old for anything.
    environment.advance(600_000);
    const impatient = sourcesOf(server, environment, { ...times, withoutMs: 50 });
    expect(await impatient.names(pods, undefined)).toEqual([]);
  });

  test('a damaged file is asked anew, one that cannot be written is done without', async () => {
    const server = await start({ names: { 'shop/pods': ['web-0'] } });
    const environment = fakeEnvironment([], surroundings(server));
    const { names } = sourcesOf(server, environment);
    const folder = cacheFolder(environment);
    await names(pods, undefined);
    const [file = ''] = await readdir(folder);
    await writeFile(join(folder, file), '{"at":');
    expect(await names(pods, undefined)).toEqual([{ word: 'web-0', about: 'Running' }]);
    expect(JSON.parse(await readFile(join(folder, file), 'utf8'))).toMatchObject({
      candidates: [['web-0', 'Running']],
    });

    const elsewhere = join(server.home, 'a-file');
    await writeFile(elsewhere, '');
    const without = fakeEnvironment([], {
      ...surroundings(server),
      env: { KUBECONFIG: server.kubeconfig, XDG_CACHE_HOME: elsewhere },
    });
    expect(await sourcesOf(server, without).names(pods, undefined)).toEqual([
      { word: 'web-0', about: 'Running' },
    ]);
  });

  test('but not without end: the oldest of many go', async () => {
    const server = await start({});
    const environment = fakeEnvironment([], { ...surroundings(server), random: Math.random });
    const folder = cacheFolder(environment);
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o700);
    for (let at = 0; at < 100; at++) await writeFile(join(folder, `${at}.json`), '{}');
    const cache = fileCache(environment, () => environment.clock.now());
    await cache.put(['a question'], [{ word: 'x' }]);
    expect((await readdir(folder)).length).toBeLessThanOrEqual(33);
    expect(await cache.get(['a question'])).toEqual({ candidates: [{ word: 'x' }], ageMs: 0 });
  });
});
