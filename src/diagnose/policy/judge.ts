import type { End, PodEnd } from './end.js';
import type { Circumstances, HostNetworkView } from './match.js';
import { commonFamilies } from './match.js';
import type { PolicyModel, Selection } from './model.js';
import type { Ports } from './ports.js';
import type { Direction, Policy, Rule, Tier } from './rule.js';
import { Tri, both } from './tri.js';

/**
 * What may become of connections, as two sets of ports: those that may pass and those that may be dropped. A port in one of
 * them is decided; a port in both is left open by Kubernetes, or hangs on something that could not be read.
 */
export interface Outcome {
  readonly mayAllow: Ports;
  readonly mayDeny: Ports;
}

/** Connections from one end to another. */
export interface Connection {
  readonly from: End;
  readonly to: End;
  /** By way of a Service's address, so that a pod which reaches itself leaves the pod and comes back. */
  readonly viaService?: boolean;
}

/** Told what happens while ports are judged; without one, only the outcome is computed. */
export interface Witness {
  /** This NetworkPolicy isolates the subject. */
  isolated(policy: Policy): void;
  /** The rule was met by some of the ports; `certain` is whether it surely was. */
  met(tier: Tier, policy: Policy, rule: Rule, certain: boolean): void;
  /** Nothing was definite here, and why. */
  open(reason: string): void;
  /** The rule may or may not mean the peer. */
  doubt(rule: Rule, peer: End, circumstances: Circumstances): void;
}

/** A pod is never cut off from itself, whichever of its addresses it uses. */
export function isSamePod(a: End, b: End): boolean {
  return a.kind === 'pod' && b.kind === 'pod' && a.name === b.name && a.namespace === b.namespace;
}

/** Judges connections on the ports that are asked about. */
export function judge(model: PolicyModel, connection: Connection, asked: Ports): Outcome {
  const { ports } = model;
  const { from, to, viaService = false } = connection;
  const itself = isSamePod(from, to);
  if (itself && !viaService) return { mayAllow: asked, mayDeny: ports.none };
  const outcomes = circumstancesOf(model, from, to).map((circumstances) => {
    const egress = judgeDirection(model, 'egress', connection, asked, circumstances);
    const ingress = judgeDirection(model, 'ingress', connection, asked, circumstances);
    return {
      mayAllow: ports.intersect(egress.mayAllow, ingress.mayAllow),
      mayDeny: ports.union(egress.mayDeny, ingress.mayDeny),
    };
  });
  // Through a Service a pod comes back to itself: plugins that judge it by the address it then has may drop it.
  const certain = itself ? [{ mayAllow: asked, mayDeny: ports.none }] : [];
  return eitherOutcome(model, [...outcomes, ...certain]);
}

/** The circumstances to judge a pair of ends under: two where a host-network pod may be seen in two ways. */
export function circumstancesOf({ objects: { plugin } }: PolicyModel, from: End, to: End): Circumstances[] {
  const families = commonFamilies(from, to);
  const hostNetwork = [from, to].some((end) => end.kind === 'pod' && end.hostNetwork);
  const views: HostNetworkView[] = [];
  if (!hostNetwork || plugin.hostNetworkIsNode !== Tri.yes) views.push('pod');
  if (hostNetwork && plugin.hostNetworkIsNode !== Tri.no) views.push('node');
  return views.map((view) => ({ view, families, plugin }));
}

/** What may become of it when one of several outcomes is the true one. */
export function eitherOutcome({ ports }: PolicyModel, outcomes: readonly Outcome[]): Outcome {
  return outcomes.reduce(
    (sum, { mayAllow, mayDeny }) => ({
      mayAllow: ports.union(sum.mayAllow, mayAllow),
      mayDeny: ports.union(sum.mayDeny, mayDeny),
    }),
    { mayAllow: ports.none, mayDeny: ports.none },
  );
}

/** Judges one direction: the policies of the source for egress, those of the destination for ingress. */
export function judgeDirection(
  model: PolicyModel,
  direction: Direction,
  { from, to }: Connection,
  asked: Ports,
  circumstances: Circumstances,
  witness?: Witness,
): Outcome {
  const { ports } = model;
  const [subject, peer] = direction === 'egress' ? [from, to] : [to, from];
  // Policies are about pods; a host-network pod that is nothing but its node is none.
  if (subject.kind === 'address' || (subject.hostNetwork && circumstances.view === 'node')) {
    return { mayAllow: asked, mayDeny: ports.none };
  }
  const walk: Walk = { model, direction, subject, peer, destination: to, circumstances, witness };
  const admin = walkTier(walk, 'Admin', asked);
  const namespaced = walkNamespaced(walk, admin.left);
  const baseline = walkTier(walk, 'Baseline', namespaced.left);
  const rest = { mayAllow: baseline.left, mayDeny: ports.none };
  return eitherOutcome(model, [admin, namespaced, baseline, rest, ...nativeOutcome(walk, asked)]);
}

