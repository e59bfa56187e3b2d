import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { NetdebugError } from '../../../src/errors.js';
import { itemsOf } from '../../../src/diagnose/reading.js';
import { readFiles } from '../../../src/diagnose/snapshot/files.js';
import type { SnapshotKind } from '../../../src/diagnose/snapshot/types.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netdebug-snapshot-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(files: Readonly<Record<string, string | object>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
}

/** NAMESPACE/NAME of what was read of a kind. */
async function namesOf(kind: SnapshotKind, paths: readonly string[] = [folder]): Promise<string[]> {
  const snapshot = await readFiles(paths, 'fallback');
  return itemsOf(snapshot.read(kind)).map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
}

async function failureOf(files: Readonly<Record<string, string | object>>): Promise<NetdebugError> {
  await write(files);
  const error: unknown = await readFiles([folder], 'default').catch((thrown: unknown) => thrown);
  if (!(error instanceof NetdebugError)) throw new Error('no failure');
  return error;
}

const pod = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...more },
  spec: { containers: [{ name: 'main' }] },
});

describe('files', () => {
  test('hold YAML documents, JSON, lists and typed lists, in folders of folders', async () => {
    await write({
      'a.yaml': `${JSON.stringify(pod('one', { namespace: 'x' }))}\n---\n# nothing here\n---\n${JSON.stringify(pod('two'))}\n`,
      'deep/er/b.json': { apiVersion: 'v1', kind: 'List', items: [pod('three', { namespace: 'x' })] },
      'deep/c.yml':
        'apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: four, namespace: x}\n  spec: {containers: []}\n',
      'deep/notes.txt': 'not YAML: [',
      'kustomization.yaml': 'resources: [a.yaml]\n',
    });
    expect(await namesOf('pods')).toEqual(['x/one', 'fallback/two', 'x/four', 'x/three']);
  });

  test('name an object twice: the later one stands', async () => {
    await write({
      'a.json': pod('one', { labels: { v: '1' } }),
      'b.json': pod('one', { labels: { v: '2' } }),
    });
    const snapshot = await readFiles([folder], 'default');
    expect(itemsOf(snapshot.read('pods')).map(({ metadata }) => metadata.labels)).toEqual([{ v: '2' }]);
  });

  test('of one namespace are found by it', async () => {
    await write({
      'a.json': {
        apiVersion: 'v1',
        kind: 'List',
        items: [pod('one', { namespace: 'x' }), pod('two', { namespace: 'y' })],
      },
    });
    const snapshot = await readFiles([folder], 'default');
    expect(itemsOf(snapshot.read('pods', 'y')).map(({ metadata }) => metadata.name)).toEqual(['two']);
  });

  test('tell the kinds of one name apart by their group', async () => {
    const policy = (apiVersion: string, name: string) => ({
      apiVersion,
      kind: 'NetworkPolicy',
      metadata: { name },
      spec: {},
    });
    await write({
      'a.json': {
        apiVersion: 'v1',
        kind: 'List',
        items: [
          policy('networking.k8s.io/v1', 'ours'),
          policy('crd.projectcalico.org/v1', 'calico'),
          policy('example.com/v1', 'nobody'),
        ],
      },
    });
    expect(await namesOf('networkpolicies')).toEqual(['fallback/ours']);
    expect(await namesOf('caliconetworkpolicies')).toEqual(['fallback/calico']);
  });
});

describe('a folder of cluster-info dump', () => {
  const dump = {
    'nodes.json': { apiVersion: 'v1', kind: 'NodeList', items: [{ metadata: { name: 'n1' } }] },
    'shop/pods.json': { apiVersion: 'v1', kind: 'PodList', items: [pod('web', { namespace: 'shop' })] },
    'shop/events.json': { apiVersion: 'v1', kind: 'EventList', items: [] },
    'shop/web/logs.txt': '==== START logs for container main ====\n',
  };

  test('says nothing of the kinds that it never holds', async () => {
    await write(dump);
    const snapshot = await readFiles([folder], 'default');
    expect(itemsOf(snapshot.read('pods'))).toHaveLength(1);
    expect(snapshot.read('services')).toEqual({ state: 'there', items: [] });
    expect(snapshot.read('networkpolicies')).toEqual({
      state: 'unknown',
      why: 'cluster-info dump writes no NetworkPolicy objects',
    });
  });

  test('may be completed by hand', async () => {
    await write({
      ...dump,
      'netpol.json': {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'x', namespace: 'shop' },
      },
    });
    expect(await namesOf('networkpolicies')).toEqual(['shop/x']);
  });
});

