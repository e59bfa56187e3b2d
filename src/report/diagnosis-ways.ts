import type { DiagnosisDocument } from './diagnosis-schema.js';

/** One trace of a document. */
export type DocumentTrace = DiagnosisDocument['traces'][number];
/** One stretch of a way. */
export type DocumentHop = DocumentTrace['hops'][number];
/** One finding of a document. */
export type DocumentFinding = DiagnosisDocument['findings'][number];

/** Traces that are alike, told once. */
export interface Way {
  /** The first source; undefined where only an object was asked about. */
  readonly source: string | undefined;
  /** How many further sources have the same way. */
  readonly more: number;
  readonly endpoints: readonly string[];
  readonly hops: readonly DocumentHop[];
}

/** What model and probe say of a hop together: a packet is believed before the objects. */
export function stateOfHop({ model, probe }: DocumentHop): DocumentHop['model'] {
  if (probe === 'fail' || probe === 'pass') return probe;
  return model;
}

/** Whether objects and packets contradict each other. */
export function contradicts({ model, probe }: DocumentHop): boolean {
  return (model === 'pass' && probe === 'fail') || (model === 'fail' && probe === 'pass');
}

/** What a hop is about where ways that are told once differ in it, e.g. their nodes. */
export const several = 'several';

/** Ways that are alike are told once, the broken ones first. */
export function groupWays(traces: readonly DocumentTrace[]): readonly Way[] {
  const groups = new Map<
    string,
    { hops: readonly DocumentHop[]; sources: Set<string>; endpoints: Set<string> }
  >();
  for (const { source, endpoint, hops } of traces) {
    const key = JSON.stringify(hops.map(({ at, model, probe, codes }) => [at, model, probe, codes]));
    const group = groups.get(key) ?? { hops, sources: new Set(), endpoints: new Set() };
    groups.set(key, group);
    group.hops = group.hops.map((hop, at) => (hop.what === hops[at]?.what ? hop : { ...hop, what: several }));
    if (source !== undefined) group.sources.add(source);
    group.endpoints.add(endpoint);
  }
  const badness = ({ hops }: { readonly hops: readonly DocumentHop[] }): number => {
    const states = hops.map(stateOfHop);
    return states.includes('fail') ? 0 : states.includes('unknown') ? 1 : 2;
  };
  return [...groups.values()]
    .sort((a, b) => badness(a) - badness(b))
    .map(({ hops, sources, endpoints }) => ({
      hops,
      source: [...sources][0],
      more: Math.max(sources.size - 1, 0),
      endpoints: [...endpoints],
    }));
}

/** The endpoints of a way in few words. */
export function endpointsText(endpoints: readonly string[]): string {
  const [first = '', second, ...rest] = endpoints;
  if (second === undefined) return first;
  return `${first}, ${second}${rest.length > 0 ? ` and ${rest.length} more` : ''}`;
}

/** The first cause that breaks something; undefined where nothing does. */
export function decisive({ findings, verdict }: DiagnosisDocument): DocumentFinding | undefined {
  const roots = findings.filter(({ causedBy }) => causedBy === undefined);
  const error = roots.find(({ severity }) => severity === 'error');
  return error ?? (verdict === 'REACHABLE' ? undefined : roots[0]);
}

/** `NetworkPolicy shop/allow-web`. */
export function objectName({
  kind,
  namespace,
  name,
}: Pick<DocumentFinding['object'], 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/** What the document says in half a sentence where it found nothing. */
export function withoutFinding({ verdict, notChecked, traces, probes }: DiagnosisDocument): string {
  // Where no debug container could be had, probes were tried and told nothing.
  const answered = traces.some(({ hops }) => hops.some(({ probe }) => probe !== 'none'));
  if (verdict === 'REACHABLE')
    return probes.ran && answered
      ? 'nothing stands against it, in objects or on the network'
      : 'nothing in the objects stands against it';
  const open = new Set(
    traces.flatMap(({ hops }) => hops.filter((hop) => stateOfHop(hop) === 'unknown').map(({ at }) => at)),
  );
  const where = [...open].join(', ') || 'no way was found';
  const gaps = notChecked.length > 0 ? ', as not everything could be read' : '';
  return `${probes.ran ? 'objects and probes' : 'the objects'} leave it open (${where})${gaps}${probes.ran ? '' : ': a probe has to tell'}`;
}