interface Walk {
  readonly model: PolicyModel;
  readonly direction: Direction;
  readonly subject: PodEnd;
  readonly peer: End;
  readonly destination: End;
  readonly circumstances: Circumstances;
  readonly witness: Witness | undefined;
}

/** An outcome, and the ports that go on to the next tier (or may). */
interface Stage extends Outcome {
  readonly left: Ports;
}

/** Cluster-scoped policies by priority: the first rule that is met decides, and Pass goes on to the next tier. */
function walkTier(walk: Walk, tier: 'Admin' | 'Baseline', asked: Ports): Stage {
  const { model, subject, direction, witness } = walk;
  const { ports } = model;
  let { mayAllow, mayDeny } = { mayAllow: ports.none, mayDeny: ports.none };
  let passed = ports.none;
  let pending = asked;
  // Host-network pods are never the subject of a cluster-scoped policy.
  if (subject.hostNetwork || pending === ports.none) return { mayAllow, mayDeny, left: pending };
  const unread = model.unread(tier);
  if (unread.length > 0) {
    [mayAllow, mayDeny] = [pending, pending];
    for (const reason of unread) witness?.open(reason);
  }
  for (const group of model.clusterScoped(subject, tier, direction)) {
    // Nobody says which policy of one priority comes first, so each may: what one decides on its own may be the verdict.
    const results = group.map((selection) => walkPolicy(walk, tier, selection, pending));
    for (const result of results) {
      mayAllow = ports.union(mayAllow, result.mayAllow);
      mayDeny = ports.union(mayDeny, result.mayDeny);
      passed = ports.union(passed, result.passed);
    }
    if (results.length > 1 && conflict(walk, results)) {
      const names = group.map(({ policy }) => policy.reference.name).join(', ');
      witness?.open(
        `${names} have the same priority and decide differently: Kubernetes leaves open which comes first`,
      );
    }
    pending = results.reduce((rest, { left }) => ports.intersect(rest, left), pending);
  }
  return { mayAllow, mayDeny, left: ports.union(pending, passed) };
}

interface PolicyResult extends Stage {
  readonly passed: Ports;
}

function walkPolicy(walk: Walk, tier: Tier, { policy, selects }: Selection, asked: Ports): PolicyResult {
  const { model, direction, peer, destination, circumstances, witness } = walk;
  const { ports } = model;
  const matching = model.matching(peer, circumstances);
  const sums = { Allow: ports.none, Deny: ports.none, Pass: ports.none };
  let pending = asked;
  for (const rule of policy[direction]) {
    const match = both(selects, matching(rule));
    if (match === Tri.no) continue;
    const hit = ports.intersect(pending, model.portsOf(rule, destination, circumstances));
    if (hit === ports.none) continue;
    sums[rule.action] = ports.union(sums[rule.action], hit);
    witness?.met(tier, policy, rule, match === Tri.yes);
    if (match === Tri.yes) pending = ports.subtract(pending, hit);
    else if (selects === Tri.yes) witness?.doubt(rule, peer, circumstances);
    else
      witness?.open(
        `the labels of namespace ${walk.subject.namespace} could not be read, and ${policy.reference.name} selects by them`,
      );
  }
  return { mayAllow: sums.Allow, mayDeny: sums.Deny, passed: sums.Pass, left: pending };
}

function conflict({ model: { ports } }: Walk, results: readonly PolicyResult[]): boolean {
  return results.some((a, index) =>
    results
      .slice(index + 1)
      .some((b) =>
        (['mayAllow', 'mayDeny', 'passed'] as const).some((one) =>
          (['mayAllow', 'mayDeny', 'passed'] as const).some(
            (other) => one !== other && ports.intersect(a[one], b[other]) !== ports.none,
          ),
        ),
      ),
  );
}

