import type { Culprit, Evidence, Finding, Fix } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { ObservedConnect } from '../observed.js';
import type { Front, IngressWay } from '../outside/facts.js';
import type { SnapshotService } from '../snapshot/types.js';

/** A finding in short: an error that is likely, unless something else is said. */
export function say(
  code: string,
  message: string,
  rest: {
    readonly object: Culprit;
    readonly evidence: readonly Evidence[];
    readonly fix: Fix;
    readonly hop: Finding['hop'];
    readonly touches: readonly string[];
  } & Partial<Finding>,
): Finding {
  return { code, severity: 'error', confidence: 'likely', message, ...rest };
}

/** A Service as what is at fault. */
export function serviceAt({ metadata }: SnapshotService, fieldPath?: string, value?: string): Culprit {
  return {
    kind: 'Service',
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    ...(fieldPath === undefined ? {} : { fieldPath }),
    ...(value === undefined ? {} : { value }),
  };
}

/** An Ingress as what is at fault. */
export function ingressAt(
  { ingress: { metadata } }: IngressWay,
  fieldPath?: string,
  value?: string,
): Culprit {
  return {
    kind: 'Ingress',
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    ...(fieldPath === undefined ? {} : { fieldPath }),
    ...(value === undefined ? {} : { value }),
  };
}

/** `shop/api` */
export function nameOf({ metadata }: { readonly metadata: SnapshotService['metadata'] }): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** The Services by which this leg enters the cluster. */
export function frontsOf({ outside }: Facts): readonly Front[] {
  return outside?.way?.fronts ?? [];
}

/** The Ingress rule that this leg goes through. */
export function ingressWay({ outside }: Facts): IngressWay | undefined {
  return outside?.way?.kind === 'ingress' ? outside.way : undefined;
}

/** Connections that the person's own machine tried to addresses outside. */
export function fromHere({ observed }: Facts): readonly ObservedConnect[] {
  return (observed?.connects ?? []).filter(({ from, to }) => from === 'here' && to.role === 'external');
}

/** Whether every attempt ended like this. */
export function allEnded({ attempts }: ObservedConnect, ...outcomes: readonly string[]): boolean {
  return attempts.length > 0 && attempts.every(({ outcome }) => outcomes.includes(outcome));
}

/** A probe as evidence. */
export function fromConnect({ to, attempts, via }: ObservedConnect): Evidence {
  const ends = new Map<string, number>();
  for (const { outcome } of attempts) ends.set(outcome, (ends.get(outcome) ?? 0) + 1);
  const text = [...ends].map(([outcome, count]) => `${outcome} ${count}/${attempts.length}`).join(', ');
  return { source: 'probe', about: `here → ${to.address}:${to.port} (${via})`, excerpt: text };
}
