import { afterAll, describe, expect, test } from '@jest/globals';
import { existsSync, rmSync } from 'node:fs';
import { inspectLease, parseLease } from '../../src/debugger/inspect.js';
import { leaseCommand } from '../../src/debugger/lease.js';
import { runTool } from '../../src/debugger/lifeline.js';
import { listDebugContainers } from '../../src/debugger/list.js';
import { debugContainerSpec } from '../../src/debugger/spec.js';
import { stopDebugContainers } from '../../src/debugger/stop.js';
import type { ContainerState, Pod } from '../../src/kube/types.js';
import { apiError, fakeApi, fakeExec, handClock, localExec, realClock } from './fakes.js';
import { freshId, outcome, processesOf, start, until } from './shells.js';

const options = {
  image: 'toolbox:1',
  profile: 'auto',
  fresh: false,
  ttlSeconds: 900,
  startTimeoutMs: 60_000,
} as const;
const now = Date.parse('2026-01-01T00:10:00Z');

function pod(namespace: string, name: string, states: Readonly<Record<string, ContainerState>>): Pod {
  const bare: Pod = {
    metadata: { name, namespace },
    spec: { containers: [{ name: 'app' }], nodeName: 'n1' },
  };
  const containers = Object.keys(states).map((container) =>
    debugContainerSpec(container, bare, 'netadmin', options),
  );
  return {
    ...bare,
    spec: { ...bare.spec, ephemeralContainers: [...containers, { name: 'debugger-x', image: 'busybox' }] },
    status: {
      ephemeralContainerStatuses: Object.entries(states).map(([container, state]) => ({
        name: container,
        state,
      })),
    },
  };
}

const ids: string[] = [];
afterAll(() => {
  for (const id of ids) rmSync(`/tmp/.netdebug-${id}`, { recursive: true, force: true });
});

/** A lease on this machine, as if it ran in a container. */
async function lease() {
  const id = freshId();
  ids.push(id);
  const child = start(['sh'], leaseCommand(900), id);
  await until(() => existsSync(`/tmp/.netdebug-${id}/left`));
  return { id, child, end: outcome(child) };
}

const at = { namespace: 'shop', pod: 'web-0', container: 'netdebug-a' };

describe('listDebugContainers', () => {
  const pods = [
    pod('shop', 'web-1', { 'netdebug-b': { running: { startedAt: '2026-01-01T00:00:00Z' } } }),
    pod('shop', 'web-0', {
      'netdebug-a': { waiting: { reason: 'ContainerCreating' } },
      'netdebug-old': { terminated: { exitCode: 0, startedAt: '2026-01-01T00:00:00Z' } },
    }),
  ];
  const list = () => Promise.resolve({ items: pods as never[], resourceVersion: '1' });

  test('ours, in order, with age, time left and what runs', async () => {
    const { id, child, end } = await lease();
    const api = fakeApi({ list, exec: localExec({ NETDEBUG_ID: id }) });
    const tool = await runTool(api, at, ['sleep', '1000'], { clock: realClock });
    await until(() => processesOf(id).some(({ argv }) => argv[0] === 'sleep' && argv[1] === '1000'));
    await until(() => existsSync(`/tmp/.netdebug-${id}/left`));
    const listed = await listDebugContainers(api, { namespace: 'shop', clock: { now: () => now } });
    expect(listed).toEqual([
      expect.objectContaining({
        pod: 'web-0',
        container: 'netdebug-a',
        state: 'waiting',
        waitingReason: 'ContainerCreating',
        ageSeconds: undefined,
        tools: undefined,
      }),
      {
        namespace: 'shop',
        pod: 'web-1',
        container: 'netdebug-b',
        image: 'toolbox:1',
        profile: 'netadmin',
        node: 'n1',
        target: undefined,
        sharedProcesses: false,
        state: 'running',
        waitingReason: undefined,
        ageSeconds: 600,
        leftSeconds: 900,
        tools: [{ pid: expect.any(Number), command: 'sleep 1000' }],
      },
    ]);
    tool.abandon();
    child.kill('SIGTERM');
    await end;
  });

  test('ended ones only when asked for; those that may not be asked without details', async () => {
    const api = fakeApi({ list, exec: () => Promise.reject(apiError(403, 'pods "x" is forbidden: ')) });
    const listed = await listDebugContainers(api, {
      namespace: undefined,
      ended: true,
      clock: { now: () => now },
    });
    expect(listed.map(({ container, state, leftSeconds }) => [container, state, leftSeconds])).toEqual([
      ['netdebug-old', 'terminated', undefined],
      ['netdebug-a', 'waiting', undefined],
      ['netdebug-b', 'running', undefined],
    ]);
  });

  test('a container that does not answer holds nothing up', async () => {
    const api = fakeApi({ exec: localExec({ NETDEBUG_ID: freshId() }) });
    expect(await inspectLease(api, at, 2_000)).toBeUndefined();
  });
});

