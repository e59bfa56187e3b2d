import { mostSpecific } from './hosts.js';
import type { DestinationRule, Subset, TrafficPolicy } from './objects.js';
import { byAge, isExported, isSelective, selects } from './select.js';

/** The DestinationRules that a client applies to a host: several of one namespace are one, the oldest says how to talk. */
export interface EffectiveRule {
  /** The oldest first; at least one. */
  readonly rules: readonly DestinationRule[];
  readonly subsets: ReadonlyMap<
    string,
    { readonly rule: DestinationRule; readonly index: number; readonly subset: Subset }
  >;
}

interface Client {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
}

/**
 * What a client goes by: rules of its own namespace, else of the Service's, else of the root namespace; in each the most specific host.
 * Source: istio pilot/pkg/model PushContext.destinationRule.
 */
export function effectiveRule(
  all: readonly DestinationRule[],
  client: Client,
  host: { readonly name: string; readonly namespace: string | undefined },
  rootNamespace: string,
): EffectiveRule | undefined {
  const places = new Set([client.namespace, host.namespace ?? rootNamespace, rootNamespace]);
  for (const namespace of places) {
    const visible = byAge(all).filter(
      ({ metadata, spec }) =>
        metadata.namespace === namespace &&
        (namespace === client.namespace || isExported(spec?.exportTo, namespace, client.namespace)) &&
        // A rule for some clients is one for its own namespace only.
        (!isSelective(spec?.workloadSelector) ||
          (namespace === client.namespace && selects(spec?.workloadSelector, client.labels))),
    );
    const found = mostSpecific(visible, ({ spec }) => spec?.host, host.name);
    const own = found.filter(({ spec }) => isSelective(spec?.workloadSelector));
    const rules = own.length > 0 ? own : found;
    if (rules.length > 0) return { rules, subsets: subsetsOf(rules) };
  }
  return undefined;
}

function subsetsOf(rules: readonly DestinationRule[]): EffectiveRule['subsets'] {
  const subsets = new Map<string, { rule: DestinationRule; index: number; subset: Subset }>();
  for (const rule of rules)
    for (const [index, subset] of (rule.spec?.subsets ?? []).entries())
      if (!subsets.has(subset.name)) subsets.set(subset.name, { rule, index, subset });
  return subsets;
}

/** `DISABLE`, `SIMPLE`, `MUTUAL` or `ISTIO_MUTUAL`, and where it is said. */
export interface ClientMode {
  readonly mode: string;
  readonly rule: DestinationRule;
  readonly fieldPath: string;
}

/** The TLS mode that a rule sets for a port of a Service; undefined where it leaves it to Istio (automatic mutual TLS). */
export function clientMode(
  effective: EffectiveRule | undefined,
  port: number | undefined,
  subset: string | undefined,
): ClientMode | undefined {
  if (effective === undefined) return undefined;
  const special = subset === undefined ? undefined : effective.subsets.get(subset);
  if (special !== undefined) {
    const found = modeOf(special.subset.trafficPolicy, port);
    if (found !== undefined)
      return { ...found, rule: special.rule, fieldPath: `spec.subsets[${special.index}].${found.fieldPath}` };
  }
  const rule = effective.rules.find(({ spec }) => spec?.trafficPolicy != null);
  const found = modeOf(rule?.spec?.trafficPolicy, port);
  return rule === undefined || found === undefined
    ? undefined
    : { ...found, rule, fieldPath: `spec.${found.fieldPath}` };
}

/** What is set for a port replaces all that is set for the host; it does not add to it. */
function modeOf(
  policy: TrafficPolicy | null | undefined,
  port: number | undefined,
): { readonly mode: string; readonly fieldPath: string } | undefined {
  const index = (policy?.portLevelSettings ?? []).findIndex((one) => one.port?.number === port);
  const [tls, fieldPath] =
    port !== undefined && index >= 0
      ? [policy?.portLevelSettings?.[index]?.tls, `trafficPolicy.portLevelSettings[${index}].tls.mode`]
      : [policy?.tls, 'trafficPolicy.tls.mode'];
  // tls without a mode is DISABLE, the first value of the enumeration.
  return tls == null ? undefined : { mode: tls.mode ?? 'DISABLE', fieldPath };
}
