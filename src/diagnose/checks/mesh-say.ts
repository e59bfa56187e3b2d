import { kubectl, patchCommand, pointerTo } from '../command.js';
import type { Block, Evidence, Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { objectText } from '../mesh/text.js';
import type { EffectiveMtls } from '../mesh/peer.js';
import type { MeshLink } from '../mesh/types.js';
import type { Facts } from '../model/facts.js';
import { makerOf } from '../model/pods.js';
import type { KubeObject } from '../../kube/types.js';
import type { SnapshotPod } from '../snapshot/types.js';

/** What checks of a mesh have in common: whether there is one, and where their findings stand. */
export const inMesh = ({ mesh }: Facts): boolean => mesh !== undefined;

/** The ways that these connections are, closed or left open. */
export function blocksOf(links: readonly MeshLink[], model: Block['model']): Block {
  return {
    model,
    sources: [...new Set(links.map(({ view }) => view.end.key))],
    endpoints: [...new Set(links.map(({ endpoint }) => endpoint.key))],
  };
}

/** Whom a finding is about: both ends, and the object at fault. */
export function touchesOf(links: readonly MeshLink[], kind: string, object: KubeObject): readonly string[] {
  const ends = links.flatMap(({ view, endpoint }) => [view.end.key, endpoint.key]);
  return [...new Set([...ends, objectKey(kind, object.metadata)])];
}

/** The object at fault, the field and what stands there. */
export function culprit(
  kind: string,
  { metadata }: KubeObject,
  fieldPath: string,
  value: string,
): Finding['object'] {
  return {
    kind,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    name: metadata.name,
    fieldPath,
    value,
  };
}

/** `and 2 more alike`, where there are. */
export function more(links: readonly unknown[]): string {
  return links.length > 1 ? `, and ${links.length - 1} more alike` : '';
}

/** What the server's side takes, in words. */
export function takesText(link: MeshLink): string {
  const { takes, endpoint } = link;
  if (takes === undefined) return `${endpoint.text} has no proxy for this port and takes plain text only`;
  if (takes.mode === 'STRICT')
    return `${whoSays(takes)} lets ${endpoint.text} take mutual TLS only on port ${endpoint.port ?? ''}`;
  return `${whoSays(takes)} lets ${endpoint.text} take plain text only on port ${endpoint.port ?? ''}`;
}

function whoSays({ by, mode }: EffectiveMtls): string {
  return by === undefined
    ? `mode ${mode}`
    : `${objectText('PeerAuthentication', by.object)} ${by.fieldPath}: ${mode}`;
}

/** What the server's side says, as evidence. */
export function takesEvidence({ takes, endpoint, server }: MeshLink): Evidence {
  if (takes?.by === undefined)
    return fromApi(
      `pod ${endpoint.text}`,
      server?.kind === 'none' ? 'no container istio-proxy' : 'no PeerAuthentication',
    );
  return fromApi(objectText('PeerAuthentication', takes.by.object), `${takes.by.fieldPath}: ${takes.mode}`);
}

/** What the client's side is, as evidence. */
export function clientEvidence({ view: { end, member } }: MeshLink): Evidence {
  const proxy = member.kind === 'ambient' ? 'in the ambient mesh' : `container ${member.proxy ?? ''}`;
  return fromApi(
    end.pod === undefined ? end.text : `pod ${end.text}`,
    member.kind === 'none' ? 'no container istio-proxy, not in the ambient mesh' : proxy,
  );
}

/** A patch of one field of an object of Istio, by its path as findings write it: `spec.mtls.mode`. */
export function addFieldCommand(
  resource: string,
  { metadata }: KubeObject,
  fieldPath: string,
  value: unknown,
): string {
  return patchCommand(resource, metadata, [{ op: 'add', path: pointerTo(fieldPath), value }]);
}

/** The command that makes the pods of a pod's workload anew, so that they are injected; none for a pod that nothing made. */
export function restartCommands(pod: SnapshotPod | undefined): readonly string[] {
  const [kind = '', name] = (pod === undefined ? undefined : makerOf(pod))?.split(' ') ?? [];
  if (name === undefined || !['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind)) return [];
  return [kubectl(pod?.metadata.namespace, 'rollout', 'restart', kind.toLowerCase(), name)];
}

/** Links that are alike in what the key says, together. */
export function groupLinks(
  links: readonly MeshLink[],
  key: (link: MeshLink) => unknown,
): readonly (readonly [MeshLink, ...MeshLink[]])[] {
  const groups = new Map<string, [MeshLink, ...MeshLink[]]>();
  for (const link of links) {
    const text = JSON.stringify(key(link));
    const group = groups.get(text);
    if (group === undefined) groups.set(text, [link]);
    else group.push(link);
  }
  return [...groups.values()];
}
