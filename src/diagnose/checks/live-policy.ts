import type { Facts, Link } from '../model/facts.js';
import { endText } from '../policy/end.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import type { Support } from './join.js';
import {
  allEnded,
  connectsOf,
  fromProbe,
  isLoopback,
  listening,
  observedOf,
  onPort,
  socketsOf,
} from './live-seen.js';

/** Codes of policies that close a connection. */
const denying = [
  'ND201',
  'ND202',
  'ND204',
  'ND205',
  'ND207',
  'ND209',
  'ND210',
  'ND211',
  'ND213',
  'ND217',
] as const;

/**
 * Policies that reject instead of dropping, as those of kube-router and some rules of Calico and Cilium do: refused although somebody
 * listens. Silence is laid beside the policies with every other probe.
 */
export const livePolicy: Check = {
  name: 'live-policy',
  codes: [],
  live: true,
  reads: [...inputs('source', 'networkpolicies'), ...inputs('destination', 'networkpolicies')],
  concerns: (facts) => observedOf(facts).listeners.length > 0,
  find: () => [],
  supports: (facts) => facts.links.flatMap((link) => rejected(facts, link)),
};

function rejected(facts: Facts, { source, endpoint, verdict, flow }: Link): Support[] {
  if (source === undefined || flow === undefined || verdict?.verdict !== 'deny') return [];
  const touches = (['egress', 'ingress'] as const).flatMap((side) =>
    verdict[side].verdict === 'deny' ? [`${side} ${endText(side === 'egress' ? flow.from : flow.to)}`] : [],
  );
  const open = onPort(socketsOf(facts, endpoint.key) ?? [], flow.protocol, flow.port).filter(
    ({ address }) => !isLoopback(address),
  );
  // Where nobody listens it would be refused without any policy.
  if (open.length === 0) return [];
  return connectsOf(facts, source.key, 'endpoint', endpoint.key)
    .filter((connect) => allEnded(connect, 'refused', 'notPermitted'))
    .map((connect) => ({
      codes: denying,
      touches,
      evidence: [fromProbe(connect), listening(endpoint.key, open)],
      proves: true,
    }));
}
