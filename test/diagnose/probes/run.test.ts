/** Rounds, limits, and what becomes of what cannot be done. Tools are scripted; time is real but for the limits. */
import { describe, expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import type { ToolSession } from '../../../src/debugger/types.js';
import { probe, type ProbesOptions } from '../../../src/diagnose/probes/run.js';
import { placeText, type ProbePlace } from '../../../src/diagnose/probes/task.js';
import { ExitCode, NetdebugError } from '../../../src/errors.js';
import type { RunTool } from '../../../src/tools/run.js';
import { clock } from '../../tools/local.js';
import { askOf, readyNode, runningPod, serviceWith } from './scene.js';

const objects = [
  readyNode('n1', '172.18.0.2'),
  runningPod('web', '10.1.1.5', 'n1'),
  runningPod('api-1', '10.1.1.7', 'n1', { app: 'api' }),
  ...serviceWith('api', { port: 80, targetPort: 9999, name: 'redis' }, [
    { pod: 'api-1', ip: '10.1.1.7', node: 'n1' },
  ]),
];
const asked = askOf(objects, 'web svc/api:80');
const options = (more: Partial<ProbesOptions> = {}): ProbesOptions => ({
  clock,
  budgetMs: 20_000,
  onProgress: () => undefined,
  ...more,
});

/** A tool that says this and ends; `undefined`: that says nothing until it is left. */
function said(text: string | undefined, exitCode = 0): ToolSession {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let end: () => void = () => undefined;
  const left = new Promise<void>((resolve) => (end = resolve));
  if (text !== undefined) stdout.end(text);
  if (text !== undefined) stderr.end();
  return {
    stdout,
    stderr,
    done: (text === undefined ? left : Promise.resolve()).then(() => ({ kind: 'exited', exitCode })),
    stop: () => undefined,
    signal: () => undefined,
    abandon: () => {
      stdout.destroy();
      stderr.destroy();
      end();
    },
  };
}

/** What the batch says of so many attempts: all are refused. */
const refused = (attempts: number): string =>
  `via bash\n${Array.from({ length: attempts }, (_, at) => `${at}\t1.000000\t1.004000\t1\tstart 1.000000\tbash: connect: Connection refused\n`).join('')}`;

/** A container in which everything is refused, and only 127.0.0.1:6379 is listened on. */
const tools: RunTool = (argv) => {
  const line = argv.join(' ');
  if (line.includes('/dev/tcp')) return Promise.resolve(said(refused(argv.length - 6)));
  if (argv[0] === 'ss') return Promise.resolve(said('tcp LISTEN 0 128 127.0.0.1:6379 0.0.0.0:*\n'));
  if (argv[0] === 'grep')
    return Promise.resolve(
      said(
        '/proc/sys/net/netfilter/nf_conntrack_max:262144\n/proc/sys/net/ipv4/ip_local_port_range:32768\t60999\n/proc/net/sockstat:sockets: used 9\n/proc/net/sockstat:TCP: inuse 3 orphan 0 tw 7 alloc 4 mem 1\n',
      ),
    );
  if (line.includes('resolv.conf'))
    return Promise.resolve(said('nameserver 10.96.0.10\nsearch shop.svc.cluster.local\n'));
  return Promise.resolve(said('', 127));
};

describe('probe', () => {
  test('later rounds follow from what came of earlier ones', async () => {
    const opened: string[] = [];
    const observed = await probe(
      asked,
      (place) => {
        opened.push(placeText(place));
        return Promise.resolve(tools);
      },
      options(),
    );
    expect(opened).toEqual(['shop/web', 'shop/api-1']);
    expect(observed.connects.map(({ from, to, attempts }) => [from, to.role, attempts[0]?.outcome])).toEqual(
      expect.arrayContaining([
        ['pod shop/web', 'service', 'refused'],
        ['pod shop/web', 'endpoint', 'refused'],
        ['pod shop/api-1', 'loopback', 'refused'],
      ]),
    );
    expect(observed.listeners).toEqual([
      { pod: 'pod shop/api-1', sockets: [{ protocol: 'TCP', address: '127.0.0.1', port: 6379 }] },
    ]);
    expect(observed.kernel).toEqual([
      {
        pod: 'pod shop/web',
        node: 'n1',
        values: {
          'net.netfilter.nf_conntrack_max': '262144',
          'net.ipv4.ip_local_port_range': '32768 60999',
          'sockstat.sockets': 'used 9',
          'sockstat.TCP': 'inuse 3 orphan 0 tw 7 alloc 4 mem 1',
        },
      },
    ]);
    // The image has neither dig nor nslookup nor getent.
    expect(observed.failed).toEqual([
      { what: 'DNS api.shop.svc from shop/web', why: expect.stringContaining('neither dig'), code: 'ND007' },
    ]);
  });

  test('a place that cannot be got at is named once, with the code of the reason', async () => {
    const no = (place: ProbePlace): Promise<RunTool> =>
      place.kind === 'pod' && place.name === 'web'
        ? Promise.reject(
            new NetdebugError('You may not patch pods/ephemeralcontainers in namespace shop.', {
              exitCode: ExitCode.notAllowed,
            }),
          )
        : Promise.resolve(tools);
    expect((await probe(asked, no, options())).failed).toEqual([
      {
        what: 'probes in shop/web',
        why: 'You may not patch pods/ephemeralcontainers in namespace shop',
        code: 'ND005',
      },
    ]);
  });

  test('what takes longer than the time is left, and the tools are ended', async () => {
    const sessions: ToolSession[] = [];
    const left: string[] = [];
    const slow: RunTool = (argv) => {
      const session = said(undefined);
      sessions.push(session);
      const abandon = session.abandon.bind(session);
      return Promise.resolve({
        ...session,
        abandon: () => {
          left.push(argv[0] ?? '');
          abandon();
        },
      });
    };
    const observed = await probe(asked, () => Promise.resolve(slow), options({ budgetMs: 300 }));
    expect(observed.connects).toEqual([]);
    expect(new Set(observed.failed.map(({ why }) => why))).toEqual(new Set(['it did not end in time']));
    await new Promise((resolve) => setImmediate(resolve));
    expect(left).toHaveLength(sessions.length);
  });

  test('a container that does not start in the time is named, and nothing waits for it', async () => {
    const never = (): Promise<RunTool> => new Promise(() => undefined);
    const { failed } = await probe(asked, never, options({ budgetMs: 200 }));
    expect(failed).toEqual([
      { what: 'probes in shop/web', why: 'no debug container was running in time', code: 'ND009' },
    ]);
  });

  test('Ctrl-C ends it at once', async () => {
    const over = new AbortController();
    const opening = probe(
      asked,
      () => {
        over.abort();
        return new Promise(() => undefined);
      },
      options({ signal: over.signal }),
    );
    await expect(opening).rejects.toMatchObject({ exitCode: ExitCode.interrupted });
  });
});
