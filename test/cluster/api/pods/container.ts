import type { Stored } from '../../types.js';
import { badRequest } from '../status.js';
import { podOf, type ContainerStatus, type Pod } from './types.js';

function names(pod: Pod): string[] {
  return (pod.spec.containers ?? []).map((item) => item.name ?? '');
}

/** The container a subresource is about: the one named, or the only one. Throws 400 with the words of the real server. */
export function chooseContainer(object: Stored, wanted: string | null): string {
  const pod = podOf(object);
  const { spec, metadata } = pod;
  if (wanted === null || wanted === '') {
    const [only, ...more] = names(pod);
    if (only !== undefined && more.length === 0) return only;
    const init = (spec.initContainers ?? []).map((item) => item.name ?? '');
    const choose = `choose one of: [${names(pod).join(' ')}]`;
    const also = init.length === 0 ? '' : ` or one of the init containers: [${init.join(' ')}]`;
    throw badRequest(`a container name must be specified for pod ${metadata.name}, ${choose}${also}`);
  }
  const all = [
    ...(spec.containers ?? []),
    ...(spec.initContainers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ];
  if (all.some((item) => item.name === wanted)) return wanted;
  throw badRequest(`container ${wanted} is not valid for pod ${metadata.name}`);
}

/** What the kubelet last said of a container. */
export function containerStatus(object: Stored, name: string): ContainerStatus | undefined {
  const { status } = podOf(object);
  return [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ].find((item) => item.name === name);
}
