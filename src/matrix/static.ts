import { endpointsOf } from '../diagnose/flows/service.js';
import type { Scene } from '../diagnose/flows/party.js';
import type { End } from '../diagnose/policy/end.js';
import { judge } from '../diagnose/policy/judge.js';
import type { Protocol } from '../diagnose/policy/objects.js';
import { portsOfFlow, verdictOf, type Flow, type Verdict } from '../diagnose/policy/verdict.js';
import type { SnapshotService } from '../diagnose/snapshot/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import type { Pod } from '../kube/types.js';
import { isItself, type MatrixDestination, type MatrixPlan, type ModelCell } from './types.js';

/** The objects that the names of a plan stand for. */
export interface PlannedObjects {
  readonly pods: readonly Pod[];
  readonly services: readonly SnapshotService[];
}

type Arrival = Omit<Flow, 'from'>;

/** What policies decide, by source and destination; undefined where a pod is its own destination. No packet is sent. */
export function judgeMatrix(
  scene: Scene,
  { sources, destinations }: MatrixPlan,
  { pods, services }: PlannedObjects,
): (ModelCell | undefined)[][] {
  const { model } = scene;
  const ends = new Map(pods.map((pod) => [keyOf(pod), model.ends.pod(pod)]));
  const servicesByName = new Map(services.map((service) => [keyOf(service), service]));
  const arrivals = destinations.map((to): readonly Arrival[] | 'unknown' => {
    const key = `${to.namespace}/${to.name}`;
    if (to.kind === 'service') return throughService(scene, servicesByName.get(key), to);
    const end = ends.get(key);
    return end === undefined ? [] : [{ to: end, protocol: protocolOf(to), port: to.port }];
  });
  return sources.map((source) => {
    const from: End | undefined = ends.get(`${source.namespace}/${source.pod}`);
    return destinations.map((to, at) => {
      if (isItself(source, to)) return undefined;
      const flows = arrivals[at] ?? [];
      if (from === undefined || flows === 'unknown') return 'unknown';
      return together(
        flows.map((arrival) => {
          const flow = { from, ...arrival };
          return verdictOf(model, judge(model, flow, portsOfFlow(model, flow)));
        }),
      );
    });
  });
}

/** What the verdicts for all endpoints of a destination say of it. */
export function together(verdicts: readonly Verdict[]): ModelCell {
  const [first] = verdicts;
  if (first === undefined) return 'noEndpoint';
  if (verdicts.includes('unknown')) return 'unknown';
  return verdicts.every((one) => one === first) ? first : 'mixed';
}

function throughService(
  scene: Scene,
  service: SnapshotService | undefined,
  to: MatrixDestination,
): readonly Arrival[] | 'unknown' {
  if (service === undefined) return [];
  const { type, externalName, clusterIP } = service.spec;
  const protocol = protocolOf(to);
  if (type === 'ExternalName' && externalName !== undefined)
    return [{ to: scene.model.ends.outside(externalName), protocol, port: to.port }];
  try {
    const endpoints = endpointsOf(scene, service, { port: to.port, protocol }, `service/${to.name}`);
    return endpoints.map(({ end, protocol: of, port }) => ({
      to: end,
      protocol: of,
      port,
      viaService: clusterIP !== 'None',
      ...(port === to.port ? {} : { servicePort: to.port }),
    }));
  } catch (error) {
    // No such port, or nobody behind it: there is no connection that policies could judge.
    if (error instanceof NetdebugError && error.exitCode === ExitCode.target) return [];
    // Who is behind it could not be read: others can be judged all the same.
    if (error instanceof NetdebugError && error.exitCode === ExitCode.undetermined) return 'unknown';
    throw error;
  }
}

function protocolOf({ protocol }: MatrixDestination): Protocol {
  return protocol.toUpperCase() as Protocol;
}

function keyOf({
  metadata,
}: {
  readonly metadata: { readonly namespace?: string; readonly name: string };
}): string {
  return `${metadata.namespace ?? 'default'}/${metadata.name}`;
}
