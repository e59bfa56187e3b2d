import { neverPulledAdvice, pullAdvice, type DebugNode } from '../debugger/advice.js';
import { fullImageName, repositoryOf, shortImageName } from '../debugger/image-name.js';
import { cleanText } from '../kube/text.js';
import type { Pod } from '../kube/types.js';
import type { NodeReading } from './node.js';
import type { Check } from './types.js';

/** An image reference in full, as nodes list them: `docker.io/library/busybox:latest`. */
export interface ImageName {
  readonly registry: string;
  readonly full: string;
  /** The tag is `latest` or none is given, so that the default policy is Always (core/v1 Container.imagePullPolicy). */
  readonly latest: boolean;
}

/** `busybox` → `docker.io/library/busybox:latest`, as container runtimes do. */
export function parseImageName(image: string): ImageName {
  const name = fullImageName(image);
  const [registry = ''] = name.split('/');
  const repository = repositoryOf(image);
  const digest = /@.*$/.exec(name)?.[0];
  // A digest says it all: runtimes leave out the tag beside it.
  if (digest !== undefined) return { registry, full: `${repository}${digest}`, latest: false };
  const tag = name.slice(repository.length) || ':latest';
  return { registry, full: `${repository}${tag}`, latest: tag === ':latest' };
}

/** Whether a node says that it has the image. Nodes list their 50 largest only, so that an absence proves nothing. */
export function hasImage(node: DebugNode, image: string): boolean {
  const { full } = parseImageName(image);
  return (node.status?.images ?? []).some(({ names }) =>
    (names ?? []).some((name) => parseImageName(name).full === full),
  );
}

export interface ImageQuestion {
  readonly image: string;
  readonly imagePullPolicy: string | undefined;
  /** The node of the pod, or the one that a debug pod is for. */
  readonly node: NodeReading | undefined;
  /** Its pull secrets are all that a debug container has; of a pod on a node there are none. */
  readonly pod: Pod | undefined;
}

/**
 * Whether the image will be there: on the node already, or from a registry that the pod itself is pulled from. Names of pull secrets
 * are told, secrets are never read. Pure.
 */
export function checkImage({ image, imagePullPolicy, node, pod }: ImageQuestion): Check {
  const base = { id: 'image', area: 'target' } as const;
  const { registry, latest } = parseImageName(image);
  const name = shortImageName(image);
  const policy = imagePullPolicy ?? (latest ? 'Always' : 'IfNotPresent');
  const present = node !== undefined && 'node' in node ? hasImage(node.node, image) : undefined;
  if (present === true && policy !== 'Always')
    return { ...base, state: 'ok', message: `image ${name} is on the node already` };
  if (policy === 'Never')
    return present === false
      ? {
          ...base,
          state: 'warning',
          message: `image ${name} is not among those that the node lists (it lists 50 at most), and may not be pulled`,
          advice: neverPulledAdvice,
        }
      : {
          ...base,
          state: 'unknown',
          minor: true,
          message: `whether image ${name} is on the node is not known, and it may not be pulled`,
          advice: neverPulledAdvice,
        };
  const secrets = (pod?.spec.imagePullSecrets ?? []).map(({ name }) => cleanText(name ?? '', 80));
  const told =
    pod === undefined
      ? []
      : [
          secrets.length === 0
            ? 'the pod has no pull secret, so it is pulled without, or with what the node has'
            : `pull secrets of the pod: ${secrets.join(', ')}; whether they cover ${registry} is not read`,
        ];
  if (pod !== undefined && pulledFrom(pod).has(registry))
    return {
      ...base,
      state: 'ok',
      message: `image ${name} comes from ${registry}, as an image of the pod itself did`,
      details: told,
    };
  return {
    ...base,
    state: 'unknown',
    minor: true,
    message: `the node has to pull ${name} from ${registry}${present === true ? ' each time (policy Always)' : ''}; whether it can shows only then`,
    details: told,
    advice: pullAdvice(name),
  };
}

/** Registries that containers of the pod were started from. */
function pulledFrom(pod: Pod): ReadonlySet<string> {
  const started = (pod.status?.containerStatuses ?? []).filter(
    ({ imageID = '', state }) => imageID !== '' && state?.waiting === undefined,
  );
  const specs = new Map(pod.spec.containers.map(({ name, image = '' }) => [name, image]));
  return new Set(
    started
      .map(({ name }) => specs.get(name) ?? '')
      .filter((image) => image !== '')
      .map((image) => parseImageName(image).registry),
  );
}
