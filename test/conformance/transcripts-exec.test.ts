import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { replay, type ReplayOptions } from './channels.js';
import { applyRecorded, inject, recordedAccess } from './recorded-pods.js';
import { plainIds, plainPrompts } from './stand-in.js';
import { transcript } from './transcripts.js';

/** What differs between two machines and is no matter of the protocol, by recording. */
const differences: Readonly<Record<string, Partial<ReplayOptions>>> = {
  'exec-basic': {
    // Shells word it differently: `sh: 1: x: not found`.
    normalise: (text) => text.replace(/sh: (\d+: )?(line \d+: )?/g, 'sh: '),
  },
  'exec-tty': {
    // What readline draws (bracketed paste, redrawing on SIGWINCH) depends on its version and on timing.
    normalise: (text) => plainPrompts(text.replace(/\x1b\[[?0-9;]*[a-zA-Z]|\r/g, '')),
  },
  'exec-errors': {
    normalise: plainIds,
  },
  'exec-ping': {
    // Silence of a second is as good a test of the protocol as one of 75.
    query: (query) =>
      query.replace('sleep+75', 'sleep+1').replace('seq+1+20', 'seq+1+20').replace('sleep+0.5', 'sleep+0.1'),
  },
  'exec-stop': {
    // The packets on the wire are other ones; that statistics come is what counts.
    normalise: (text) => text,
  },
};

const recordings = [
  'exec-basic',
  'exec-protocols',
  'exec-stdin',
  'exec-tty',
  'exec-errors',
  'exec-ping',
] as const;

/** SPDY is not spoken by the local cluster; kubectl falls back to it only when websockets are refused. */
const spdy = 'SPDY/3.1 upgrade';

let cluster: TestCluster;
const outcomes = new Map<string, Promise<unknown>>();

/** Exchanges run side by side, because most of their time is waiting; not all at once, because some are about timing. */
const atOnce = 6;
const running: Promise<unknown>[] = Array.from({ length: atOnce }, () => Promise.resolve());

function begin(name: string, access: ReplayOptions['access']): void {
  transcript(name).exchanges.forEach((exchange, index) => {
    if (!exchange.note.includes(spdy)) {
      const lane = outcomes.size % atOnce;
      const before = running[lane] ?? Promise.resolve();
      const outcome = before
        .then(() => replay(exchange, { access, ...differences[name] }))
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      running[lane] = outcome;
      outcomes.set(`${name} ${index}`, outcome);
    }
  });
}

beforeAll(async () => {
  cluster = await startCluster();
  const ready = ['multi', 'shell', 'static-go', 't-ok', 'f-noimage', 'f-exit0'];
  const others = ['waiting', 'crash', 'done', 't-side', 'pending', 'mirror', 't-init2'];
  await applyRecorded(cluster, [...ready, ...others], ready);
  const access = await recordedAccess(cluster);
  const ended = (name: string): Promise<unknown> =>
    cluster.waitFor({ namespace: 'rec', name }, (pod) =>
      JSON.stringify(pod?.status).includes('"terminated"'),
    );
  await Promise.all([
    inject(cluster, 't-ok', { name: 'second', command: ['sh', '-c', 'exec cat'], stdin: true }, 'running'),
    inject(
      cluster,
      'f-noimage',
      { name: 'noimage', image: 'registry.example/nosuch:1', command: ['true'] },
      'waiting',
    ),
    inject(cluster, 'f-exit0', { name: 'exit0', command: ['true'] }, 'terminated'),
    ...['crash', 'done', 't-side'].map(ended),
    cluster.waitFor({ namespace: 'rec', name: 't-init2' }, (pod) =>
      JSON.stringify(pod?.status).includes('"running"'),
    ),
  ]);
  recordings.forEach((name) => begin(name, access));
}, 60_000);

afterAll(() => cluster.stop());

describe.each(recordings)('%s', (name) => {
  test.each(
    transcript(name)
      .exchanges.map((exchange, index) => [exchange.note, index] as const)
      .filter(([note]) => !note.includes(spdy)),
  )('%s', async (_, index) => {
    const outcome = outcomes.get(`${name} ${index}`);
    expect(outcome).toBeDefined();
    const error = await outcome;
    if (error !== undefined) {
      throw error as Error;
    }
  });
});
