import { capture, type CaptureOptions } from '../../src/capture/capture.js';
import type { CaptureRequest } from '../../src/capture/plan.js';
import type { CaptureSummary } from '../../src/capture/summary.js';
import type { Clock } from '../../src/debugger/types.js';
import type { RunTool } from '../../src/tools/run.js';
import { clock } from '../tools/local.js';
import type { MemorySink } from './sinks.js';

const base: CaptureRequest = {
  namespace: 'default',
  pod: 'web',
  interface: 'lo',
  filter: 'udp dst port 4599',
};

/** A capture that was started by {@link start}. */
export interface Running {
  readonly summary: Promise<CaptureSummary>;
  /** Resolves when packets are captured from now on, or when it failed before. */
  readonly began: Promise<void>;
  readonly interrupt: () => void;
}

/** Starts a capture of datagrams to port 4599 on lo, unless `request` says otherwise. */
export function start(
  run: RunTool,
  sink: MemorySink,
  request: Partial<CaptureRequest> = {},
  options: Partial<CaptureOptions> = {},
): Running {
  const controller = new AbortController();
  let onBegin: () => void = () => undefined;
  const began = new Promise<void>((resolve) => (onBegin = resolve));
  const summary = capture(
    { ...base, ...request },
    { run, clock, openSink: sink.open, signal: controller.signal, onBegin, ...options },
  );
  return {
    began: Promise.race([
      began,
      summary.then(
        () => undefined,
        () => undefined,
      ),
    ]),
    summary,
    interrupt: () => controller.abort(),
  };
}

/** Time that passes fifty times as fast. */
export const fast: Clock = {
  now: () => Date.now() * 50,
  sleep: (milliseconds, signal) => clock.sleep(milliseconds / 50, signal),
};
