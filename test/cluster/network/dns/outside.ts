/** The resolver outside of the cluster, which the nodes' resolv.conf names: 172.30.0.1. It knows a table of names. */
import packet, { type Answer } from 'dns-packet';
import { encodeReply, rcodes, serveDns } from './wire.js';

/** Starts it in the network of this process. */
export function serveOutside(
  address: string,
  names: Readonly<Record<string, readonly string[]>>,
): Promise<() => void> {
  return serveDns(address, 53, (asked) => {
    const [question] = asked.query.questions ?? [];
    if (question === undefined) return Promise.resolve(undefined);
    const known = names[question.name.toLowerCase().replace(/\.$/, '')];
    const answers: Answer[] =
      question.type === 'A'
        ? (known ?? []).map((data) => ({ name: question.name, type: 'A', ttl: 300, data }))
        : [];
    const reply = encodeReply(asked, {
      type: 'response',
      id: asked.query.id ?? 0,
      flags:
        packet.RECURSION_DESIRED |
        packet.RECURSION_AVAILABLE |
        (known === undefined ? rcodes.NXDOMAIN : rcodes.NOERROR),
      questions: [question],
      answers,
    });
    return Promise.resolve(reply);
  });
}
