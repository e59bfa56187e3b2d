import type { CaptureTarget } from '../src/capture/capture.js';
import type { CaptureSource, OpenPackets, PacketSession } from '../src/capture/source.js';
import { readAbout } from '../src/capture/spool/about.js';
import { waitForLogLine } from '../src/capture/spool/log.js';
import type { SpoolStatus } from '../src/capture/spool/ring.js';
import { detachSpool, openSpool, openSpoolUntil, resumeSpool } from '../src/capture/spool/source.js';
import { spoolStatus, type SpoolPlace } from '../src/capture/spool/start.js';
import type { TargetPlace } from '../src/capture/targets.js';
import { placeName } from '../src/capture/place.js';
import { runTool } from '../src/debugger/lifeline.js';
import { debugContainersOf } from '../src/debugger/list.js';
import type { ContainerAddress } from '../src/debugger/types.js';
import { ExitCode, NetdebugError } from '../src/errors.js';
import type { KubeApi } from '../src/kube/api.js';
import { podPath } from '../src/kube/paths.js';
import { formatDuration } from './options/duration.js';
import { formatSize, sizeBytes } from './options/size.js';
import { defaultDetachSeconds, holdSeconds, type SpoolOptions } from './options/spool.js';
import { usageError } from './options/usage.js';
import type { SessionContext } from './context.js';

/** The spools of one command. */
export interface Spools {
  /** Aborts when the trigger has come; the capture then ends in order. */
  readonly triggered: AbortSignal;
  /** Starts a source in a debug container, or takes it up again. Rejects with a NetdebugError. */
  open(source: CaptureSource, container: () => Promise<ContainerAddress>): Promise<PacketSession>;
  /** What was left in a pod. Rejects with a NetdebugError when there is nothing. */
  find(one: TargetPlace): Promise<readonly CaptureSource[]>;
  /** Something happened in a pod: a restart. */
  tell(event: string): void;
  /** The capture is over: nothing is waited for any more. */
  close(): void;
}

/** What a spool is told besides its own flags. */
export interface SpoolContext {
  /** The pod's own container, whose log is meant. */
  readonly container: string | undefined;
  readonly durationMs: number | undefined;
}

