import { isIP } from 'node:net';
import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { podsPath } from '../kube/paths.js';
import type { KubeObject, Pod, Service } from '../kube/types.js';
import { inOrderOfChoice, isFinished, isReady, podName } from './pods.js';
import { formatReference, type Protocol, type Reference } from './reference.js';
import { readReference, resolvePods, serviceSelector } from './resolve.js';

/** Where packets are to go. */
export interface Destination {
  /** An address, or a DNS name that the pod itself has to look up. */
  readonly host: string;
  /** undefined for a DNS name. */
  readonly family: 4 | 6 | undefined;
  /** As a number, where one was given. */
  readonly port: number | undefined;
  readonly protocol: Protocol;
  /** What was named, for people: `svc/api`. */
  readonly shown: string;
  /** What was chosen, to be told on stderr; undefined when nothing was. */
  readonly choice: string | undefined;
}

export interface DestinationOptions {
  readonly namespace: string;
  /** Which address of a dual-stack pod. Default: the first. */
  readonly family?: 4 | 6 | undefined;
}

interface Node extends KubeObject {
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[] };
}

type Api = Pick<KubeApi, 'get' | 'list'>;

/**
 * The address behind a reference. A Service stands for a ready pod behind it, because its own address answers no ping; its port is
 * translated to the pod's. Rejects with a NetdebugError: not there, not ready or without an address (6), or no destination at all (2).
 */
export async function resolveDestination(
  api: Api,
  reference: Reference,
  options: DestinationOptions,
): Promise<Destination> {
  const shown = formatReference(reference);
  switch (reference.type) {
    case 'external':
      throw new NetdebugError('external is a client outside the cluster; packets cannot be sent to it.', {
        exitCode: ExitCode.usage,
        hint: 'Name a host or an address.',
      });
    case 'url':
    case 'host': {
      const family = isIP(reference.host);
      return {
        host: reference.host,
        family: family === 4 || family === 6 ? family : undefined,
        port: numberOf(reference.port, shown),
        protocol: reference.protocol,
        shown,
        choice: undefined,
      };
    }
    case 'ip':
      if (options.family !== undefined && options.family !== reference.family) {
        throw new NetdebugError(
          `${shown} is an IPv${reference.family} address; IPv${options.family} was asked for.`,
          {
            exitCode: ExitCode.usage,
            hint: `Leave out --ipv${options.family}, or name an IPv${options.family} address.`,
          },
        );
      }
      return {
        host: reference.ip,
        family: reference.family,
        port: numberOf(reference.port, shown),
        protocol: reference.protocol,
        shown,
        choice: undefined,
      };
    case 'object': {
      const { protocol } = reference;
      if (reference.kind === 'node') {
        const node = await readReference<Node>(api, reference, options.namespace);
        const addresses = node.status?.addresses?.filter(({ type }) => type === 'InternalIP') ?? [];
        const at = pickAddress(
          addresses.map(({ address }) => address),
          options.family,
          shown,
        );
        return { ...at, port: numberOf(reference.port, shown), protocol, shown, choice: undefined };
      }
      const namespace = reference.namespace ?? options.namespace;
      if (reference.kind === 'service')
        return serviceDestination(api, { ...reference, namespace }, options, shown);
      const { pods, choice } = await resolvePods(api, { reference, namespace });
      const pod = pods[0];
      if (pod === undefined) throw new TypeError('resolved to no pods');
      return {
        ...podAddress(pod, options.family),
        port: podPort(pod, reference.port, shown),
        protocol,
        shown,
        choice,
      };
    }
  }
}