/** NetworkPolicy: the union of all rules of all policies that isolate the pod; its answer is final where one does. */
function walkNamespaced(walk: Walk, asked: Ports): Stage {
  const { model, direction, subject, peer, destination, circumstances, witness } = walk;
  const { ports } = model;
  if (asked === ports.none) return { mayAllow: asked, mayDeny: asked, left: asked };
  const reading = model.objects.networkPolicies(subject.namespace);
  if (reading.state === 'unknown') {
    witness?.open(
      `NetworkPolicy objects of namespace ${subject.namespace} could not be read (${reading.why})`,
    );
    return { mayAllow: asked, mayDeny: asked, left: asked };
  }
  const policies = model.isolating(subject, direction);
  if (policies.length === 0) return { mayAllow: ports.none, mayDeny: ports.none, left: asked };
  const matching = model.matching(peer, circumstances);
  let sure = ports.none;
  let possible = ports.none;
  for (const policy of policies) {
    witness?.isolated(policy);
    for (const rule of policy[direction]) {
      if (sure === asked && witness === undefined) break;
      const match = matching(rule);
      if (match === Tri.no) continue;
      const hit = ports.intersect(asked, model.portsOf(rule, destination, circumstances));
      if (hit === ports.none) continue;
      if (match === Tri.yes) sure = ports.union(sure, hit);
      else possible = ports.union(possible, hit);
      witness?.met('NetworkPolicy', policy, rule, match === Tri.yes);
      if (match !== Tri.yes) witness?.doubt(rule, peer, circumstances);
    }
  }
  const exempt = ownNodeExemption(walk);
  if (exempt === Tri.yes) sure = asked;
  if (exempt === Tri.unknown) {
    possible = asked;
    if (sure !== asked) witness?.open(ownNodeReason(walk));
  }
  return { mayAllow: ports.union(sure, possible), mayDeny: ports.subtract(asked, sure), left: ports.none };
}

/**
 * A pod always admits its own node (kubelet probes come from there). Whether it always reaches it is said in one place of the
 * documentation and not in the API reference. Source: networking.k8s.io/v1 NetworkPolicySpec; "Network Policies", pod isolation.
 */
function ownNodeExemption({ direction, subject, peer, circumstances: { view, plugin } }: Walk): Tri {
  const own = isOwnNode(subject, peer, view);
  return direction === 'ingress' ? own : both(own, plugin.ownNodeAlwaysReachable);
}

function isOwnNode(subject: PodEnd, peer: End, view: HostNetworkView): Tri {
  if (peer.kind === 'address' && peer.role === 'behind-node') return Tri.unknown;
  const isNode = peer.kind === 'pod' ? peer.hostNetwork && view === 'node' : peer.role === 'node';
  if (!isNode) return Tri.no;
  if (subject.node === undefined || peer.node === undefined) return Tri.unknown;
  return subject.node.name === peer.node.name ? Tri.yes : Tri.no;
}

function ownNodeReason({ direction, subject, peer }: Walk): string {
  const pod = `${subject.namespace}/${subject.name}`;
  if (peer.kind === 'address' && peer.role === 'behind-node') {
    return `externalTrafficPolicy Cluster lets the client arrive with the address of a node: ${pod} admits it from its own node, from another one only where a rule does`;
  }
  if (subject.node === undefined || peer.node === undefined) {
    return `whether the peer runs on the node of ${pod} is not known, and a pod's own node is always admitted`;
  }
  return direction === 'egress'
    ? `whether a pod always reaches its own node, whatever its egress rules say, is left to the network plugin`
    : `a pod always admits its own node`;
}

/** Policies of the network plugin's own may allow or drop what the others do not: with them in play nothing is certain. */
function nativeOutcome({ model: { objects, ports }, subject, witness }: Walk, asked: Ports): Outcome[] {
  const { nativePolicies: reading } = objects;
  const open = { mayAllow: asked, mayDeny: asked };
  if (reading.state === 'unknown') {
    witness?.open(`policies of the network plugin's own could not be read (${reading.why})`);
    return [open];
  }
  if (reading.state === 'absent') return [];
  const inPlay = reading.items.filter(
    ({ namespace }) => namespace === undefined || namespace === subject.namespace,
  );
  if (inPlay.length === 0) return [];
  const names = inPlay.map(
    ({ kind, namespace, name }) => `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`,
  );
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  witness?.open(`${names.slice(0, 3).join(', ')}${more} may decide too, and such policies are not evaluated`);
  return ports.none === asked ? [] : [open];
}
