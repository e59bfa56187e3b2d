import { describe, expect, test } from '@jest/globals';
import { runTool } from '../../src/debugger/lifeline.js';
import type { ExecRequest } from '../../src/kube/api.js';
import { apiError, fakeApi, fakeExec, handClock, localExec, realClock, type FakeExec } from './fakes.js';
import { freshId, processesOf, until } from './shells.js';

const at = { namespace: 'shop', pod: 'web-0', container: 'netdebug-abcde' };

async function started(
  clock = handClock(),
): Promise<{ exec: FakeExec; tool: Awaited<ReturnType<typeof runTool>>; clock: typeof clock }> {
  const execs: FakeExec[] = [];
  const api = fakeApi({
    exec: (request: ExecRequest) => {
      const exec = fakeExec(request);
      execs.push(exec);
      return Promise.resolve(exec.session);
    },
  });
  const tool = await runTool(api, at, ['tcpdump', '-w', '-'], { clock, ttlSeconds: 60 });
  const [exec] = execs;
  if (exec === undefined) throw new Error('nothing was started');
  return { exec, tool, clock };
}

describe('runTool', () => {
  test('asks for stdin and never for a terminal, with the words of the tool at the end', async () => {
    const { exec } = await started();
    expect(exec.request).toMatchObject({ ...at, stdin: true });
    expect(exec.request.tty).toBeUndefined();
    expect(exec.request.argv.slice(0, 2)).toEqual(['sh', '-c']);
    expect(exec.request.argv.slice(3)).toEqual(['netdebug', '60', 'tcpdump', '-w', '-']);
  });

  test('lets itself be heard every ten seconds until the tool has ended', async () => {
    const { exec, tool, clock } = await started();
    await clock.advance(35_000);
    expect(exec.said()).toBe('h\nh\nh\n');
    exec.end({ kind: 'exited', exitCode: 0 });
    await tool.done;
    await clock.advance(60_000);
    expect(exec.said()).toBe('h\nh\nh\n');
  });

  test('stops in order: interrupt, then SIGTERM, then SIGKILL, each once', async () => {
    const { exec, tool, clock } = await started();
    tool.stop();
    tool.stop();
    await clock.advance(1_999);
    expect(exec.said()).toBe('i\n');
    await clock.advance(1);
    expect(exec.said()).toBe('i\nt\n');
    await clock.advance(2_000);
    expect(exec.said()).toBe('i\nt\nk\n');
  });

  test('leaves a connection on which nothing comes after SIGKILL, but not one whose reader is slow', async () => {
    const { exec, tool, clock } = await started();
    exec.session.stdout.push('unread');
    tool.stop();
    await clock.advance(30_000);
    expect(exec.closed()).toBe(false);
    exec.session.stdout.resume();
    await clock.advance(10_000);
    expect(exec.closed()).toBe(true);
    expect((await tool.done).kind).toBe('lost');
  });

  test('sends nothing more to a tool that ended when it was interrupted', async () => {
    const { exec, tool, clock } = await started();
    tool.signal('USR1');
    tool.stop();
    exec.end({ kind: 'exited', exitCode: 0 });
    expect(await tool.done).toEqual({ kind: 'exited', exitCode: 0 });
    await clock.advance(10_000);
    expect(exec.said()).toBe('u\ni\n');
  });

  test('its signal gives up the start, not a tool that runs', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const interrupt = new AbortController();
    const api = fakeApi({
      exec: (request: ExecRequest) => {
        signals.push(request.signal);
        return Promise.resolve(fakeExec(request).session);
      },
    });
    await runTool(api, at, ['ping'], { clock: handClock(), signal: interrupt.signal });
    interrupt.abort();
    expect(signals[0]?.aborted).toBe(false);
    await runTool(api, at, ['ping'], { clock: handClock(), signal: interrupt.signal });
    expect(signals[1]?.aborted).toBe(true);
  });

  test('abandon leaves at once', async () => {
    const { exec, tool } = await started();
    tool.abandon();
    expect(exec.closed()).toBe(true);
    expect((await tool.done).kind).toBe('lost');
  });

  test('tells what became of a container that is not there any more', async () => {
    const api = fakeApi({
      exec: () => Promise.reject(apiError(500, 'container not found ("netdebug-abcde")')),
      get: () =>
        Promise.resolve({
          metadata: { name: 'web-0' },
          spec: { containers: [] },
          status: {
            ephemeralContainerStatuses: [
              {
                name: at.container,
                state: { terminated: { exitCode: 3, reason: 'Error', message: 'oops\n' } },
              },
            ],
          },
        } as never),
    });
    await expect(runTool(api, at, ['ping'], { clock: handClock() })).rejects.toMatchObject({
      exitCode: 7,
      message:
        'The debug container netdebug-abcde in pod shop/web-0 cannot be used: it ended with exit code 3 (Error): oops.',
    });
  });

  test('a lack of rights names the whole Role, other refusals are passed on as they are', async () => {
    const refusal = apiError(
      403,
      'pods "web-0" is forbidden: ',
      {},
      'GET',
      '/api/v1/namespaces/shop/pods/web-0/exec',
    );
    const api = fakeApi({ exec: () => Promise.reject(refusal) });
    await expect(runTool(api, at, ['ping'], { clock: handClock() })).rejects.toMatchObject({
      exitCode: 5,
      message: refusal.message,
      hint: expect.stringContaining('resources: [pods/ephemeralcontainers]') as unknown,
    });
    const gone = apiError(404, 'pods "web-0" not found');
    const without = fakeApi({ exec: () => Promise.reject(gone) });
    await expect(runTool(without, at, ['ping'], { clock: handClock() })).rejects.toBe(gone);
  });

  test('on a real shell: output, exit code, a program that is not there, and nothing left after abandon', async () => {
    const id = freshId();
    const api = fakeApi({ exec: localExec({ NETDEBUG_ID: id }) });
    const options = { clock: realClock };
    const tool = await runTool(api, at, ['sh', '-c', 'echo hello; exit 9'], options);
    let said = '';
    tool.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    tool.stderr.resume();
    expect(await tool.done).toEqual({ kind: 'exited', exitCode: 9 });
    expect(said).toBe('hello\n');

    const absent = await runTool(api, at, ['no-such-tool'], options);
    absent.stdout.resume();
    absent.stderr.resume();
    expect(await absent.done).toMatchObject({
      kind: 'failed',
      error: {
        message: 'no-such-tool is not in the image of the debug container netdebug-abcde in pod shop/web-0.',
      },
    });

    const left = await runTool(api, at, ['sleep', '1000'], options);
    await until(() => processesOf(id).some(({ argv }) => argv[0] === 'sleep'));
    left.abandon();
    await until(() => processesOf(id).length === 0);
  });
});
