import { Family, contains } from './address.js';
import type { Address, Cidr } from './address.js';
import type { End, PodEnd } from './end.js';
import type { PluginBehaviour } from './plugin.js';
import type { Peer, Policy } from './rule.js';
import { matches } from './selector.js';
import { Tri, agreed, both, either } from './tri.js';

/** How host-network pods are seen: as ordinary pods, or as nothing but their node. Kubernetes allows both. */
export type HostNetworkView = 'pod' | 'node';

/** What one connection is judged under. */
export interface Circumstances {
  readonly view: HostNetworkView;
  /** Address families that the connection may use: bits of {@link Family}. */
  readonly families: number;
  readonly plugin: PluginBehaviour;
}

/** The families that two ends have in common; those of the one whose addresses are known where the other's are not. */
export function commonFamilies(a: End, b: End): number {
  const [one, other] = [familiesOf(a), familiesOf(b)];
  return one & other || one || other || Family.v4 | Family.v6;
}

function familiesOf(end: End): number {
  return addressesOf(end).reduce((families, address) => families | address.family, 0);
}

function addressesOf(end: End): readonly Address[] {
  if (end.kind === 'pod') return end.addresses;
  return end.address === undefined ? [] : [end.address];
}

/** Whether the policy is about this pod, as far as selectors say. */
export function matchSubject({ subject }: Policy, pod: PodEnd): Tri {
  return matchPod(subject.namespaces, subject.pods, pod);
}

function matchPod(
  namespaces: Policy['subject']['namespaces'],
  pods: Policy['subject']['pods'],
  pod: PodEnd,
): Tri {
  if ('own' in namespaces) return namespaces.own === pod.namespace ? matches(pods, pod.labels) : Tri.no;
  return both(matches(pods, pod.labels), matches(namespaces, pod.namespaceLabels));
}

/** Whether a peer of a rule means this end. */
export function matchPeer(peer: Peer, end: End, circumstances: Circumstances): Tri {
  switch (peer.kind) {
    case 'pods':
      if (end.kind === 'address') return Tri.no;
      if (end.hostNetwork && (peer.scope === 'cluster' || circumstances.view === 'node')) return Tri.no;
      return matchPod(peer.namespaces, peer.pods, end);
    case 'ipBlock': {
      const covered = matchAddresses(end, circumstances.families, [peer]);
      return both(covered, ipBlockReaches(end, circumstances));
    }
    case 'networks':
      // Cluster-scoped kinds match whatever has such an address, pods and nodes too.
      return matchAddresses(
        end,
        circumstances.families,
        peer.cidrs.map((cidr) => ({ cidr, except: [] })),
      );
    case 'nodes': {
      const isNode = end.kind === 'pod' ? end.hostNetwork : end.role === 'node';
      if (!isNode) return Tri.no;
      return matches(peer.nodes, end.node ?? { labels: {}, complete: false });
    }
    case 'domainNames':
      if (end.kind === 'pod' || end.role !== 'outside') return Tri.no;
      if (end.host === undefined) return Tri.unknown;
      return peer.names.some((name) => matchDomain(name, end.host ?? '')) ? Tri.yes : Tri.no;
  }
}

/** Whether an ipBlock that covers the address of this end means it. Outside the cluster: yes; inside it is the plugin's choice. */
function ipBlockReaches(end: End, { view, plugin }: Circumstances): Tri {
  if (end.kind === 'address') return end.role === 'outside' ? Tri.yes : plugin.ipBlockMatchesNodes;
  return end.hostNetwork && view === 'node' ? plugin.ipBlockMatchesNodes : plugin.ipBlockMatchesPods;
}

interface Block {
  readonly cidr: Cidr;
  readonly except: readonly Cidr[];
}

/** Whether one of the blocks holds the end's address, for every family that the connection may use. */
function matchAddresses(end: End, families: number, blocks: readonly Block[]): Tri {
  let result: Tri | undefined;
  for (const family of [Family.v4, Family.v6]) {
    if ((families & family) === 0) continue;
    const inFamily = blocks.filter(({ cidr }) => cidr.family === family);
    const answer = inFamily.reduce<Tri>((sum, block) => either(sum, matchBlock(block, end, family)), Tri.no);
    result = result === undefined ? answer : agreed(result, answer);
  }
  return result ?? Tri.no;
}

function matchBlock({ cidr, except }: Block, end: End, family: number): Tri {
  const addresses = addressesOf(end);
  // An address that is not known yet is in the block that holds all of them, and maybe in any other.
  if (addresses.length === 0) return cidr.prefixLength === 0 && except.length === 0 ? Tri.yes : Tri.unknown;
  const held = addresses
    .filter((address) => address.family === family)
    .map((address) => contains(cidr, address) && !except.some((cut) => contains(cut, address)));
  if (!held.includes(true)) return Tri.no;
  return held.includes(false) ? Tri.unknown : Tri.yes;
}

/** `*.example.com` stands for one label or more before it. Source: v1alpha2 DomainName. */
function matchDomain(pattern: string, host: string): boolean {
  const [name, wanted] = [host, pattern].map((text) => text.toLowerCase().replace(/\.$/, ''));
  if (name === undefined || wanted === undefined) return false;
  return wanted.startsWith('*.')
    ? name.endsWith(wanted.slice(1)) && name.length > wanted.length - 1
    : name === wanted;
}
