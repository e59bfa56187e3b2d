import { distinctBy } from '../distinct.js';
import type { Facts, Link } from '../model/facts.js';
import type { Observed, ObservedConnect, ProbeTo } from '../observed.js';
import { nothingObserved } from '../observed.js';
import { itemsOf } from '../reading.js';
import type { Trace } from '../trace.js';
import { httpUrl } from './http-port.js';
import { podPlace, sourcePlaces } from './places.js';
import { lookedUp } from './plan-name.js';
import type { ProbePlace, ProbePlan, ProbeTask, Unprobed } from './task.js';
import { reachedOf } from './task.js';

/** Endpoints that are connected to, attempts at each place (`shared`: at a Service of several endpoints), and pods that are looked into from inside. */
const probeLimits = { endpoints: 5, attempts: 3, shared: 6, inside: 3, paths: 3 } as const;

/** The port at which every kubelet listens: that a node answers there, or refuses, shows that it can be reached. */
const kubeletPort = 10_250;

/** What the plan is made of: a diagnosis without probes. */
export interface Planned {
  readonly facts: Facts;
  readonly traces: readonly Trace[];
}

/**
 * What to try, by what the objects say and by what was observed so far: first the name, the Service and its endpoints from the source,
 * and the pods that the objects doubt from inside; then, by what came of it, HTTP and the path MTU where something connected, and the
 * inside of pods that did not answer. Tasks of earlier rounds are named again: whoever runs them leaves out what was done.
 * @param count Attempts at the Service and at each endpoint; undefined: a few.
 */
export function planProbes(
  { facts, traces }: Planned,
  observed: Observed = nothingObserved,
  count?: number,
): ProbePlan {
  const { places, unprobed } = sourcePlaces(facts);
  const tasks: ProbeTask[] = [];
  for (const [index, at] of places.entries()) {
    const endpoints = chosenEndpoints(facts, traces, at.key);
    tasks.push(...firstTasks(facts, at, endpoints, index === 0, count));
    tasks.push(...laterTasks(facts, at, observed, index === 0));
  }
  const inside = insideTasks(facts, traces, observed, places.length > 0);
  const once = distinctBy([...tasks, ...inside], (task) => JSON.stringify(task));
  return { tasks: once, unprobed: [...unprobed, ...unspoken(facts, places)] };
}

function unspoken({ destination }: Facts, places: readonly ProbePlace[]): Unprobed[] {
  return destination.protocol === 'SCTP' && places.length > 0
    ? [{ what: 'probes', why: 'SCTP is not spoken', code: 'ND007' }]
    : [];
}

/** The addresses of the Service that is meant, and the port. A port that it has not is tried as well: the answer tells. */
function serviceAddress({ destination }: Facts): ProbeTo[] {
  const { service, protocol } = destination;
  const spec = service?.object?.spec;
  if (spec === undefined || spec.type === 'ExternalName') return [];
  const port = service?.port?.port ?? destination.port;
  const address = spec.clusterIP;
  if (typeof port !== 'number' || address === undefined || address === '' || address === 'None') return [];
  return [{ role: 'service', address, port, protocol }];
}

function firstTasks(
  facts: Facts,
  at: ProbePlace,
  endpoints: readonly ProbeTo[],
  isFirst: boolean,
  asked: number | undefined,
): ProbeTask[] {
  const name = lookedUp(facts);
  const { protocol } = facts.destination;
  const { attempts, shared } = probeLimits;
  const asks = name !== undefined && (at.kind === 'pod' || facts.destination.outside);
  return [
    ...(asks ? [{ kind: 'dns', at, name } as const] : []),
    ...(protocol === 'SCTP' ? [] : [...serviceAddress(facts), ...endpoints]).map((to): ProbeTask => ({
      kind: 'connect',
      at,
      to,
      count: asked ?? (to.role === 'service' && facts.destination.endpoints.length > 1 ? shared : attempts),
    })),
    ...(isFirst ? [{ kind: 'kernel', at, ...nodeOf(facts, at) } as const] : []),
  ];
}

function nodeOf({ sources }: Facts, at: ProbePlace): { readonly node?: string; readonly ofNode: boolean } {
  if (at.kind === 'node') return { node: at.name, ofNode: true };
  const spec = sources.find(({ key }) => key === at.key)?.pod?.spec;
  const node = spec?.nodeName === undefined ? {} : { node: spec.nodeName };
  return { ...node, ofNode: spec?.hostNetwork === true };
}

/** Endpoints to connect to: those that the objects doubt first, with one of the good ones on the same node and one elsewhere. */
function chosenEndpoints(facts: Facts, traces: readonly Trace[], from: string): ProbeTo[] {
  const node = facts.sources.find(({ key }) => key === from)?.pod?.spec.nodeName;
  const own = facts.links.flatMap((link, index) =>
    link.source?.key === from ? [{ link, doubt: doubtOf(traces[index]) }] : [],
  );
  const [fail, unknown, pass] = (['fail', 'unknown', 'pass'] as const).map((state) =>
    own.flatMap(({ link, doubt }) => (doubt === state ? [link] : [])),
  ) as [Link[], Link[], Link[]];
  const hopeful = [...pass, ...unknown];
  const near = hopeful.find(({ endpoint }) => endpoint.node === node);
  const far = hopeful.find(({ endpoint }) => endpoint.node !== node);
  const two = [near, far].filter((link) => link !== undefined);
  const order = [...fail.slice(0, probeLimits.endpoints - two.length), ...two, ...fail, ...unknown, ...pass];
  return [...new Set(order)].slice(0, probeLimits.endpoints).flatMap((link) => endpointTo(facts, link));
}

