import type { Candidate } from '../options/completes.js';

/** What completion reads of an object; every field may be anything. */
export interface WithSpec {
  readonly spec?: PodSpec & {
    readonly template?: { readonly spec?: PodSpec };
    readonly ports?: readonly Port[];
  };
}

interface PodSpec {
  readonly initContainers?: readonly Container[];
  readonly containers?: readonly Container[];
}

interface Container {
  readonly name?: unknown;
  readonly image?: unknown;
  readonly ports?: readonly Port[];
}

interface Port {
  readonly port?: unknown;
  readonly containerPort?: unknown;
  readonly name?: unknown;
  readonly protocol?: unknown;
}

/** The containers of a pod or of a workload's template, with their images. */
export function containersOf({ spec }: WithSpec): Candidate[] {
  const pod = spec?.template?.spec ?? spec;
  return [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].flatMap(({ name: word, image }) =>
    isName(word) ? [{ word, ...(typeof image === 'string' ? { about: image } : {}) }] : [],
  );
}

/** The ports of a Service, or those that the containers name: `80`, `53/udp`. */
export function portsOf({ spec }: WithSpec): Candidate[] {
  const pod = spec?.template?.spec ?? spec;
  const ports = spec?.ports ?? (pod?.containers ?? []).flatMap((container) => container.ports ?? []);
  return ports.flatMap(({ port, containerPort, name, protocol }) => {
    const number = port ?? containerPort;
    if (typeof number !== 'number') return [];
    const suffix = protocol === 'UDP' || protocol === 'SCTP' ? `/${protocol.toLowerCase()}` : '';
    return [{ word: `${number}${suffix}`, ...(typeof name === 'string' ? { about: name } : {}) }];
  });
}

/** RFC 1123 subdomain: what the API server lets be a name. Anything else is not from a Kubernetes that is in its right mind. */
export function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= 253 &&
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(value)
  );
}
