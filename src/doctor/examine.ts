import { withLocalImage } from '../debugger/local-image.js';
import type { Clock, DebugOptions } from '../debugger/types.js';
import type { KubeApi } from '../kube/api.js';
import { podsPath } from '../kube/paths.js';
import type { KubeList, Pod } from '../kube/types.js';
import { resolvePods, type PodQuery } from '../target/resolve.js';
import { NetdebugError } from '../errors.js';
import { checkAdmission } from './admission.js';
import { checkImage } from './image.js';
import { checkNodeAdmission } from './node-admission.js';
import { checkNode, readNode, type NodeReading } from './node.js';
import { checkOfError } from './outcome.js';
import { checkPod } from './pod.js';
import { checkRights, type UseRights } from './rights.js';
import { checkServer, type ServerVersion } from './server.js';
import type { Check } from './types.js';
import type { UseName } from './use-names.js';
import { uses } from './uses.js';
import { checkWebsocket, runningContainer } from './websocket.js';

/** What is to be looked at besides the cluster. */
export type ExamineTarget =
  { readonly kind: 'pods'; readonly query: PodQuery } | { readonly kind: 'node'; readonly name: string };

export interface ExamineRequest {
  readonly target: ExamineTarget | undefined;
  /** What is wanted to work; other uses are only told. */
  readonly wanted: readonly UseName[];
  readonly options: DebugOptions;
  readonly clock: Clock;
  /** Uniform in [0, 1), as Math.random. */
  readonly random: () => number;
}

/** What was found out without touching anything. */
export interface Examination {
  readonly checks: readonly Check[];
  readonly rights: readonly UseRights[];
  /** Where the rights were asked for. */
  readonly namespace: string;
  /** The pod or node that the target stands for. */
  readonly target: string | undefined;
}

/** As many pods are looked at for one that runs, where none is named. */
const somePods = 20;

/** Asks everything that can be asked of the cluster, and changes nothing: what is sent are reads, access reviews and dry runs. */
export async function examine(api: KubeApi, request: ExamineRequest): Promise<Examination> {
  const found = await examineAll(api, request);
  return { ...found, checks: found.checks.map((check) => asWanted(check, request.wanted)) };
}

/** Uses that start something in a pod. */
const starting: readonly UseName[] = ['debug', 'matrix', 'nodes'];

/** What is in the way of debug containers is nothing missing to somebody who wants to read logs. */
function asWanted(check: Check, wanted: readonly UseName[]): Check {
  const concerns = check.area === 'target' || check.id === 'websocket';
  if (!concerns || check.stops !== undefined || wanted.some((use) => starting.includes(use))) return check;
  if (check.state === 'missing') return { ...check, state: 'warning' };
  return check.state === 'unknown' ? { ...check, minor: true } : check;
}

async function examineAll(api: KubeApi, request: ExamineRequest): Promise<Examination> {
  const { target } = request;
  const { checks: server, version } = await checkServer(api);
  const early = { rights: [], namespace: api.namespace, target: undefined };
  if (server.some(({ stops }) => stops !== undefined)) return { ...early, checks: server };
  if (target?.kind === 'node') return examineNode(api, request, server, version, target.name);
  if (target === undefined) {
    const [rights, pod] = await Promise.all([rightsIn(api, request, api.namespace, undefined), somePod(api)]);
    const websocket = await websocketOf(api, pod);
    return { ...early, rights, checks: [...server, websocket, ...checksOf(rights)] };
  }
  return examinePod(api, request, server, version, target.query);
}

