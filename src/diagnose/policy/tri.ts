/** A three-valued answer. The order makes "and" the smaller and "or" the greater of two. */
export const Tri = { no: 0, unknown: 1, yes: 2 } as const;

export type Tri = (typeof Tri)[keyof typeof Tri];

/** Both: no if either is no, yes if both are yes. */
export function both(a: Tri, b: Tri): Tri {
  return a < b ? a : b;
}

/** Either: yes if one is yes, no if both are no. */
export function either(a: Tri, b: Tri): Tri {
  return a > b ? a : b;
}

/** The one answer of several cases of which nobody knows which applies: unknown where they differ. */
export function agreed(a: Tri, b: Tri): Tri {
  return a === b ? a : Tri.unknown;
}
