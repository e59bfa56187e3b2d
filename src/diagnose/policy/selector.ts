import type { Labels, LabelSelector } from './objects.js';
import { Tri, both } from './tri.js';

/** One condition of a label selector. */
export interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
  /** Where it stands inside the selector, e.g. `matchLabels.app` or `matchExpressions[0]`. */
  readonly field: string;
}

/** A compiled label selector: every requirement has to hold. No requirements: everything matches. */
export type Selector = readonly Requirement[];

/** Labels, and whether they are all there are; labels of an object that could not be read are not. */
export interface KnownLabels {
  readonly labels: Labels;
  readonly complete: boolean;
}

/**
 * Compiles a meta/v1 LabelSelector; absent and null are the empty selector. An operator that is not one of the four is refused
 * by the API server and reported by `validate.ts`; here it holds for nothing.
 */
export function compileSelector(selector: LabelSelector | null | undefined): Selector {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]): Requirement => ({
    key,
    operator: 'In',
    values: [value],
    field: `matchLabels.${key}`,
  }));
  const expressions = (selector?.matchExpressions ?? []).map(
    ({ key, operator, values }, index): Requirement => {
      const field = `matchExpressions[${index}]`;
      switch (operator) {
        case 'In':
        case 'NotIn':
          return { key, operator, values: values ?? [], field };
        case 'Exists':
        case 'DoesNotExist':
          return { key, operator, values: [], field };
        default:
          return { key, operator: 'In', values: [], field };
      }
    },
  );
  return [...labels, ...expressions];
}

/** Whether the labels fulfil the selector; unknown where it hangs on a label that could not be read. */
export function matches(selector: Selector, known: KnownLabels): Tri {
  let result: Tri = Tri.yes;
  for (const requirement of selector) {
    result = both(result, holds(requirement, known));
    if (result === Tri.no) return result;
  }
  return result;
}

/** Whether one requirement holds. `NotIn` and `DoesNotExist` hold for an absent key, as in labels.Selector of apimachinery. */
export function holds({ key, operator, values }: Requirement, { labels, complete }: KnownLabels): Tri {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  if (value === undefined && !complete) return Tri.unknown;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value) ? Tri.yes : Tri.no;
    case 'NotIn':
      return value === undefined || !values.includes(value) ? Tri.yes : Tri.no;
    case 'Exists':
      return value === undefined ? Tri.no : Tri.yes;
    case 'DoesNotExist':
      return value === undefined ? Tri.yes : Tri.no;
  }
}

/** A requirement as people write it: `app=web`, `tier in (a, b)`, `!debug`. */
export function requirementText({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0] ?? ''}` : `${key} in (${values.join(', ')})`;
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0] ?? ''}` : `${key} notin (${values.join(', ')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
  }
}