async function serviceDestination(
  api: Api,
  reference: Extract<Reference, { type: 'object' }> & { readonly namespace: string },
  options: DestinationOptions,
  shown: string,
): Promise<Destination> {
  const { namespace, protocol } = reference;
  const service = await readReference<Service>(api, reference, namespace);
  const common = { protocol, shown };
  if (service.spec.type === 'ExternalName' && service.spec.externalName !== undefined) {
    const host = service.spec.externalName;
    const choice = `${shown} stands for the name ${host}`;
    return { ...common, host, family: undefined, port: numberOf(reference.port, shown), choice };
  }
  const { items } = await api.list<Pod>(podsPath(namespace), {
    labelSelector: serviceSelector(service, shown),
  });
  const ready = inOrderOfChoice(items).filter(isReady);
  const [pod] = ready;
  if (pod === undefined) {
    throw new NetdebugError(
      `${shown} has no ready pod behind it (${items.length} pods match its selector).`,
      {
        exitCode: ExitCode.target,
        hint: 'Name a pod itself to try it though it is not ready.',
      },
    );
  }
  const choice = `${shown} has ${ready.length} ready ${ready.length === 1 ? 'pod' : 'pods'} behind it; taking ${podName(pod)}`;
  return {
    ...common,
    ...podAddress(pod, options.family),
    port: podPort(pod, targetPort(service, reference.port, protocol, shown), shown),
    choice,
  };
}

/** The port of the pods behind a Service's port. */
function targetPort(
  service: Service,
  port: number | string | undefined,
  protocol: Protocol,
  shown: string,
): number | string | undefined {
  if (port === undefined) return undefined;
  const ports = service.spec.ports ?? [];
  const found = ports.find(
    (one) => (one.port === port || one.name === port) && (one.protocol ?? 'TCP').toLowerCase() === protocol,
  );
  if (found) return found.targetPort ?? found.port;
  const has = ports.map(
    (one) =>
      `${one.port}/${(one.protocol ?? 'TCP').toLowerCase()}${one.name === undefined ? '' : ` (${one.name})`}`,
  );
  throw new NetdebugError(`${shown}: the Service has no such port.`, {
    exitCode: ExitCode.target,
    hint: has.length === 0 ? 'It has no ports at all.' : `It has ${has.join(', ')}.`,
  });
}

function podPort(pod: Pod, port: number | string | undefined, shown: string): number | undefined {
  if (typeof port !== 'string') return port;
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
  const found = ports.find(({ name }) => name === port);
  if (found) return found.containerPort;
  const named = ports.flatMap(({ name }) => name ?? []);
  throw new NetdebugError(`${shown}: pod ${podName(pod)} has no port named ${port}.`, {
    exitCode: ExitCode.target,
    hint: named.length === 0 ? 'None of its ports has a name.' : `It has ${named.join(', ')}.`,
  });
}

function podAddress(pod: Pod, family: 4 | 6 | undefined): { readonly host: string; readonly family: 4 | 6 } {
  if (isFinished(pod)) {
    throw new NetdebugError(
      `Pod ${podName(pod)} has finished (${pod.status?.phase ?? ''}); its address may be another pod's by now.`,
      { exitCode: ExitCode.target, hint: 'Name a pod that runs, or the address itself.' },
    );
  }
  const listed = pod.status?.podIPs?.map(({ ip }) => ip) ?? [];
  const ips = listed.length > 0 ? listed : [pod.status?.podIP ?? ''].filter((ip) => ip !== '');
  if (ips.length === 0) {
    throw new NetdebugError(`Pod ${podName(pod)} has no address yet (${pod.status?.phase ?? 'unknown'}).`, {
      exitCode: ExitCode.target,
    });
  }
  return pickAddress(ips, family, `pod ${podName(pod)}`);
}

function pickAddress(
  addresses: readonly string[],
  family: 4 | 6 | undefined,
  shown: string,
): { readonly host: string; readonly family: 4 | 6 } {
  const host = addresses.find((address) => family === undefined || isIP(address) === family);
  if (host === undefined) {
    const wanted = family === undefined ? 'address' : `IPv${family} address`;
    throw new NetdebugError(`${shown} has no ${wanted}.`, {
      exitCode: ExitCode.target,
      hint: addresses.length > 0 ? `It has ${addresses.join(', ')}.` : undefined,
    });
  }
  return { host, family: isIP(host) === 6 ? 6 : 4 };
}

function numberOf(port: number | string | undefined, shown: string): number | undefined {
  if (typeof port !== 'string') return port;
  throw new NetdebugError(`${shown}: only a pod or a Service can have ports with names.`, {
    exitCode: ExitCode.usage,
  });
}
