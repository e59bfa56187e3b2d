import { contains, parseCidr } from './address.js';
import type { PodEnd } from './end.js';
import type { Outcome } from './judge.js';
import { isSamePod, judge } from './judge.js';
import type { PolicyModel } from './model.js';
import { portTexts } from './ports.js';
import type { Policy, Rule } from './rule.js';

/** What is allowed from one pod to another, and what is left open, as {@link portTexts}; the rest is denied. */
export interface Cell {
  readonly allowed: readonly string[];
  readonly unknown: readonly string[];
}

/** The verdict for every ordered pair of these pods, found when it is asked for. */
export interface Matrix {
  readonly pods: readonly PodEnd[];
  /** `from` and `to` are places in `pods`. Cells with the same content are the same object. */
  readonly cell: (from: number, to: number) => Cell;
}

/**
 * All pairs at once. Pods that no policy can tell apart (same namespace, same labels as far as selectors ask, same named ports
 * and blocks of addresses) are one class, and each pair of classes is judged once.
 */
export function createMatrix(model: PolicyModel, pods: readonly PodEnd[]): Matrix {
  const classOf = classesOf(model, pods);
  const rows: (Cell | undefined)[][] = [];
  const cells: (Cell | undefined)[][] = [];
  const compute = (from: PodEnd, to: PodEnd): Cell => {
    const { mayAllow, mayDeny } = judge(model, { from, to }, model.ports.all);
    return ((cells[mayAllow.id] ??= [])[mayDeny.id] ??= cellOf(model, { mayAllow, mayDeny }));
  };
  return {
    pods,
    cell: (at, other) => {
      const [from, to] = [pods[at], pods[other]];
      if (from === undefined || to === undefined) throw new RangeError(`no pod ${at} or ${other}`);
      if (isSamePod(from, to)) return compute(from, to);
      const row = (rows[classOf[at] ?? 0] ??= []);
      return (row[(classOf[other] ?? 0) * 4 + sameNode(from, to)] ??= compute(from, to));
    },
  };
}

/** An outcome in the words of `policy -o json`. */
export function cellOf({ ports }: PolicyModel, { mayAllow, mayDeny }: Outcome): Cell {
  return {
    allowed: portTexts(ports.subtract(mayAllow, mayDeny)),
    unknown: portTexts(ports.intersect(mayAllow, mayDeny)),
  };
}

/** Whether two ends share a node matters only where one of them is a host-network pod. */
function sameNode(from: PodEnd, to: PodEnd): 0 | 1 | 2 | 3 {
  if (!from.hostNetwork && !to.hostNetwork) return 0;
  if (from.node === undefined || to.node === undefined) return 1;
  return from.node.name === to.node.name ? 2 : 3;
}

function classesOf(model: PolicyModel, pods: readonly PodEnd[]): number[] {
  const told = distinctions(model, pods);
  const classes = new Map<string, number>();
  return pods.map((pod) => {
    const key = JSON.stringify([
      pod.namespace,
      told.labels.map((label) => pod.labels.labels[label] ?? null),
      told.namedPorts.map((port) => pod.namedPorts.get(port) ?? null),
      pod.addresses.map(({ family }) => family),
      pod.addresses.map((address) => told.blocks.map((block) => (contains(block, address) ? 1 : 0)).join('')),
      pod.hostNetwork ? [pod.node?.name] : null,
    ]);
    const known = classes.get(key);
    if (known === undefined) classes.set(key, classes.size);
    return known ?? classes.size - 1;
  });
}

/** Everything by which a policy that concerns these pods can tell one from another. */
function distinctions(model: PolicyModel, pods: readonly PodEnd[]) {
  const policies = model.policiesOf(new Set(pods.map(({ namespace }) => namespace)));
  const rules = policies.flatMap(({ egress, ingress }) => [...egress, ...ingress]);
  const peers = rules.flatMap((rule) => (rule.peers === 'anyone' ? [] : rule.peers));
  const blocks = peers.flatMap((peer) => {
    if (peer.kind === 'ipBlock') return [peer.cidr, ...peer.except];
    return peer.kind === 'networks' ? peer.cidrs : [];
  });
  return {
    labels: unique([
      ...policies.flatMap(subjectKeys),
      ...peers.flatMap((peer) => (peer.kind === 'pods' ? peer.pods : []).map(({ key }) => key)),
    ]),
    namedPorts: unique(rules.flatMap(portKeys)),
    blocks: unique(blocks.map(({ text }) => text)).flatMap((text) => parseCidr(text) ?? []),
  };
}

function subjectKeys({ subject }: Policy): string[] {
  return subject.pods.map(({ key }) => key);
}

function portKeys({ ports }: Rule): string[] {
  if (ports === 'every') return [];
  return ports.named.flatMap(({ name, protocol }) =>
    (protocol === undefined ? ['TCP', 'UDP', 'SCTP'] : [protocol]).map((of) => `${of}/${name}`),
  );
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
