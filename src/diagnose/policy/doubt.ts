import type { End } from './end.js';
import { endText } from './end.js';
import type { Circumstances } from './match.js';
import { matchPeer } from './match.js';
import type { Peer, Rule } from './rule.js';
import { Tri } from './tri.js';

/** Why a rule may or may not mean a peer: one sentence for each of its terms that is open. */
export function doubtTexts(rule: Rule, end: End, circumstances: Circumstances): string[] {
  if (rule.peers === 'anyone') return [];
  return rule.peers
    .filter((peer) => matchPeer(peer, end, circumstances) === Tri.unknown)
    .map((peer) => doubtText(peer, end));
}

function doubtText(peer: Peer, end: End): string {
  const who = endText(end);
  switch (peer.kind) {
    case 'pods':
      return `the labels of namespace ${end.kind === 'pod' ? end.namespace : ''} could not be read, and ${peer.field} selects by them`;
    case 'nodes':
      return `the labels of the node of ${who} could not be read, and ${peer.field} selects by them`;
    case 'domainNames':
      return `${peer.field} allows names (${peer.names.join(', ')}), and by which name ${who} is called is not known`;
    case 'networks':
      return (
        addressDoubt(peer.field, end, who) ??
        `${who} has addresses of both families and ${peer.field} covers one`
      );
    case 'ipBlock':
      return (
        addressDoubt(peer.field, end, who) ??
        `only an ipBlock (${peer.field}, ${peer.cidr.text}) admits ${who}, and whether an ipBlock means ${
          end.kind === 'pod' ? 'the addresses of pods' : 'the addresses of nodes'
        } is left to the network plugin`
      );
  }
}

function addressDoubt(field: string, end: End, who: string): string | undefined {
  if (end.kind === 'pod') {
    return end.addresses.length === 0
      ? `${who} has no address yet, and ${field} decides by address`
      : undefined;
  }
  return end.address === undefined
    ? `the address of ${who} is not known, and ${field} decides by address`
    : undefined;
}