async function examinePod(
  api: KubeApi,
  request: ExamineRequest,
  server: readonly Check[],
  version: ServerVersion | undefined,
  query: PodQuery,
): Promise<Examination> {
  const { options, random } = request;
  const found = await resolvePods(api, query).catch((error: unknown) => {
    if (error instanceof NetdebugError) return error;
    throw error;
  });
  if (found instanceof NetdebugError) {
    const namespace =
      ('reference' in query ? (query.reference.namespace ?? query.namespace) : query.namespace) ??
      api.namespace;
    const rights = await rightsIn(api, request, namespace, undefined);
    const failed = { ...checkOfError(found, 'target', 'target'), stops: found.exitCode };
    return { checks: [...server, ...checksOf(rights), failed], rights, namespace, target: undefined };
  }
  const [pod] = found.pods;
  if (pod === undefined) throw new TypeError('a target was resolved to no pods');
  const namespace = pod.metadata.namespace ?? api.namespace;
  const { nodeName } = pod.spec;
  const [rights, admission, websocket, node] = await Promise.all([
    rightsIn(api, request, namespace, pod.metadata.name),
    checkAdmission(api, { namespace, pod, options, random }),
    websocketOf(api, pod),
    nodeName === undefined ? undefined : readNode(api, nodeName),
  ]);
  const image = await imageOn(api, options, nodeName, node, pod);
  const [state, ...others] = checkPod(pod, options);
  const chosen: readonly Check[] =
    found.choice === undefined ? [] : [{ id: 'choice', area: 'target', state: 'ok', message: found.choice }];
  return {
    checks: [
      ...server,
      websocket,
      ...checksOf(rights),
      ...chosen,
      ...(state === undefined ? [] : [state]),
      ...(node === undefined ? [] : [checkNode(nodeName ?? '', node, pod, version)]),
      admission,
      ...others,
      image,
    ],
    rights,
    namespace,
    target: `${namespace}/pod/${pod.metadata.name}`,
  };
}

async function examineNode(
  api: KubeApi,
  request: ExamineRequest,
  server: readonly Check[],
  version: ServerVersion | undefined,
  name: string,
): Promise<Examination> {
  const { options, clock, random } = request;
  const { namespace } = api;
  const [rights, node, pod, admission] = await Promise.all([
    rightsIn(api, request, namespace, undefined),
    readNode(api, name),
    somePod(api),
    checkNodeAdmission(api, {
      namespace,
      node: name,
      need: 'none',
      options,
      onProgress: () => undefined,
      clock,
      random,
    }),
  ]);
  const websocket = await websocketOf(api, pod);
  const image = await imageOn(api, options, name, node, undefined);
  return {
    checks: [
      ...server,
      websocket,
      ...checksOf(rights),
      checkNode(name, node, undefined, version),
      admission,
      image,
    ],
    rights,
    namespace,
    target: `node/${name}`,
  };
}

/** The image that would be taken on this node, and whether it will be there. */
async function imageOn(
  api: KubeApi,
  options: DebugOptions,
  nodeName: string | undefined,
  node: NodeReading | undefined,
  pod: Pod | undefined,
): Promise<Check> {
  try {
    const known = node !== undefined && 'node' in node ? node.node : undefined;
    const { image, imagePullPolicy } = await withLocalImage(api, options, nodeName, { known });
    return checkImage({ image, imagePullPolicy, node, pod });
  } catch (error) {
    return checkOfError(error, 'image', 'target');
  }
}

function rightsIn(
  api: KubeApi,
  { wanted }: ExamineRequest,
  namespace: string,
  pod: string | undefined,
): Promise<readonly UseRights[]> {
  return checkRights(api, { uses, wanted, namespace, pod });
}

function checksOf(rights: readonly UseRights[]): readonly Check[] {
  return rights.map(({ check }) => check);
}

async function websocketOf(api: KubeApi, pod: Pod | undefined): Promise<Check> {
  if (pod !== undefined && runningContainer(pod) !== undefined) return checkWebsocket(api, pod);
  return {
    id: 'websocket',
    area: 'cluster',
    state: 'unknown',
    minor: true,
    message: 'whether websockets get through is tried with a container that runs, and none is known here',
    advice: 'Name a TARGET that runs.',
  };
}

/** A pod of the namespace in which something runs; undefined when there is none among the first, or they may not be listed. */
async function somePod(api: Pick<KubeApi, 'get' | 'namespace'>): Promise<Pod | undefined> {
  const { namespace } = api;
  try {
    const { items } = await api.get<KubeList<Pod>>(podsPath(namespace), {
      query: { limit: somePods, fieldSelector: 'status.phase=Running' },
    });
    const running = (items ?? []).find((pod) => runningContainer(pod) !== undefined);
    return running && { ...running, metadata: { ...running.metadata, namespace } };
  } catch (error) {
    if (error instanceof NetdebugError) return undefined;
    throw error;
  }
}
