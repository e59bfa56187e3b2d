import { parseDocument } from 'yaml';

/** What the `mesh` key of the ConfigMap istio says for all workloads, with Istio's defaults where it says nothing. */
export interface MeshConfig {
  readonly rootNamespace: string;
  readonly trustDomains: readonly string[];
  /** `ALLOW_ANY` or `REGISTRY_ONLY`. */
  readonly outbound: string;
  readonly autoMtls: boolean;
}

/** The namespace in which Istio's own parts are expected. */
export const istioNamespace = 'istio-system';

/** The configuration of a mesh. Text that is no YAML, or is too large, counts as empty. */
export function meshConfig(text: string | undefined): MeshConfig {
  const config = read(text);
  const word = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  const aliases = Array.isArray(config.trustDomainAliases) ? config.trustDomainAliases : [];
  return {
    rootNamespace: word(config.rootNamespace) ?? istioNamespace,
    // In a policy cluster.local stands for the trust domain of the mesh, whatever that is called.
    trustDomains: [
      ...new Set([
        word(config.trustDomain) ?? 'cluster.local',
        'cluster.local',
        ...aliases.map((one) => String(one)),
      ]),
    ],
    outbound: word(record(config.outboundTrafficPolicy).mode) ?? 'ALLOW_ANY',
    autoMtls: config.enableAutoMtls !== false,
  };
}

const largestChars = 1_048_576;

function read(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined || text.length > largestChars) return {};
  try {
    return record(parseDocument(text).toJS({ maxAliasCount: 10 }));
  } catch {
    return {};
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
