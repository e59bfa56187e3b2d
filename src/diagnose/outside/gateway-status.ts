import { itemsOf } from '../reading.js';
import type { ReadObjects } from '../snapshot/types.js';
import type { Gateway, GatewayClass, OutsideCondition, Route } from '../snapshot/types-outside.js';
import type { Parent } from './facts.js';

/** What a controller wrote about one thing, and whether it had seen the spec as it is now. */
export interface Told {
  /** `none`: nobody wrote anything. */
  readonly status: 'True' | 'False' | 'Unknown' | 'none';
  /** False where it was written of an older spec. */
  readonly fresh: boolean;
  readonly reason: string;
  readonly message: string;
  readonly observed?: number;
}

/** The condition of this type. `generation` is that of the object; without either number a condition is taken as it stands. */
export function told(
  conditions: readonly OutsideCondition[] | null | undefined,
  type: string,
  generation: number | undefined,
): Told {
  const found = (conditions ?? []).find((one) => one.type === type);
  if (found === undefined) return { status: 'none', fresh: false, reason: '', message: '' };
  const { status, reason = '', message = '', observedGeneration } = found;
  // Some controllers write nothing there, or 0.
  const observed = observedGeneration === 0 ? undefined : observedGeneration;
  return {
    status: status === 'True' || status === 'False' ? status : 'Unknown',
    fresh: observed === undefined || generation === undefined || observed >= generation,
    reason,
    message,
    ...(observed === undefined ? {} : { observed }),
  };
}

/** Whether it says this of the spec as it is now. */
export function says(one: Told, status: 'True' | 'False'): boolean {
  return one.fresh && one.status === status;
}

/** How a condition is quoted: `Accepted: False (NoResources): no pods`. */
export function quote(type: string, { status, reason, message }: Told): string {
  if (status === 'none') return `${type}: (absent)`;
  return `${type}: ${status}${reason === '' ? '' : ` (${reason})`}${message === '' ? '' : `: ${message}`}`;
}

/** Controllers take some seconds: what was made a moment ago has no status yet. */
export function isYoung(
  { creationTimestamp }: { readonly creationTimestamp?: string | null },
  now: number,
): boolean {
  const at = Date.parse(creationTimestamp ?? '');
  return !Number.isNaN(at) && now - at < 60_000;
}

/** The class of a Gateway, and what stands against it. */
export interface GatewayClassFacts {
  readonly name?: string;
  readonly object?: GatewayClass;
  /** `waiting`: no controller has taken it up. `open`: nothing stands against it. */
  readonly state: 'missing' | 'refused' | 'waiting' | 'open' | 'unread';
  readonly accepted: Told;
  readonly known: readonly string[];
}

/** The class of a Gateway. Of manifests alone (`whole` false) nobody knows which classes the cluster has. */
export function classOf(read: ReadObjects, gateway: Gateway, whole: boolean): GatewayClassFacts {
  const name = gateway.spec?.gatewayClassName ?? undefined;
  const reading = read('gatewayclasses');
  const items = itemsOf(reading);
  const object = items.find(({ metadata }) => metadata.name === name);
  const accepted = told(object?.status?.conditions, 'Accepted', object?.metadata.generation);
  const common = {
    ...(name === undefined ? {} : { name }),
    ...(object === undefined ? {} : { object }),
    accepted,
    known: items.map(({ metadata }) => metadata.name).sort(),
  };
  if (whole && reading.state === 'unknown') return { ...common, state: 'unread' };
  if (!whole || name === undefined || reading.state !== 'there') return { ...common, state: 'open' };
  if (object === undefined) return { ...common, state: 'missing' };
  if (accepted.status === 'False') return { ...common, state: 'refused' };
  // Somebody works on it all the same.
  if (accepted.status === 'True' || isAnswered(gateway)) return { ...common, state: 'open' };
  return { ...common, state: 'waiting' };
}

/** Whether any controller has written anything about it: older ones know other conditions, or give an address only. */
export function isAnswered({ status }: Gateway): boolean {
  const decided = (status?.conditions ?? []).some((one) => one.status === 'True' || one.status === 'False');
  return decided || (status?.addresses ?? []).length > 0;
}

/** Whether the Gateway is told to be carried out. */
export function programmed({ metadata, status }: Gateway): Told {
  return told(status?.conditions, 'Programmed', metadata.generation);
}

/** What controllers wrote about a route and one of its parents; of several that of `controller`. Undefined where none did. */
export function statusOfParent(
  { metadata: { namespace: home }, status }: Route,
  { ref }: Pick<Parent, 'ref'>,
  controller?: string | null,
): readonly OutsideCondition[] | undefined {
  const same = (status?.parents ?? []).filter(
    ({ parentRef }) =>
      parentRef.name === ref.name &&
      (parentRef.namespace ?? home) === (ref.namespace ?? home) &&
      (parentRef.kind ?? 'Gateway') === (ref.kind ?? 'Gateway'),
  );
  const exact = same.filter(
    ({ parentRef }) =>
      (parentRef.sectionName ?? '') === (ref.sectionName ?? '') && (parentRef.port ?? 0) === (ref.port ?? 0),
  );
  // Some leave out the section that was asked for.
  const chosen =
    exact.length > 0 ? exact : same.filter(({ parentRef }) => (parentRef.sectionName ?? '') === '');
  const own = chosen.find(({ controllerName }) => controllerName === controller) ?? chosen[0];
  return own === undefined ? undefined : (own.conditions ?? []);
}
