import type { Block, Finding, HopName } from './finding.js';
import { meshHop } from './mesh/facts.js';
import { usesDns } from './model/dns-use.js';
import { outsideClient, outsideHops } from './outside/hops.js';
import { answersItself } from './outside/route-open.js';
import type { Facts, Link } from './model/facts.js';
import { isManifest, systemNamespace } from './model/pods.js';
import { Tri } from './policy/tri.js';
import type { Verdict } from './policy/verdict.js';
import type { SnapshotKind } from './snapshot/types.js';

/** What the objects say of one stretch of the way. `unknown`: they leave it open, or could not be read. */
export type ModelState = 'pass' | 'fail' | 'unknown';

/** One stretch of the way. No packet is sent yet: `probe` is none. */
export interface Hop {
  readonly at: HopName;
  /** The object that it is about. */
  readonly what: string;
  readonly model: ModelState;
  readonly probe: 'pass' | 'fail' | 'unknown' | 'none';
  /** Codes of the findings that close it or leave it open. */
  readonly codes: readonly string[];
}

/** The way from one source to one endpoint. */
export interface Trace {
  readonly source?: string;
  /** The address and port, or what stands for the destination where there is no endpoint. */
  readonly endpoint: string;
  readonly hops: readonly Hop[];
}

export type DiagnosisVerdict = 'REACHABLE' | 'UNREACHABLE' | 'AMBIGUOUS' | 'UNDETERMINED';

/** The way to every endpoint, hop by hop. */
export function tracesOf(facts: Facts, findings: readonly Finding[]): readonly Trace[] {
  const { links, sources, destination } = facts;
  const lost: readonly (Pick<Link, 'source'> & { readonly endpoint?: undefined })[] =
    sources.length === 0 ? [{}] : sources.map((source) => ({ source }));
  return (links.length > 0 ? links : lost).map(({ source, endpoint, ...rest }) => {
    const sides = 'verdict' in rest ? rest.verdict : undefined;
    const port = endpoint?.port ?? destination.port;
    const hops: Hop[] = [];
    const add = (at: HopName, what: string, base: ModelState): void => {
      const blocking = findings.filter(
        (finding) => finding.hop === at && concerns(finding.blocks, source?.key, endpoint?.key),
      );
      const model = worst([base, ...blocking.map(({ blocks }) => blocks?.model ?? 'pass')]);
      hops.push({ at, what, model, probe: 'none', codes: [...new Set(blocking.map(({ code }) => code))] });
    };
    const blocked = (at: HopName): boolean =>
      findings.some((one) => one.hop === at && one.blocks !== undefined);
    // FROM was named, and its pods could not be read: nothing is known of its side.
    const { outside } = facts;
    const unread = source === undefined && facts.asked.from !== undefined && outside === undefined;
    for (const { at, what, model } of outsideHops(facts, source?.text))
      if (at !== 'name' || blocked(at)) add(at, what, model);
    // Controllers were told of above, and a client outside has neither DNS nor policies here.
    const inside = outside === undefined || source?.pod !== undefined;
    if ((source !== undefined && (outside === undefined || blocked('source'))) || unread)
      add('source', source?.text ?? facts.asked.from ?? '', unread ? 'unknown' : 'pass');
    if (usesDns(facts) || blocked('dns'))
      add('dns', destination.service?.name ?? facts.asked.to, dnsState(facts));
    if ((source !== undefined && inside) || unread)
      add('egress', source?.text ?? facts.asked.from ?? '', stateOf(facts, sides?.egress.verdict));
    if (destination.service !== undefined)
      add('service', `${destination.service.namespace}/${destination.service.name}`, serviceState(facts));
    const node = nodeState(facts, endpoint?.node);
    if (node !== undefined) add('node', endpoint?.node ?? destination.node ?? '', node);
    if ((source !== undefined || unread) && endpoint !== undefined)
      add('ingress', endpoint.text, stateOf(facts, sides?.ingress.verdict));
    const mesh = facts.mesh && meshHop(facts.mesh, source?.key, endpoint?.key);
    if (mesh !== undefined) add('mesh', mesh.what, mesh.model);
    add(
      'endpoint',
      endpoint?.text ?? (answersItself(outside?.way) ? 'redirect' : 'no endpoint'),
      endpointState(facts, endpoint),
    );
    const from = outsideClient(facts) ?? source?.text;
    return {
      ...(from === undefined ? {} : { source: from }),
      endpoint:
        endpoint === undefined ? facts.asked.to : addressText(endpoint.address ?? endpoint.text, port),
      hops,
    };
  });
}

