import type { KubeApi } from '../kube/api.js';
import type { Reference } from '../target/reference.js';
import { resolvePods } from '../target/resolve.js';
import { MOST_PEER_ADDRESSES, peerFilter, type PeerAddress } from './filter.js';
import { followPods } from './follow.js';
import { peerAddresses } from './peer.js';
import { placeOf, type TargetPlace } from './targets.js';

/** What the pods of `--peer` do while a capture runs. */
export interface PeerListener {
  /** Addresses that are in no filter yet. */
  readonly onNew: (addresses: readonly PeerAddress[]) => void;
  /** They are too many, or cannot be followed any more: a sentence. */
  readonly onBlind: (why: string) => void;
}

/**
 * Follows what references stand for, until the signal: pods that come later bring addresses of their own. Those that are gone are
 * kept, since packets to them still tell something. Never rejects.
 * @param known The addresses of the start.
 */
export async function followPeers(
  api: Pick<KubeApi, 'get' | 'list' | 'watch'>,
  {
    peers,
    namespace,
    known,
  }: { peers: readonly Reference[]; namespace: string; known: readonly PeerAddress[] },
  { onNew, onBlind }: PeerListener,
  signal: AbortSignal,
): Promise<void> {
  const expressions = new Set(known.map((one) => peerFilter([one])));
  let work: Promise<void> = Promise.resolve();
  let full = false;

  async function look(peer: Reference): Promise<void> {
    const now = await peerAddresses(api, peer, namespace);
    const fresh = now.filter((one) => !expressions.has(peerFilter([one])));
    if (fresh.length === 0 || signal.aborted || full) return;
    if (expressions.size + fresh.length > MOST_PEER_ADDRESSES) {
      full = true;
      onBlind(
        `--peer stands for more than ${MOST_PEER_ADDRESSES} addresses by now; packets of further ones are not captured`,
      );
      return;
    }
    for (const one of fresh) expressions.add(peerFilter([one]));
    onNew(fresh);
  }
  async function follow(peer: Reference): Promise<void> {
    if (peer.type !== 'object' || peer.kind === 'node') return;
    const blind = (): void => {
      if (!signal.aborted)
        onBlind('the pods of --peer could not be watched any more: later ones are not captured');
    };
    const found = await resolvePods(api, { reference: peer, namespace: peer.namespace ?? namespace }).catch(
      () => undefined,
    );
    // A Service without pods, or one that stands for a name: nobody will come.
    if (found === undefined) return;
    const { pods, listed } = found;
    const member = listed !== undefined;
    const places = pods.map((pod): TargetPlace => ({ place: placeOf(pod), pod, member }));
    const again = (): void => {
      work = work.then(() => look(peer)).catch(() => undefined);
    };
    // What has come between the first look and the watch.
    again();
    const nothing = (): void => undefined;
    const listener = { onPod: again, onGone: nothing, onEvent: nothing, onBlind: blind };
    await followPods(api, places, listed === undefined ? [] : [listed], listener).run(signal);
  }
  await Promise.all(peers.map(follow));
  await work;
}
