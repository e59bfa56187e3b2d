import { homedir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { type Environment, stopReason, type StopReason, type Terminal } from './environment.js';
import { collectEarly } from './memory.js';
import { run } from './run.js';

/** Ends in order on the first Ctrl-C, SIGTERM or SIGHUP, and at once on the second. */
function stopOnSignals(stop: (reason: StopReason) => void): void {
  let asked = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (asked) process.exit(130);
      asked = true;
      stop({ kind: 'interrupted', signal });
    });
  }
}

/** A reader that had enough is an end in order; anything else that stdout refuses is told as a failure. */
function stopOnClosedOutput(stop: (reason: StopReason) => void): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    stop(error.code === 'EPIPE' ? { kind: 'output-closed' } : { kind: 'output-failed', error });
  });
  // Nobody reads the messages: nothing to be done, and nobody to tell.
  process.stderr.on('error', () => undefined);
}

/** Width of a terminal; undefined for a file or a pipe, and for a terminal that was never told its size (0). */
function columnsOf(stream: { readonly columns?: number }): number | undefined {
  return stream.columns === 0 ? undefined : stream.columns;
}

/** The terminal of a person who types and reads in one. */
function terminal(): Terminal | undefined {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) return undefined;
  return {
    setRaw: (raw) => void stdin.setRawMode(raw),
    size() {
      const [columns, rows] = stdout.getWindowSize();
      return columns > 0 && rows > 0 ? { columns, rows } : undefined;
    },
    onResize(call) {
      stdout.on('resize', call);
      return () => stdout.off('resize', call);
    },
  };
}

/** The compiled executable holds its script in a file system of its own, which Bun shows under one of these names. */
function ownProgram(): readonly string[] {
  const [, script = ''] = process.argv;
  const compiled = /^(\/\$bunfs\/|[A-Z]:[\\/]~BUN[\\/])/.test(script);
  return compiled || script === '' ? [process.execPath] : [process.execPath, script];
}

/** kubectl calls us under another name to complete words, on Windows: see plugin/completion/launcher.ts. */
function words(): readonly string[] {
  const given = process.argv.slice(2);
  return /[\\/]kubectl_complete-netdebug(\.exe)?$/i.test(process.execPath) ? ['__complete', ...given] : given;
}

function environment(): Environment {
  const controller = new AbortController();
  const stop = (reason: StopReason): void => controller.abort(reason);
  stopOnSignals(stop);
  stopOnClosedOutput(stop);
  return {
    argv: words(),
    program: ownProgram(),
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    isTTY: {
      stdin: process.stdin.isTTY,
      stdout: process.stdout.isTTY,
      stderr: process.stderr.isTTY,
    },
    terminal: terminal(),
    columns: () => columnsOf(process.stderr) ?? columnsOf(process.stdout) ?? 80,
    cwd: process.cwd(),
    homeDir: homedir(),
    platform: process.platform,
    arch: process.arch,
    signal: controller.signal,
    clock: {
      now: () => Date.now(),
      sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }).catch(() => undefined),
      every(milliseconds, call) {
        const timer = setInterval(call, milliseconds);
        timer.unref();
        return () => clearInterval(timer);
      },
    },
    random: Math.random,
  };
}

/** How long what was written may still take to leave after Ctrl-C; otherwise a slow reader gets all the time it needs. */
const lastWordsMs = 2_000;

collectEarly({
  resident: () => process.memoryUsage.rss(),
  buffers: () => process.memoryUsage().arrayBuffers,
});
const own = environment();
const exitCode = await run(own);
// What was written may still be in a pipe; connections that idle must not hold the program back.
const exit = (): never => process.exit(exitCode);
process.stdout.write('', () => process.stderr.write('', exit));
if (own.signal.aborted) void setTimeout(lastWordsMs).then(exit);
else
  own.signal.addEventListener('abort', () =>
    process.exit(stopReason(own.signal)?.kind === 'interrupted' ? 130 : exitCode),
  );
