import type { RunningCapture } from '../src/capture/capture.js';
import { placeKey, placeName } from '../src/capture/place.js';
import type { TargetPlace } from '../src/capture/targets.js';
import type { CaptureCommandRequest } from './capturerequest.js';
import type { CaptureSources } from './capturesources.js';
import type { SessionContext } from './context.js';

/** The capture whose `--peer` is followed. */
export interface PeerCapture {
  readonly sources: CaptureSources;
  readonly capture: RunningCapture;
  /** All that were captured so far. */
  readonly present: readonly TargetPlace[];
  /** One source, as pcap holds: nothing can join it. */
  readonly fixed: boolean;
  readonly signal: AbortSignal;
}

/**
 * Follows the pods of `--peer` until the signal: packets of those that come later are captured by a source of their own, and where that
 * cannot be, it is said. Never rejects.
 */
export async function followPeersOf(
  { api, status }: SessionContext,
  { filters, spool }: CaptureCommandRequest,
  { sources, capture, present, fixed, signal }: PeerCapture,
): Promise<void> {
  // What was left in a pod has the filter that it was left with.
  if (filters.peers.length === 0 || spool?.mode === 'resume') return;
  const { followPeers } = await import('../src/capture/peer-follow.js');
  const tell = (text: string): void => {
    status.note(`warning: ${text}`);
    capture.note(`${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`);
  };
  const asked = { peers: filters.peers, namespace: api.namespace, known: [...sources.peers] };
  await followPeers(
    api,
    asked,
    {
      onBlind: tell,
      onNew: (fresh) => {
        const hosts = fresh.map(({ host }) => host).join(', ');
        if (fixed) {
          tell(`--peer stands for ${hosts} as well now, which one source of pcap cannot take in`);
          return;
        }
        const targetOf = sources.withPeers(fresh);
        const running = capture.places();
        for (const one of present) {
          if (!running.has(placeKey(one.place))) continue;
          // The filter of a node leaves out what only its pod can tell; another such pod would be needed.
          if (one.place.kind === 'node')
            tell(`--peer stands for ${hosts} as well now, which ${placeName(one.place)} does not capture`);
          else capture.join(targetOf(one));
        }
      },
    },
    signal,
  );
}
