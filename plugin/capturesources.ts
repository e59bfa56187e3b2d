import type { CaptureTarget } from '../src/capture/capture.js';
import { combineFilters, peerFilter, type PeerAddress } from '../src/capture/filter.js';
import { peerAddresses } from '../src/capture/peer.js';
import { placeName } from '../src/capture/place.js';
import { planCapture, sourceOf, type CapturePlan } from '../src/capture/plan.js';
import { readProbeExclusion } from '../src/capture/probes.js';
import type { CaptureSource, OpenPackets, PacketSession } from '../src/capture/source.js';
import type { TargetPlace } from '../src/capture/targets.js';
import { viewInterfaces } from '../src/capture/view.js';
import type { CaptureCommandRequest } from './capturerequest.js';
import type { StatusLine } from './print/statusline.js';
import type { Spools } from './spool.js';
import type { DebugSession, SessionContext } from './context.js';
import { openSession } from './session.js';

/** What is captured in places, and how it is started there. */
export interface CaptureSources {
  /** The sources of a place: interfaces and filters as asked. A node's debug pod is started for it. */
  readonly targetOf: (one: TargetPlace) => CaptureTarget;
  /** The same without touching anything, for `--dry-run`. */
  readonly plannedFor: (one: TargetPlace) => Promise<readonly CaptureSource[]>;
  readonly open: OpenPackets;
  /** Addresses that `--peer` stands for: they are in the filter of every source. */
  readonly peers: readonly PeerAddress[];
  /**
   * `--peer` stands for these as well now: further sources of a place for packets of these alone, since the filter of a tcpdump that runs
   * cannot be changed. Places that come later have them in their own.
   */
  readonly withPeers: (fresh: readonly PeerAddress[]) => (one: TargetPlace) => CaptureTarget;
  /** With --spool and the like. */
  readonly spools: Spools | undefined;
}

/**
 * Makes sources of places. What is the same for all, the addresses of `--peer`, is asked once, now; rejects with a NetdebugError.
 * @param several Whether what is waited for has to be told apart by place.
 */
export async function captureSources(
  context: SessionContext,
  request: CaptureCommandRequest,
  several: boolean,
): Promise<CaptureSources> {
  const { api, status } = context;
  const { capture, filters } = request;
  const peers = await Promise.all(filters.peers.map((peer) => peerAddresses(api, peer, api.namespace)));
  const known = peers.flat();
  // A filter that holds too many is refused before anything is touched.
  peerFilter(known);
  const spools = await spoolsFor(context, request);
  const sessions = new Map<string, Promise<DebugSession>>();
  const told = new Set<string>();
  const tell = (text: string): void => {
    if (!told.has(text)) status.note(text);
    told.add(text);
  };

  async function plansFor(
    { pod }: TargetPlace,
    peer = peerFilter(known),
  ): Promise<readonly (CapturePlan & { readonly shows?: string })[]> {
    let probes: string | undefined;
    if (filters.noProbes && pod !== undefined) {
      const exclusion = await readProbeExclusion(api, pod);
      probes = exclusion.filter;
      for (const note of exclusion.notes) tell(note);
    }
    const filter = combineFilters(capture.filter, peer, probes);
    const plan = (name: string): CapturePlan => planCapture({ ...capture, interface: name, filter });
    if (filters.view === undefined || pod === undefined) return (capture.interfaces ?? ['any']).map(plan);
    const view = viewInterfaces(filters.view, pod);
    if (view.note !== undefined) tell(`note: ${view.note}`);
    return view.interfaces.map((one) => ({ ...plan(one.interface), shows: one.shows }));
  }
  async function plannedFor(one: TargetPlace, peer?: string): Promise<readonly CaptureSource[]> {
    return (await plansFor(one, peer)).map((plan) => sourceOf(one.place, plan));
  }
  async function nodeSources(one: TargetPlace, node: string): Promise<readonly CaptureSource[]> {
    const { openNodeSources } = await import('./capturenode.js');
    const opened = openNodeSources(contextFor(one.place), node, await plansFor(one));
    sessions.set(
      keyOf(one.place),
      opened.then(({ session }) => session),
    );
    sessions.get(keyOf(one.place))?.catch(() => undefined);
    return (await opened).sources;
  }
  /** What is shown says of which place it is. */
  function contextFor(place: CaptureSource['place'], signal = context.environment.signal): SessionContext {
    const environment = { ...context.environment, signal };
    return { ...context, environment, status: several ? prefixed(status, `${placeName(place)}: `) : status };
  }
  async function open(source: CaptureSource, signal: AbortSignal): Promise<PacketSession> {
    if (spools === undefined) return (await sessionAt(source, signal)).run(source.argv);
    return spools.open(source, async () => (await sessionAt(source, signal)).container);
  }
  function sessionAt({ place }: CaptureSource, signal: AbortSignal): Promise<DebugSession> {
    const key = keyOf(place);
    let session = sessions.get(key);
    if (session === undefined) {
      if (place.kind === 'node') throw new TypeError('the pod of a node is started before its sources');
      // The node of a pod is told to Wireshark; whoever opens a session at a node gets that node's network.
      const { namespace, pod } = place;
      session = openSession(contextFor(place, signal), { namespace, pod }, 'raw');
      sessions.set(key, session);
    }
    return session;
  }
  function sourcesOf(one: TargetPlace): Promise<readonly CaptureSource[]> {
    if (request.spool?.mode === 'resume' && spools !== undefined) return spools.find(one);
    return one.place.kind === 'node' ? nodeSources(one, one.place.node) : plannedFor(one);
  }
  return {
    targetOf: (one) => ({
      name: placeName(one.place),
      sources: sourcesOf(one),
    }),
    plannedFor: (one) => plannedFor(one),
    peers: known,
    withPeers: (fresh) => {
      const before = peerFilter(known);
      known.push(...fresh);
      const later = peerFilter(fresh);
      // What an earlier source sees already is not to come twice.
      const peer = before === undefined ? later : `(${later ?? ''}) and not (${before})`;
      return (one) => ({ name: placeName(one.place), sources: plannedFor(one, peer) });
    },
    open,
    spools,
  };
}

async function spoolsFor(
  context: SessionContext,
  { spool, debug, capture }: CaptureCommandRequest,
): Promise<Spools | undefined> {
  if (spool === undefined) return undefined;
  const { spoolsOf } = await import('./spool.js');
  return spoolsOf(context, spool, { container: debug.target, durationMs: capture.durationMs });
}

/** One debug container serves all interfaces of a place. */
function keyOf(place: CaptureSource['place']): string {
  return place.kind === 'pod' ? place.uid : `node/${place.node}`;
}

/** Lines that say of which place they are; what others show is not taken away. */
function prefixed(status: StatusLine, prefix: string): StatusLine {
  return {
    note: (text) => {
      status.note(`${prefix}${text}`);
    },
    show: (kind, text, plainEveryMs) => {
      status.show(`${prefix}${kind}`, `${prefix}${text}`, plainEveryMs);
    },
    clear: () => undefined,
  };
}
