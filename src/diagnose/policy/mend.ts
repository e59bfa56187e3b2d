import { applyPatch } from 'rfc6902';
import { hostBlock } from './address.js';
import { defaultNamespace } from './compile-namespaced.js';
import type { End } from './end.js';
import type { PolicyModel, PolicyObjects } from './model.js';
import { createModel } from './model.js';
import type { NearestRule } from './nearest.js';
import { nearestRule } from './nearest.js';
import type { Labels, NetworkPolicy, NetworkPolicyPeer } from './objects.js';
import type { Direction, PolicyReference } from './rule.js';
import type { Flow, Verdict } from './verdict.js';
import { explainFlow, explainSide } from './verdict.js';

/** A change that lets a connection through, tried on the model: with it the side it mends allows. */
export interface Mend {
  readonly direction: Direction;
  readonly policy: PolicyReference;
  /** RFC 6902, to be given to `kubectl patch --type=json`. */
  readonly patch: readonly PatchOperation[];
}

export interface PatchOperation {
  readonly op: 'add';
  readonly path: string;
  readonly value: unknown;
}

/** Why a flow is not let through, side by side, and what would let it through. */
export interface Remedy {
  readonly nearest: Readonly<Partial<Record<Direction, NearestRule>>>;
  readonly mends: readonly Mend[];
  /** The flow's verdict with all of the mends; what it was when there are none. */
  readonly verdictAfter: Verdict;
}

/**
 * Looks for the smallest change to NetworkPolicies that lets the flow through. Only sides whose verdict NetworkPolicy decides can
 * be mended so; what an administrator's policy denies is not for a namespace to open.
 */
export function findRemedy(model: PolicyModel, flow: Flow): Remedy {
  const verdict = explainFlow(model, flow);
  const nearest: Partial<Record<Direction, NearestRule>> = {};
  const mends: Mend[] = [];
  let mended = model;
  for (const direction of ['egress', 'ingress'] as const) {
    const side = verdict[direction];
    const isolating = side.policies.filter(({ kind }) => kind === 'NetworkPolicy');
    if (side.verdict === 'allow' || isolating.length === 0) continue;
    const near = nearestRule(model, flow, direction);
    if (near !== undefined) nearest[direction] = near;
    const mend = proposeMend(model, flow, direction, near?.rule.policy ?? isolating[0], near);
    if (mend === undefined) continue;
    const after = withPatch(mended, mend);
    // A proposal that does not help, for whatever reason, is not shown.
    if (after === undefined || explainSide(after, flow, direction).verdict !== 'allow') continue;
    mended = after;
    mends.push(mend);
  }
  return {
    nearest,
    mends,
    verdictAfter: mends.length === 0 ? verdict.verdict : explainFlow(mended, flow).verdict,
  };
}

function proposeMend(
  model: PolicyModel,
  flow: Flow,
  direction: Direction,
  policy: PolicyReference | undefined,
  near: NearestRule | undefined,
): Mend | undefined {
  const raw = policy && rawPolicy(model.objects, policy);
  if (policy === undefined || raw === undefined) return undefined;
  const side = direction === 'ingress' ? 'from' : 'to';
  const port = { protocol: flow.protocol, port: flow.port };
  const mend = (path: string, value: unknown): Mend => ({
    direction,
    policy,
    patch: [{ op: 'add', path, value }],
  });
  const peersFail = near !== undefined && near.failed.length > (near.portsFail ? 1 : 0);
  if (near?.portsFail === true && !peersFail)
    return mend(`/spec/${direction}/${near.rule.index}/ports/-`, port);
  const peer = peerFor(direction === 'ingress' ? flow.from : flow.to, policy.namespace ?? defaultNamespace);
  if (peer === undefined) return undefined;
  if (near !== undefined && !near.portsFail)
    return mend(`/spec/${direction}/${near.rule.index}/${side}/-`, peer);
  const rule = { [side]: [peer], ports: [port] };
  return raw.spec?.[direction] == null
    ? mend(`/spec/${direction}`, [rule])
    : mend(`/spec/${direction}/-`, rule);
}

/** The model with the patch applied; undefined when it does not apply. */
function withPatch(model: PolicyModel, { policy, patch }: Mend): PolicyModel | undefined {
  const { objects } = model;
  const raw = rawPolicy(objects, policy);
  if (raw === undefined) return undefined;
  const changed = structuredClone(raw);
  if (applyPatch(changed, [...patch]).some((error) => error !== null)) return undefined;
  return createModel({
    ...objects,
    networkPolicies: (namespace) => {
      const reading = objects.networkPolicies(namespace);
      if (reading.state !== 'there' || namespace !== policy.namespace) return reading;
      return {
        state: 'there',
        items: reading.items.map((item) => (item.metadata.name === policy.name ? changed : item)),
      };
    },
  });
}

function rawPolicy(
  objects: PolicyObjects,
  { namespace = defaultNamespace, name }: PolicyReference,
): NetworkPolicy | undefined {
  const reading = objects.networkPolicies(namespace);
  return reading.state === 'there' ? reading.items.find(({ metadata }) => metadata.name === name) : undefined;
}

/** A peer that means this end and as little else as its labels allow. */
function peerFor(end: End, namespace: string): NetworkPolicyPeer | undefined {
  if (end.kind === 'address') {
    return end.address === undefined || end.role !== 'outside'
      ? undefined
      : { ipBlock: { cidr: hostBlock(end.address) } };
  }
  const labels = tellingLabels(end.labels.labels);
  if (Object.keys(labels).length === 0) return undefined;
  return {
    ...(end.namespace === namespace
      ? {}
      : { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': end.namespace } } }),
    podSelector: { matchLabels: labels },
  };
}

/** Labels that every pod of an application shares and that outlive a rollout. */
function tellingLabels(labels: Labels): Labels {
  const recommended = ['app.kubernetes.io/name', 'app.kubernetes.io/instance', 'app.kubernetes.io/component'];
  for (const keys of [recommended, ['app'], ['k8s-app'], ['name']]) {
    const found = keys.flatMap((key) => (labels[key] === undefined ? [] : [[key, labels[key]] as const]));
    if (found.length > 0) return Object.fromEntries(found);
  }
  // Labels that controllers put on single pods or single rollouts.
  const fleeting =
    /^(pod-template-hash|controller-revision-hash|pod-template-generation|controller-uid|job-name)$|^(statefulset|apps|batch)\.kubernetes\.io\//;
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !fleeting.test(key)));
}
