import type { Facts } from './facts.js';

/** A node at either end of the flow, with the keys of the sources and endpoints that are on it. */
export interface NodeRole {
  readonly name: string;
  readonly sources: readonly string[];
  readonly endpoints: readonly string[];
}

/** The nodes that the flow is about, each once. */
export function nodesOf({ sources, destination }: Facts): readonly NodeRole[] {
  const roles = new Map<string, { sources: string[]; endpoints: string[] }>();
  const role = (name: string) => {
    const known = roles.get(name) ?? { sources: [], endpoints: [] };
    roles.set(name, known);
    return known;
  };
  for (const { pod, key, end } of sources) {
    const name = pod?.spec.nodeName ?? (end.kind === 'address' ? end.node?.name : undefined);
    if (name !== undefined) role(name).sources.push(key);
  }
  for (const { node, key } of destination.endpoints) if (node !== undefined) role(node).endpoints.push(key);
  if (destination.node !== undefined) role(destination.node);
  return [...roles].map(([name, one]) => ({ name, ...one }));
}
