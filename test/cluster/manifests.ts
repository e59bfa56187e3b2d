/** Short builders of the objects tests and the demo apply. All are plain data, to be spread and changed. */

/** Anything the API takes. */
export type Manifest = Record<string, unknown> & {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string } & Record<string, unknown>;
};

/** A pod in short: one container, unless `spec` says otherwise. */
export interface PodInput {
  readonly name: string;
  /** Default `default`. */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Default `registry.example/toolbox:1`, the image with every tool. */
  readonly image?: string;
  /** Default: sleep as the only thing it does. */
  readonly command?: readonly string[];
  /** Name of the container, default `main`. */
  readonly container?: string;
  readonly nodeName?: string;
  readonly ports?: readonly {
    readonly containerPort: number;
    readonly name?: string;
    readonly protocol?: string;
  }[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  /** Merged over the spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** The levels of `pod-security.kubernetes.io/enforce`. */
export type PodSecurityLevel = 'privileged' | 'baseline' | 'restricted';

/** A container's securityContext that Pod Security `restricted` admits. */
export const restrictedSecurity = {
  runAsNonRoot: true,
  runAsUser: 1001,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

const parked = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 3600 & wait $!; done'];

/** A Namespace, with Pod Security enforced at a level if one is given. */
export function namespace(name: string, options: { readonly podSecurity?: PodSecurityLevel } = {}): Manifest {
  const labels = options.podSecurity ? { 'pod-security.kubernetes.io/enforce': options.podSecurity } : {};
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

/** A Pod that stays until it is deleted, and obeys SIGTERM. */
export function pod(input: PodInput): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: input.name,
      namespace: input.namespace ?? 'default',
      ...(input.labels ? { labels: input.labels } : {}),
      ...(input.annotations ? { annotations: input.annotations } : {}),
    },
    spec: {
      ...(input.nodeName === undefined ? {} : { nodeName: input.nodeName }),
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: input.container ?? 'main',
          image: input.image ?? 'registry.example/toolbox:1',
          command: input.command ?? parked,
          ...(input.ports ? { ports: input.ports } : {}),
          ...(input.securityContext ? { securityContext: input.securityContext } : {}),
        },
      ],
      ...input.spec,
    },
  };
}

/** A pod with these listeners (network/listen.ts): `http://0.0.0.0:8080?status=503`, `tcp://127.0.0.1:9000`, `udp://...`, `https://...`. Ready when it listens. */
export function listener(
  input: Omit<PodInput, 'image' | 'command'> & { readonly on?: readonly string[] },
): Manifest {
  const { on = ['http://0.0.0.0:80'], ...rest } = input;
  const made = pod({ ...rest, image: 'registry.example/listen:1' });
  const spec = made.spec as { readonly containers: readonly Record<string, unknown>[] };
  const [main] = spec.containers;
  // Whatever it listens on: a probe by address would not reach a listener on loopback.
  const ports = on.map((url) => /:(\d+)/.exec(url.replace(/^\w+:/, ''))?.[1] ?? '80');
  const check = ports.map((port) => `ss -Hlntu sport = :${port} | grep -q .`).join(' && ');
  const container = { readinessProbe: { exec: { command: ['sh', '-c', check] }, periodSeconds: 1 }, ...main };
  Reflect.deleteProperty(container, 'command');
  return { ...made, spec: { ...spec, containers: [{ ...container, args: on }] } };
}

/** A Deployment of such pods, selected by the label `app`. */
export function deployment(input: PodInput & { readonly replicas?: number }): Manifest {
  const labels = { app: input.name, ...input.labels };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: input.name, namespace: input.namespace ?? 'default', labels },
    spec: {
      replicas: input.replicas ?? 1,
      selector: { matchLabels: { app: input.name } },
      template: { metadata: { labels }, spec: pod({ ...input, labels }).spec },
    },
  };
}

/** A ClusterIP Service in front of pods with these labels, unless `spec` says otherwise. */
export function service(input: {
  readonly name: string;
  readonly namespace?: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly {
    readonly port: number;
    readonly targetPort?: number | string;
    readonly name?: string;
    readonly protocol?: string;
    readonly nodePort?: number;
  }[];
  /** Merged over the spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
}): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: input.name, namespace: input.namespace ?? 'default' },
    spec: { selector: input.selector, ports: input.ports, ...input.spec },
  };
}
