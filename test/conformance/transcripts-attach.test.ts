import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import https from 'node:https';
import { at } from '../cluster/client.js';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { replay } from './channels.js';
import { credentialsOf, execRequest, record, type Access } from './recorder.js';
import { applyRecorded, inject, recordedAccess } from './recorded-pods.js';
import { plainPrompts } from './stand-in.js';
import { queryOf, transcript, type Exchange } from './transcripts.js';

let cluster: TestCluster;
let access: (user: string | undefined) => Access;

const waitForGo = 'while [ ! -e /tmp/go ]; do sleep 0.05; done';

beforeAll(async () => {
  // A failed pull shows in the status with the next sync only.
  cluster = await startCluster({ timing: { syncBackoffMs: 300, imageBackoffMs: 60_000 } });
  const ready = ['multi', 't-att', 'logger', 'f-exit3', 'f-noimage', 'f-nocmd', 'static-go'];
  await applyRecorded(cluster, [...ready, 'waiting', 'pending', 'done', 'crash'], ready);
  access = await recordedAccess(cluster);
  const once = `echo early; ${waitForGo}; echo later; read line; echo got $line; sleep 0.1; echo err >&2; exit 3`;
  const script = (text: string): string[] => ['sh', '-c', text];
  const shells = { command: ['bash', '--norc'], stdin: true, tty: true };
  await Promise.all([
    inject(cluster, 't-att', { name: 'once', command: script(once), stdin: true }, 'running'),
    inject(
      cluster,
      't-att',
      { name: 'cat1', command: script('cat; echo eof; sleep 100'), stdin: true, stdinOnce: true },
      'running',
    ),
    inject(
      cluster,
      't-att',
      { name: 'cat2', command: script('cat; echo eof; sleep 100'), stdin: true },
      'running',
    ),
    inject(cluster, 't-att', { name: 'tty', ...shells }, 'running'),
    inject(cluster, 't-att', { name: 'tty2', ...shells }, 'running'),
    inject(cluster, 'f-exit3', { name: 'exit3', command: script('echo oops; exit 3') }, 'terminated'),
    inject(
      cluster,
      'f-noimage',
      { name: 'noimage', image: 'registry.example/nosuch:1', command: ['true'] },
      'waiting',
    ),
    inject(cluster, 'f-nocmd', { name: 'nocmd', command: ['no-such-command'] }, 'waiting'),
    cluster.waitFor({ namespace: 'rec', name: 'done' }, (pod) => at(pod, 'status.phase') === 'Succeeded'),
    ...['waiting', 'f-noimage'].map((name) =>
      cluster.waitFor({ namespace: 'rec', name }, (pod) =>
        JSON.stringify(pod?.status).includes('ImagePullBackOff'),
      ),
    ),
    // A previous container to read the log of.
    cluster.waitFor({ namespace: 'rec', name: 'crash' }, (pod) => {
      return Number(at(pod, 'status.containerStatuses.0.restartCount')) > 0;
    }),
  ]);
}, 60_000);

afterAll(() => cluster.stop());

describe('attach', () => {
  const plain = (text: string): string => plainPrompts(text.replace(/\x1b\[[?0-9;]*[a-zA-Z]|\r/g, ''));
  const lines = (text: string): string =>
    text.replace(/((line|err)-\d+\n)+/g, (all) => `<${all.slice(0, 3)}>`);

  // In order and one after the other: later attaches meet what earlier ones left.
  test.each(
    transcript('attach').exchanges.map((exchange, index) => [index, exchange.note, exchange] as const),
  )('%d %s', async (index, _, exchange) => {
    if (exchange.request.path.endsWith('/log')) {
      await expectLog(exchange);
      return;
    }
    const going = index === 0 ? letGo() : Promise.resolve();
    await replay(exchange, { access, normalise: (text) => lines(plain(text)) });
    await going;
  });

  /** The container that waits goes on once something is attached to it. */
  async function letGo(): Promise<void> {
    const session = await record(
      access(undefined),
      execRequest({ namespace: 'rec', pod: 't-att', container: 'once' }, ['touch', '/tmp/go']),
    );
    await session.until('its end', () => session.over);
  }
});

describe('logs', () => {
  test.each(transcript('logs').exchanges.map((exchange) => [exchange.note, exchange] as const))(
    '%s',
    async (note, exchange) => {
      if (note.startsWith('follow until')) {
        await applyRecorded(cluster, ['l-end'], ['l-end']);
      }
      await expectLog(exchange);
    },
  );
});

describe('portforward', () => {
  const exchanges = transcript('portforward').exchanges.filter(({ note, request }) => {
    return !note.includes('SPDY') || request.path.includes('/nosuch/') || request.path.includes('/pending/');
  });

  test.each(exchanges.map((exchange) => [`${exchange.note} ${exchange.request.path}`, exchange] as const))(
    '%s',
    async (_, exchange) => {
      const sent = (text: string): string =>
        text
          .replace(/HTTP\/[^]*$/, 'HTTP')
          // Behind it stands how that runtime tried.
          .replace(/to pod [^,]*, uid : .*/, 'to pod <id>, uid : <why>');
      await replay(exchange, { access, normalise: sent });
    },
  );
});

interface Log {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** Reads a log; one that does not end by itself for 2.5 s. */
function readLog(exchange: Exchange): Promise<Log> {
  const { request, response } = exchange;
  const { server, kubeconfig } = access(request.user);
  const { token, ...tls } = credentialsOf(kubeconfig);
  const headers = {
    ...request.headers,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const sent = https.get(
      new URL(`${request.path}?${queryOf(exchange)}`, server),
      { ...tls, headers, agent: false },
      (answer) => {
        let body = '';
        const done = (): void => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body });
        answer.setEncoding('utf8').on('data', (text: string) => (body += text));
        answer.on('end', done);
        if (response?.endedBy !== undefined) {
          answer.on('error', () => undefined);
          setTimeout(() => {
            done();
            sent.destroy();
          }, 2_500);
        }
      },
    );
    sent.on('error', reject);
  });
}

/** Lines that count, times, and how many of them there were, made comparable. */
function comparable(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/fail \d+/, 'fail <n>')
    .replace(/(line|err)-\d+/g, '<line>')
    .replace(/(<line>\n){4,}/, '<lines>\n');
}

async function expectLog(exchange: Exchange): Promise<void> {
  const { response } = exchange;
  const log = await readLog(exchange);
  expect(log.status).toBe(response?.status);
  expect(log.headers['content-type']).toBe(response?.headers['content-type']);
  if (typeof response?.body === 'string') {
    expect(comparable(log.body)).toBe(comparable(response.body));
  } else {
    expect(JSON.parse(log.body)).toEqual(response?.body);
  }
}