/** What the objects say of the way behind the Service. */
function doubtOf(trace: Trace | undefined): Trace['hops'][number]['model'] {
  const models = (trace?.hops ?? [])
    .filter(({ at }) => at !== 'dns' && at !== 'service')
    .map(({ model }) => model);
  return models.find((model) => model === 'fail') ?? models.find((model) => model === 'unknown') ?? 'pass';
}

function endpointTo({ destination }: Facts, { endpoint }: Link): ProbeTo[] {
  const { key, pod, node, port, end } = endpoint;
  const named = end.kind === 'address' ? (end.address?.text ?? end.host) : undefined;
  const address = endpoint.address ?? named;
  // A name that begins with a hyphen would be a flag of the program that connects.
  if (port === undefined || address === undefined || !/^[\w:][\w.:-]*$/.test(address)) return [];
  const role =
    pod !== undefined || destination.service !== undefined
      ? 'endpoint'
      : node === undefined
        ? 'destination'
        : 'node';
  return [
    {
      role,
      endpoint: key,
      ...(node === undefined ? {} : { node }),
      address,
      port,
      protocol: destination.protocol,
    },
  ];
}

/** What follows from the connections: HTTP and the path MTU where something answered, the node behind what is silent. */
function laterTasks(facts: Facts, at: ProbePlace, observed: Observed, isFirst: boolean): ProbeTask[] {
  const own = observed.connects.filter(({ from, to }) => from === at.key && to.protocol === 'TCP');
  if (!isFirst || own.length === 0) return [];
  const open = own.filter((one) => reachedOf(one) !== 'none');
  const talk = open.find(({ to }) => to.role === 'service') ?? open[0];
  const url = talk && httpUrl(facts, talk.to);
  const ends = own.filter(({ to }) => to.role === 'endpoint' || to.role === 'destination');
  return [
    ...(url === undefined || talk === undefined ? [] : [{ kind: 'http', at, to: talk.to, url } as const]),
    // Nodes send larger packets than pods take, and are told so.
    ...(at.kind === 'node' ? [] : pathTasks(at, ends)),
    ...nodeTasks(facts, at, ends),
  ];
}

/** One path for each node: a connection that is there may still lose its large packets, and pings may pass where TCP is silent. */
function pathTasks(at: ProbePlace, ends: readonly ObservedConnect[]): ProbeTask[] {
  const byNode = new Map<string, ProbeTask>();
  for (const one of ends) {
    const { endpoint, node = '', address } = one.to;
    const silent = one.attempts.some(({ outcome }) => outcome === 'timeout');
    if ((reachedOf(one) === 'none' && !silent) || endpoint === undefined || byNode.has(node)) continue;
    byNode.set(node, { kind: 'mtu', at, endpoint, address });
  }
  return [...byNode.values()].slice(0, probeLimits.paths);
}

/** Behind a pod that is silent there may be a node that is, too. */
function nodeTasks(facts: Facts, at: ProbePlace, ends: readonly ObservedConnect[]): ProbeTask[] {
  const silent = ends.filter(({ attempts }) =>
    attempts.every(({ outcome }) => outcome === 'timeout' || outcome === 'hostUnreachable'),
  );
  const nodes = new Set(silent.flatMap(({ to }) => (to.node === undefined ? [] : [to.node])));
  return itemsOf(facts.read('nodes'))
    .filter(({ metadata }) => nodes.has(metadata.name))
    .slice(0, 2)
    .flatMap(({ metadata, status }) => {
      const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
      if (address === undefined) return [];
      const to = { role: 'node', node: metadata.name, address, port: kubeletPort, protocol: 'TCP' } as const;
      return [{ kind: 'connect', at, to, count: 1 } as const];
    });
}

/** The inside of destination pods: those that did not answer, that the objects doubt, or that nothing can be sent to. */
function insideTasks(
  { links, destination, ...rest }: Facts,
  traces: readonly Trace[],
  observed: Observed,
  probed: boolean,
): ProbeTask[] {
  const facts: Facts = { links, destination, ...rest };
  const doubted = (key: string): boolean =>
    links.some(
      ({ endpoint }, index) =>
        endpoint.key === key &&
        traces[index]?.hops.some(({ at, model }) => at === 'endpoint' && model !== 'pass') === true,
    );
  const failed = (key: string): boolean =>
    observed.connects.some((one) => one.to.endpoint === key && reachedOf(one) !== 'all');
  const asked = destination.endpoints.filter(
    ({ key, pod }) => pod !== undefined && (!probed || doubted(key) || failed(key)),
  );
  return asked.slice(0, probeLimits.inside).flatMap(({ key, pod, port }): ProbeTask[] => {
    const at = pod && podPlace(facts, key, pod);
    if (at === undefined) return [];
    const loopback =
      port === undefined || destination.protocol !== 'TCP'
        ? []
        : ['127.0.0.1', '::1'].map((address): ProbeTask => {
            const to = { role: 'loopback', endpoint: key, address, port, protocol: 'TCP' } as const;
            return { kind: 'connect', at, to, count: 1 };
          });
    return [{ kind: 'listeners', at }, ...loopback];
  });
}