/**
 * REACHABLE says that nothing in the objects stands against it, and no more than that. AMBIGUOUS: some ways are open and some are not;
 * also a Service that its address reaches and its name does not.
 */
export function verdictOf(traces: readonly Trace[], byName: boolean): DiagnosisVerdict {
  const outcomes = traces.map(({ hops }) => {
    const failed = hops.filter(({ model }) => model === 'fail');
    const onlyName = failed.length > 0 && failed.every(({ at }) => at === 'dns');
    if (onlyName && !byName && hops.every(({ at, model }) => at === 'dns' || model === 'pass')) return 'part';
    if (failed.length > 0) return 'fail';
    return hops.some(({ model }) => model === 'unknown') ? 'unknown' : 'pass';
  });
  const some = (outcome: string): boolean => outcomes.some((one) => one === outcome);
  if (outcomes.length === 0) return 'UNDETERMINED';
  if (outcomes.every((one) => one === 'fail')) return 'UNREACHABLE';
  if (some('part') || (some('fail') && some('pass'))) return 'AMBIGUOUS';
  return some('fail') || some('unknown') ? 'UNDETERMINED' : 'REACHABLE';
}

/** An address with its port: IPv6 in brackets. */
function addressText(text: string, port: number | string | undefined): string {
  if (port === undefined) return text;
  return text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`;
}

function concerns(
  blocks: Block | undefined,
  source: string | undefined,
  endpoint: string | undefined,
): boolean {
  if (blocks === undefined) return false;
  const { sources, endpoints } = blocks;
  return (
    (sources === undefined || (source !== undefined && sources.includes(source))) &&
    (endpoints === undefined || (endpoint !== undefined && endpoints.includes(endpoint)))
  );
}

function worst(states: readonly ModelState[]): ModelState {
  if (states.includes('fail')) return 'fail';
  return states.includes('unknown') ? 'unknown' : 'pass';
}

function stateOf({ model }: Facts, verdict: Verdict | undefined): ModelState {
  // What the network plugin does not enforce may pass all the same.
  if (verdict === undefined || (verdict === 'deny' && model.objects.plugin.enforces === Tri.no))
    return 'unknown';
  return ({ allow: 'pass', deny: 'fail', unknown: 'unknown' } as const)[verdict];
}

function known(facts: Facts, kind: SnapshotKind, namespace: string | undefined): boolean {
  return facts.read(kind, namespace).state === 'there';
}

function dnsState(facts: Facts): ModelState {
  // A Corefile may answer for any name: where it could not be read, nobody knows.
  const corefile = facts.read('configmaps', systemNamespace, 'coredns');
  const all = known(facts, 'pods', systemNamespace) && corefile.state === 'there';
  return facts.dns?.ready === undefined || !all ? 'unknown' : 'pass';
}

function serviceState(facts: Facts): ModelState {
  const { service } = facts.destination;
  const all = (['services', 'pods', 'endpointslices'] as const).every((kind) =>
    known(facts, kind, service?.namespace),
  );
  if (!all) return 'unknown';
  return service?.object === undefined || facts.destination.outside ? 'unknown' : 'pass';
}

/** The node of an endpoint: left out where the objects hold no node of that name, as manifests do. */
function nodeState(facts: Facts, name: string | undefined): ModelState | undefined {
  if (name === undefined && facts.destination.node === undefined) return undefined;
  const reading = facts.read('nodes');
  if (reading.state !== 'there') return 'unknown';
  return reading.items.some(({ metadata }) => metadata.name === (name ?? facts.destination.node))
    ? 'pass'
    : undefined;
}

function endpointState(facts: Facts, endpoint: Link['endpoint'] | undefined): ModelState {
  const { destination } = facts;
  const { service } = destination;
  if (answersItself(facts.outside?.way)) return 'pass';
  if (!known(facts, 'pods', destination.namespace) || destination.outside) return 'unknown';
  if (endpoint === undefined) return service?.object === undefined ? 'unknown' : 'fail';
  const { pod, ready, serving, terminating } = endpoint;
  // Whether an address that somebody wrote by hand is alive can be told only among all pods and nodes.
  if (
    pod === undefined &&
    service !== undefined &&
    !(known(facts, 'nodes', undefined) && known(facts, 'pods', undefined))
  )
    return 'unknown';
  if (ready || (serving && terminating) || (pod !== undefined && isManifest(pod))) return 'pass';
  // A pod can be called by its address before it is Ready: whether something listens only a probe can tell.
  return service === undefined || service.object?.spec.publishNotReadyAddresses === true ? 'unknown' : 'fail';
}