/** The spools of a command that captures, or leaves captures in pods. */
export function spoolsOf(
  context: SessionContext,
  options: SpoolOptions,
  { container, durationMs }: SpoolContext,
): Spools {
  const { api, environment, status, debug } = context;
  const { clock, random, signal } = environment;
  const { mode, bytes, trigger, keepSeconds } = options;
  const { ttlSeconds } = debug;
  const fired = new AbortController();
  const over = new AbortController();
  const left = new Map<
    CaptureSource,
    { readonly container: ContainerAddress; readonly found: SpoolStatus }
  >();

  const watching = AbortSignal.any([signal, fired.signal, over.signal]);

  function fire(why: string): void {
    if (fired.signal.aborted) return;
    status.note(`triggered: ${why}`);
    fired.abort();
  }
  /** Not bound to Ctrl-C: what was captured is fetched after it. */
  function placeIn(at: ContainerAddress): SpoolPlace {
    return {
      run: (argv) => runTool(api, at, argv, { clock, ttlSeconds }),
      clock,
      where: `${at.namespace}/${at.pod}`,
    };
  }
  const optionsIn = (at: ContainerAddress) => ({
    place: placeIn(at),
    random,
    bytes,
    ttlSeconds,
    onWait: (text: string | undefined): void => {
      if (text === undefined) status.clear();
      else status.show(`spool ${at.pod}`, `${at.namespace}/${at.pod}: ${text}`);
    },
  });
  function follow(at: ContainerAddress): void {
    if (trigger?.kind !== 'log') return;
    const { pattern } = trigger;
    const request = { namespace: at.namespace, pod: at.pod, container, pattern, clock, signal: watching };
    void waitForLogLine(api, request).then(
      (line) => {
        if (line !== undefined) fire(`${at.namespace}/${at.pod} logged: ${line}`);
      },
      (error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        status.note(`warning: the log of ${at.namespace}/${at.pod} cannot be followed: ${why}`);
      },
    );
  }
  async function leave(at: ContainerAddress, source: CaptureSource): Promise<PacketSession> {
    const mostSeconds =
      durationMs === undefined ? defaultDetachSeconds : Math.max(1, Math.ceil(durationMs / 1000));
    const { name, session } = await detachSpool(source, { mostSeconds, holdSeconds }, optionsIn(at));
    const [long, later] = [mostSeconds, holdSeconds].map((seconds) => formatDuration(seconds * 1000));
    status.note(`capturing on ${source.interface} of ${at.namespace}/${at.pod} for ${long} (spool ${name})`);
    status.note(
      `until ${later} after that, fetch it with: kubectl netdebug capture ${at.namespace}/pod/${at.pod} --resume -w FILE`,
    );
    return session;
  }
  return {
    triggered: fired.signal,
    open: async (source, containerOf) => {
      const resumed = left.get(source);
      if (resumed !== undefined) return resumeSpool(resumed.found, optionsIn(resumed.container));
      const at = await containerOf();
      await checkStorage(api, at, bytes);
      if (mode === 'detach') return leave(at, source);
      if (mode !== 'until') return openSpool(source, optionsIn(at));
      follow(at);
      const packet = trigger?.kind === 'packet' ? trigger.filter : undefined;
      const onTriggered = (): void => fire(`a packet in ${at.namespace}/${at.pod} matches ${packet ?? ''}`);
      return openSpoolUntil(source, { keepSeconds, packet, onTriggered }, optionsIn(at));
    },
    find: async ({ place, pod }) => {
      const name = placeName(place);
      const running = (pod === undefined ? [] : debugContainersOf(pod, clock.now())).filter(
        ({ state }) => state === 'running',
      );
      const sources = await Promise.all(
        running.map(async (at) => {
          const all = await spoolStatus(placeIn(at));
          return all.map((found): CaptureSource => {
            const source = { place, argv: ['tcpdump'], ...readAbout(found.about) };
            left.set(source, { container: at, found });
            return source;
          });
        }),
      );
      const all = sources.flat();
      if (all.length > 0) return all;
      throw new NetdebugError(`Nothing was left in ${name} that could be fetched.`, {
        exitCode: ExitCode.target,
        hint: 'capture TARGET --detach leaves a capture there; kubectl netdebug list shows what runs.',
      });
    },
    tell: (event) => {
      if (trigger?.kind === 'restart') fire(event);
    },
    close: () => {
      over.abort();
    },
  };
}

/**
 * A pod that has a limit of ephemeral storage is evicted, with all of its containers, when the files of its debug container take it
 * over that. Source: the kubelet's eviction manager, which sums up the limits of the containers.
 */
async function checkStorage(
  api: KubeApi,
  { namespace, pod }: ContainerAddress,
  bytes: number,
): Promise<void> {
  const { spec } = await api.get<PodLimits>(podPath(namespace, pod));
  const limits = spec.containers.flatMap(
    ({ resources }) => sizeBytes(resources?.limits?.['ephemeral-storage'] ?? '') ?? [],
  );
  const limit = limits.reduce((sum, each) => sum + each, 0);
  if (limits.length === 0 || bytes <= limit / 2) return;
  throw new NetdebugError(
    `A spool of ${formatSize(bytes)} could get ${namespace}/${pod} evicted: its ephemeral storage is limited to ${formatSize(limit)}.`,
    { exitCode: ExitCode.usage, hint: `Give a --spool of ${formatSize(Math.floor(limit / 2))} or less.` },
  );
}

/** The part of a pod that the kubelet judges by. */
interface PodLimits {
  readonly spec: {
    readonly containers: readonly {
      readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
    }[];
  };
}

/** `--detach`: starts everything that is meant, and leaves it. Rejects with the first failure when one failed; the others run. */
export async function leaveSpools(
  sources: { readonly targetOf: (one: TargetPlace) => CaptureTarget; readonly open: OpenPackets },
  places: readonly TargetPlace[],
  failed: readonly { readonly error: unknown }[],
): Promise<number> {
  const errors = failed.map(({ error }) => error);
  const signal = new AbortController().signal;
  for (const place of places) {
    if (place.place.kind === 'node') {
      errors.push(
        usageError('--detach is for pods: the debug pod of a node ends with the command', 'capture'),
      );
      continue;
    }
    try {
      for (const source of await sources.targetOf(place).sources) await sources.open(source, signal);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return ExitCode.ok;
}
