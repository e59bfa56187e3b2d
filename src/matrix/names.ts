import { destinationName, sourceName, type Matrix } from './types.js';

/** What rows and columns are called where they are shown. */
export interface MatrixNames {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** The one namespace of all, which the names leave out; undefined when there are several. */
  readonly namespace: string | undefined;
}

/** Names without their namespace where there is but one. */
export function namesOf({ sources, destinations }: Matrix): MatrixNames {
  const namespaces = [...new Set([...sources, ...destinations].map(({ namespace }) => namespace))];
  const namespace = namespaces.length === 1 ? namespaces[0] : undefined;
  const short = (name: string): string => (namespace === undefined ? name : name.slice(namespace.length + 1));
  return {
    rows: sources.map((one) => short(sourceName(one))),
    columns: destinations.map((one) => short(destinationName(one))),
    namespace,
  };
}