test('parseLease takes nothing on trust', () => {
  expect(parseLease('left 12\ntool 7 tcpdump -i any\ntool 8 \u001b[31mx\nrubbish\ntool x y\n')).toEqual({
    leftSeconds: 12,
    tools: [
      { pid: 7, command: 'tcpdump -i any' },
      { pid: 8, command: '[31mx' },
    ],
  });
  expect(parseLease('tool 7 x')).toBeUndefined();
});

describe('stopDebugContainers', () => {
  const [running] = [{ running: { startedAt: '2026-01-01T00:00:00Z' } }];
  const listed = async (one: Pod) =>
    listDebugContainers(
      fakeApi({
        list: () => Promise.resolve({ items: [one] as never[], resourceVersion: '1' }),
        exec: () => Promise.reject(new Error('no')),
      }),
      { namespace: 'shop', clock: { now: () => now } },
    );

  test('ends the lease and its tools, and believes only the pod’s status', async () => {
    const { id, child, end } = await lease();
    const one = pod('shop', 'web-0', { 'netdebug-a': running });
    const gone = pod('shop', 'web-0', { 'netdebug-a': { terminated: { exitCode: 0 } } });
    const api = fakeApi({
      exec: localExec({ NETDEBUG_ID: id }),
      get: () => Promise.resolve((child.exitCode === null ? one : gone) as never),
    });
    const tool = await runTool(api, at, ['sleep', '1000'], { clock: realClock });
    await until(
      () => existsSync(`/tmp/.netdebug-${id}/pid`) && processesOf(id).some(({ argv }) => argv[1] === '1000'),
    );
    const [stopped] = await stopDebugContainers(api, await listed(one), realClock);
    expect(stopped?.kind).toBe('stopped');
    expect((await end).code).toBe(0);
    expect((await tool.done).kind).toBe('exited');
    await until(() => processesOf(id).length === 0);
  });

  test('one that cannot be stopped is told of, and the others are stopped', async () => {
    const one = pod('shop', 'web-0', {
      'netdebug-a': running,
      'netdebug-b': running,
      'netdebug-c': { waiting: {} },
      'netdebug-d': { waiting: { reason: 'ErrImagePull' } },
    });
    const gone = pod('shop', 'web-0', {
      'netdebug-b': { terminated: { exitCode: 0 } },
      'netdebug-a': running,
    });
    const refusal = apiError(
      403,
      'pods "x" is forbidden: ',
      {},
      'GET',
      '/api/v1/namespaces/shop/pods/web-0/exec',
    );
    const api = fakeApi({ exec: () => Promise.reject(refusal), get: () => Promise.resolve(gone as never) });
    const results = await stopDebugContainers(api, await listed(one), realClock);
    expect(
      results.map((result) => [
        result.container.container,
        result.kind,
        result.kind === 'failed' && result.error.exitCode,
      ]),
    ).toEqual([
      ['netdebug-a', 'failed', 5],
      ['netdebug-b', 'stopped', false],
      ['netdebug-c', 'failed', 6],
      ['netdebug-d', 'never-started', false],
    ]);
  });

  test('a lease that does not listen yet is told again', async () => {
    const one = pod('shop', 'web-0', { 'netdebug-a': running });
    const gone = pod('shop', 'web-0', { 'netdebug-a': { terminated: { exitCode: 0 } } });
    const clock = handClock();
    let told = 0;
    const api = fakeApi({
      exec: (request) => {
        told++;
        const exec = fakeExec(request);
        exec.end({ kind: 'exited', exitCode: 0 });
        return Promise.resolve(exec.session);
      },
      get: () => Promise.resolve((told < 2 ? one : gone) as never),
    });
    const stopping = stopDebugContainers(api, await listed(one), clock);
    await clock.advance(1_900);
    expect(told).toBe(1);
    await clock.advance(600);
    expect((await stopping).map(({ kind }) => kind)).toEqual(['stopped']);
  });
});
