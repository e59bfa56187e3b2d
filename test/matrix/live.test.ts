import { describe, expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import type { ToolSession } from '../../src/debugger/types.js';
import { lifelineCommand } from '../../src/debugger/lifeline-script.js';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import { parseBatch } from '../../src/tools/batch.js';
import { batchArgv, inBatches, type BatchProbe } from '../../src/tools/batch-script.js';
import { merged, probeMatrix } from '../../src/matrix/live.js';
import type { MatrixPlan } from '../../src/matrix/types.js';
import type { RunTool } from '../../src/tools/run.js';
import { clock, localTools } from '../tools/local.js';

/** A tool that prints this and ends. */
function says(text: string): ToolSession {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  stdout.end(text);
  stderr.end();
  const done = Promise.resolve({ kind: 'exited', exitCode: 0 } as const);
  return { stdout, stderr, done, abandon: () => undefined } as unknown as ToolSession;
}

const line = (at: number, code: number, ...words: string[]): string =>
  [at, '100.000100', '100.000600', code, ...words].join('\t');
const probes: BatchProbe[] = [
  { host: '10.0.0.1', port: 80, protocol: 'tcp' },
  { host: '10.0.0.2', port: 80, protocol: 'tcp' },
  { host: '10.0.0.3', port: 53, protocol: 'udp' },
];

describe('a batch', () => {
  test('is read whatever the order of its lines; times of bash are finer than those around it', () => {
    const text = `via bash\n${line(1, 1, 'start 100.000200', 'bash: connect: Connection refused', 'end 100.000300 1')}\n${line(0, 0, 'start 100.000200', 'end 100.000450 0')}\n${line(2, 142, 'start 100.000100', 'end 102.000100 142')}\n`;
    expect(parseBatch(text, probes)).toEqual({
      via: 'bash',
      attempts: [
        { outcome: 'connected', ms: 0.25 },
        { outcome: 'refused', errno: 'ECONNREFUSED', ms: 0.1, text: 'bash: connect: Connection refused' },
        { outcome: 'noAnswer', ms: 2000 },
      ],
    });
  });

  test('a line that lacks, one of no probe, and one of no program', () => {
    const text = `via nc\n${line(0, 143)}\n9\t1\t1\t0\t\n2\t100.1\t100.1\t\t\nnonsense\n`;
    expect(parseBatch(text, probes).attempts).toEqual([
      { outcome: 'timeout', ms: 0.5 },
      undefined,
      'noProgram',
    ]);
  });

  test('addresses are words of their own; many make several execs, each once', () => {
    const many = Array.from(
      { length: 400 },
      (_, at) => ({ ...probes[0], host: `10.0.${at >> 8}.${at % 256}` }) as BatchProbe,
    );
    expect(batchArgv(many.slice(0, 2), { timeoutMs: 1_200, connectionsAtOnce: 16 }).slice(3)).toEqual([
      'netdebug',
      '2',
      '2',
      '10.0.0.0/80/t',
      '10.0.0.1/80/t',
    ]);
    const batches = inBatches(many);
    expect(batches.length).toBeGreaterThan(1);
    expect(batches.flat()).toEqual(many.map((_, at) => at));
    // What proxies take of a URL, the lifeline around it included.
    for (const places of batches) {
      const argv = batchArgv(
        many.filter((_, at) => places.includes(at)),
        { timeoutMs: 1_200, connectionsAtOnce: 16 },
      );
      const url = lifelineCommand(argv, 900).map((word) => `&command=${encodeURIComponent(word)}`);
      expect(url.join('').length).toBeLessThan(8_000);
    }
  });

  test.each([['sh'], ['busybox', 'sh']])('on this machine, by %s', async (...shell) => {
    const argv = batchArgv(
      [
        { host: '127.0.0.1', port: 1, protocol: 'tcp' },
        { host: '$(id);`id`', port: 1, protocol: 'tcp' },
      ],
      { timeoutMs: 1_000, connectionsAtOnce: 2 },
    );
    const { stdout, done } = await localTools()([...shell, ...argv.slice(1)]);
    let text = '';
    for await (const chunk of stdout) text += String(chunk);
    await done;
    const [refused, strange] = parseBatch(text, [
      { host: '', port: 1, protocol: 'tcp' },
      { host: '', port: 1, protocol: 'tcp' },
    ]).attempts;
    expect(refused).toMatchObject({ outcome: 'refused' });
    expect(strange).toMatchObject({ outcome: expect.stringMatching(/unknownHost|failed/) });
  });
});

describe('a second attempt', () => {
  test('counts, unless it was none', () => {
    expect(merged({ outcome: 'timeout' }, { outcome: 'connected', ms: 1 })).toEqual({
      outcome: 'connected',
      ms: 1,
      tries: 2,
    });
    expect(merged({ outcome: 'refused' }, { outcome: 'notTested', text: '' })).toEqual({
      outcome: 'refused',
    });
  });
});

describe('the whole matrix', () => {
  const plan: MatrixPlan = {
    sources: [
      { namespace: 'shop', pod: 'a' },
      { namespace: 'shop', pod: 'b' },
    ],
    destinations: [
      { kind: 'pod', namespace: 'shop', name: 'a', host: '10.0.0.1', port: 80, protocol: 'tcp' },
      { kind: 'pod', namespace: 'shop', name: 'b', host: '10.0.0.2', port: 80, protocol: 'tcp' },
      { kind: 'pod', namespace: 'shop', name: 'c', host: undefined, port: 80, protocol: 'tcp' },
      { kind: 'service', namespace: 'shop', name: 's', host: '10.96.0.1', port: 80, protocol: 'sctp' },
    ],
    portless: [],
  };
  const options = {
    timeoutMs: 1_000,
    connectionsAtOnce: 4,
    sourcesAtOnce: 1,
    clock,
    onProgress: () => undefined,
  };
  const broken = new NetdebugError('no.', { exitCode: ExitCode.notAllowed });

  test('what failed is tried once more, in one exec, and only that', async () => {
    const asked: string[][] = [];
    const answers = [`via bash\n${line(0, 124)}\n`, `via bash\n${line(0, 0)}\n`];
    const run: RunTool = (argv) => {
      asked.push(argv.slice(6));
      return Promise.resolve(says(answers.shift() ?? ''));
    };
    const only = { ...plan, sources: plan.sources.slice(0, 1) };
    const { rows, failed } = await probeMatrix(only, { ...options, open: () => Promise.resolve(run) });
    expect(asked).toEqual([['10.0.0.2/80/t'], ['10.0.0.2/80/t']]);
    expect(rows).toEqual([
      [
        undefined,
        { outcome: 'connected', ms: 0.5, tries: 2 },
        { outcome: 'notTested', text: 'the pod has no address yet' },
        { outcome: 'notTested', text: 'SCTP is not spoken' },
      ],
    ]);
    expect(failed).toEqual([]);
  });

  test('a source that fails leaves its row untested, and the others go on', async () => {
    const progress: number[] = [];
    const { rows, failed } = await probeMatrix(plan, {
      ...options,
      onProgress: (done) => progress.push(done),
      open: ({ pod }) =>
        pod === 'a'
          ? Promise.reject(broken)
          : Promise.resolve(() => Promise.resolve(says(`via bash\n${line(0, 0)}\n`))),
    });
    expect(failed).toEqual([{ source: plan.sources[0], error: broken }]);
    expect(rows[0]?.[1]).toMatchObject({ outcome: 'notTested', text: 'shop/a failed: no.' });
    expect(rows[1]?.[0]).toMatchObject({ outcome: 'connected' });
    expect(progress).toEqual([1, 2]);
  });

  test('when all fail, the first failure is that of the whole; so is a shell that ended early', async () => {
    await expect(probeMatrix(plan, { ...options, open: () => Promise.reject(broken) })).rejects.toBe(broken);
    const early = () => Promise.resolve(() => Promise.resolve(says('via bash\n')));
    await expect(probeMatrix(plan, { ...options, open: early })).rejects.toMatchObject({
      exitCode: ExitCode.incomplete,
      message: expect.stringContaining('ended early: 0 of 1'),
    });
    const without = () => Promise.resolve(() => Promise.resolve(says('via none\n')));
    await expect(probeMatrix(plan, { ...options, open: without })).rejects.toMatchObject({
      exitCode: ExitCode.container,
    });
  });
});