describe('workloads in manifests', () => {
  const template = { metadata: { labels: { app: 'api' } }, spec: { containers: [{ name: 'main' }] } };
  const workload = (kind: string, spec: object, more: object = {}) => ({
    apiVersion: kind === 'Job' || kind === 'CronJob' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name: kind.toLowerCase(), namespace: 'x', ...more },
    spec,
  });
  const selector = { matchLabels: { app: 'api' } };

  test('stand for the pod of their template', async () => {
    await write({
      'a.json': {
        apiVersion: 'v1',
        kind: 'List',
        items: [
          workload('Deployment', { selector, template }),
          workload('StatefulSet', { selector, template, replicas: 0 }),
          workload(
            'ReplicaSet',
            { selector, template },
            { ownerReferences: [{ kind: 'Deployment', name: 'd', uid: 'u', controller: true }] },
          ),
          { ...workload('Job', { template }), status: { completionTime: '2025-01-01T00:00:00Z' } },
          workload('CronJob', { jobTemplate: { spec: { template } } }),
        ],
      },
    });
    expect(await namesOf('pods')).toEqual(['x/deployment-1', 'x/cronjob-1']);
  });

  test('do not where their pods are in the files', async () => {
    await write({
      'a.json': workload('Deployment', { selector, template }),
      'b.json': pod('real', { namespace: 'x', labels: { app: 'api' } }),
    });
    expect(await namesOf('pods')).toEqual(['x/real']);
  });
});

describe('what cannot be read is said with its place', () => {
  test('a file that is not there', async () => {
    const error: unknown = await readFiles([join(folder, 'none.yaml')], 'default').catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringContaining('none.yaml') });
  });

  test('broken YAML, with its line', async () => {
    const error = await failureOf({ 'a.yaml': 'kind: Pod\nspec: [1, 2\n' });
    expect(error).toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/a\.yaml is neither YAML nor JSON: line [23]: /),
    });
  });

  test('aliases that unfold without end', async () => {
    const rows = Array.from(
      { length: 12 },
      (_, row) =>
        `a${row}: &a${row} [${Array(10)
          .fill(row === 0 ? 'x' : `*a${row - 1}`)
          .join(', ')}]`,
    );
    const error = await failureOf({ 'a.yaml': `${rows.join('\n')}\n` });
    expect(error.exitCode).toBe(2);
  });

  test('an object of the wrong shape', async () => {
    const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'x' } };
    const error = await failureOf({ 'a.json': { ...policy, spec: { ingress: [{ from: 'anyone' }] } } });
    expect(error.message).toContain(
      'NetworkPolicy x is no valid object: spec.ingress[0].from: expected array, received string',
    );
  });

  test('a name that could be more than a name', async () => {
    const error = await failureOf({ 'a.json': pod('web; rm -rf ~') });
    expect(error.message).toContain('metadata.name: not a name that Kubernetes takes');
  });

  test('a policy that the API server would refuse', async () => {
    const error = await failureOf({
      'a.yaml':
        'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: {ingress: [{from: [{}]}]}\n',
    });
    expect(error.message).toContain('NetworkPolicy x would be refused by the API server');
    expect(error.details).toEqual([
      'spec.ingress[0].from[0] has neither podSelector, namespaceSelector nor ipBlock',
    ]);
  });

  test('a folder without objects', async () => {
    expect((await failureOf({ 'a.yaml': 'a: 1\n' })).message).toContain('no Kubernetes objects');
  });
});
