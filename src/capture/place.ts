import { cleanText } from '../kube/text.js';
import type { InterfaceDescription } from '../pcap/merge-types.js';
import type { CaptureSource, SourcePlace } from './source.js';

/** Labels of a pod that are told in the description of its interface; those of controllers say nothing to people. */
const MOST_LABELS = 10;
const NOT_TOLD =
  /^(pod-template-hash|controller-revision-hash|pod-template-generation|controller-uid|batch\.kubernetes\.io\/.*)$/;

/** Names a place for good: a pod of the same name that came later is another place. */
export function placeKey(place: SourcePlace): string {
  return place.kind === 'pod' ? `pod ${place.uid}` : `node ${place.node}`;
}

/** A place as people write it: `shop/web-0`, `node/worker-1`. */
export function placeName(place: SourcePlace): string {
  return place.kind === 'pod' ? `${place.namespace}/${place.pod}` : `node/${place.node}`;
}

/** A source as Wireshark names its interface: `shop/web-0:eth0`. */
export function sourceName(source: CaptureSource): string {
  return `${placeName(source.place)}:${source.interface}`;
}

/** What Wireshark is told of a source: where it runs, its addresses, who owns it, its labels. */
export function describeSource(source: CaptureSource, name: string): InterfaceDescription {
  const { place, filter, shows = '' } = source;
  if (place.kind === 'node') {
    return { name, description: joined([['addresses', place.addresses.join(' ')]]), filter };
  }
  const labels = Object.entries(place.labels)
    .filter(([key]) => !NOT_TOLD.test(key))
    .slice(0, MOST_LABELS)
    .map(([key, value]) => `${key}=${value}`);
  const description = joined([
    ['shows', shows],
    ['node', place.node ?? ''],
    ['addresses', place.podIPs.join(' ')],
    ['owner', place.owner ?? ''],
    ['labels', labels.join(',')],
  ]);
  return { name, description, filter };
}

function joined(parts: readonly (readonly [string, string])[]): string | undefined {
  const given = parts.filter(([, value]) => value !== '').map(([key, value]) => `${key} ${value}`);
  return given.length === 0 ? undefined : cleanText(given.join('; '), 1000);
}
