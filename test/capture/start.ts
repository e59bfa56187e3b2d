import { startCapture, type CaptureDestination, type CaptureOptions } from '../../src/capture/capture.js';
import { planCapture, sourceOf, type CaptureRequest } from '../../src/capture/plan.js';
import type { SourcePlace } from '../../src/capture/source.js';
import { pcapStream } from '../../src/capture/stream-pcap.js';
import type { CaptureSummary } from '../../src/capture/summary.js';
import type { Clock } from '../../src/debugger/types.js';
import type { RunTool } from '../../src/tools/run.js';
import { clock } from '../tools/local.js';
import type { MemorySink } from './sinks.js';

const base: CaptureRequest = { interface: 'lo', filter: 'udp dst port 4599' };

/** A pod to capture in. */
export function place(pod = 'web', namespace = 'default'): Extract<SourcePlace, { kind: 'pod' }> {
  return {
    kind: 'pod',
    namespace,
    pod,
    uid: `uid-of-${pod}`,
    node: 'node-1',
    podIPs: ['10.244.1.2'],
    owner: undefined,
    labels: {},
  };
}

/** Captures one pod as pcap. */
export function capture(
  request: CaptureRequest,
  {
    run,
    openSink,
    ...options
  }: Omit<CaptureOptions, 'open' | 'to'> & Pick<CaptureDestination, 'openSink'> & { readonly run: RunTool },
): Promise<CaptureSummary> {
  const plan = planCapture(request);
  const { durationMs, packetCount, maxBytes } = plan;
  const target = { name: 'default/web', sources: [sourceOf(place(), plan)] };
  const running = startCapture([target], {
    ...options,
    open: ({ argv }) => run(argv),
    to: { stream: pcapStream({ maxBytes, maxPackets: packetCount }), openSink },
    durationMs,
    packetCount,
  });
  running.seal();
  return running.summary;
}

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
  options: Partial<Parameters<typeof capture>[1]> = {},
): Running {
  const controller = new AbortController();
  let onBegin: () => void = () => undefined;
  const began = new Promise<void>((resolve) => (onBegin = resolve));
  const summary = capture(
    { ...base, ...request },
    {
      run,
      clock,
      openSink: sink.open,
      signal: controller.signal,
      onEvent: ({ kind }) => {
        if (kind === 'began') onBegin();
      },
      ...options,
    },
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
