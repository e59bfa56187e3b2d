import { describe, expect, test } from '@jest/globals';
import { countHits } from '../../src/logs/count.js';
import { matchLine } from '../../src/logs/match.js';
import { peerNames } from '../../src/logs/names.js';
import { logSources } from '../../src/logs/sources.js';
import type { Pod } from '../../src/kube/types.js';
import type { LogHit } from '../../src/logs/types.js';

const source = { namespace: 'shop', pod: 'web-0', container: 'app', previous: false };

function hit(line: string, timeMs?: number): LogHit {
  const match = matchLine(line);
  if (match === undefined) throw new Error(`nothing is wrong with ${line}`);
  return { ...match, line, timeMs, before: [], after: [] };
}

describe('countHits', () => {
  test('by pattern, peer and minute', () => {
    const count = countHits();
    count.add(hit('dial tcp 10.0.0.1:80: connection refused', 60_000), source);
    count.add(hit('dial tcp 10.0.0.1:80: connection refused', 61_000), { ...source, pod: 'web-1' });
    count.add(hit('dial tcp 10.0.0.1:80: connection refused', 180_000), source);
    count.add(hit('dial tcp 10.0.0.2:80: connection refused'), source);
    count.add(hit('write: broken pipe'), source);
    expect(count.groups()).toMatchObject([
      {
        peer: { host: '10.0.0.1', port: 80 },
        count: 3,
        firstMs: 60_000,
        lastMs: 180_000,
        minutes: new Map([
          [1, 2],
          [3, 1],
        ]),
        sources: new Map([
          ['shop/web-0/app', 2],
          ['shop/web-1/app', 1],
        ]),
      },
      { peer: { host: '10.0.0.2' }, count: 1, firstMs: undefined },
      { pattern: { name: 'broken-pipe' }, peer: undefined },
    ]);
    expect(count.hits).toBe(5);
  });

  test('however many peers a log names, memory is bounded and no hit is lost', () => {
    const count = countHits(10);
    for (let at = 0; at < 500; at++)
      count.add(hit(`dial tcp 10.0.${at >> 8}.${at & 255}:80: connection refused`), source);
    const groups = count.groups();
    expect(groups.length).toBeLessThanOrEqual(11);
    expect(groups.reduce((sum, group) => sum + group.count, 0)).toBe(500);
    expect(count.ungrouped).toBe(490);
  });
});

describe('peerNames', () => {
  const pod = (name: string, ip: string, more: object = {}): Pod => ({
    metadata: { name, namespace: 'shop' },
    spec: { containers: [], nodeName: 'n1' },
    status: { podIPs: [{ ip }], hostIP: '172.30.0.1', phase: 'Running', ...more },
  });
  const names = peerNames(
    [pod('old', '10.0.0.1', { phase: 'Succeeded' }), pod('web-0', '10.0.0.1'), pod('v6', 'fd00::1')],
    [{ metadata: { name: 'api', namespace: 'shop' }, spec: { clusterIPs: ['10.96.0.20'] } }],
  );
  test.each([
    ['10.0.0.1', 'pod shop/web-0'],
    ['fd00::1', 'pod shop/v6'],
    ['10.96.0.20', 'svc shop/api'],
    ['172.30.0.1', 'node n1'],
    ['api', 'svc shop/api'],
    ['api.shop', 'svc shop/api'],
    ['api.shop.svc.cluster.local', 'svc shop/api'],
    ['api.other', undefined],
    ['api.example.com', undefined],
    ['10.9.9.9', undefined],
  ])('%s is %s', (host, name) => {
    expect(names.nameOf({ host, port: 80 }, 'shop')).toBe(name);
  });
});

describe('logSources', () => {
  test('all that ran, the instance before a restart first; none of what never started', () => {
    const status = (name: string, more: object): object => ({
      name,
      restartCount: 0,
      state: { running: {} },
      ...more,
    });
    const pod = {
      metadata: { name: 'web-0', namespace: 'shop' },
      spec: { containers: [] },
      status: {
        initContainerStatuses: [status('init', { state: { terminated: { exitCode: 0 } } })],
        containerStatuses: [
          status('app', { restartCount: 2 }),
          status('waits', { state: { waiting: { reason: 'ImagePullBackOff' } } }),
          status('crashes', { restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } }),
        ],
      },
    } as unknown as Pod;
    const shown = (choice: object): string[] =>
      logSources([pod], choice).map(({ container, previous }) => `${container}${previous ? '*' : ''}`);
    expect(shown({})).toEqual(['init', 'app*', 'app', 'crashes']);
    expect(shown({ previous: false })).toEqual(['init', 'app', 'crashes']);
    expect(shown({ container: 'app' })).toEqual(['app*', 'app']);
  });
});
