import * as z from 'zod';
import { conditions, labels, metadata, pod, selector, workload } from './schema-pod.js';
import { meshSchemas } from './schema-mesh.js';
import { loadBalancerStatus, outsideSchemas, serviceOutside } from './schema-outside.js';
import type { SnapshotKind } from './types.js';

const networkPolicyRules = (side: 'from' | 'to') =>
  z
    .array(
      z
        .looseObject({
          ports: z
            .array(
              z.looseObject({
                protocol: z.string().nullish(),
                port: z.union([z.number(), z.string()]).nullish(),
                endPort: z.number().nullish(),
              }),
            )
            .nullish(),
          [side]: z
            .array(
              z.looseObject({
                podSelector: selector,
                namespaceSelector: selector,
                ipBlock: z.looseObject({ cidr: z.string(), except: z.array(z.string()).nullish() }).nullish(),
              }),
            )
            .nullish(),
        })
        .nullable(),
    )
    .nullish();
const networkPolicy = z.looseObject({
  metadata,
  spec: z
    .looseObject({
      podSelector: selector,
      policyTypes: z.array(z.string()).nullish(),
      ingress: networkPolicyRules('from'),
      egress: networkPolicyRules('to'),
    })
    .nullish(),
});

const pods = z.looseObject({ namespaceSelector: selector, podSelector: selector }).nullish();
// Fields of peers and protocols that are not known here are kept: a policy that uses them fails closed.
const clusterPeer = z.looseObject({
  namespaces: z.looseObject({}).nullish(),
  pods,
  nodes: selector,
  networks: z.array(z.string()).nullish(),
  domainNames: z.array(z.string()).nullish(),
});
const destination = z
  .looseObject({
    destinationPort: z
      .looseObject({
        number: z.number().optional(),
        range: z.looseObject({ start: z.number(), end: z.number() }).nullish(),
      })
      .nullish(),
  })
  .nullish();
const clusterRules = z
  .array(
    z.looseObject({
      name: z.string().optional(),
      action: z.string().optional(),
      from: z.array(clusterPeer).nullish(),
      to: z.array(clusterPeer).nullish(),
      ports: z
        .array(
          z.looseObject({
            portNumber: z.looseObject({ protocol: z.string().optional(), port: z.number() }).nullish(),
            portRange: z
              .looseObject({ protocol: z.string().optional(), start: z.number(), end: z.number() })
              .nullish(),
            namedPort: z.string().nullish(),
          }),
        )
        .nullish(),
      protocols: z
        .array(
          z.looseObject({
            tcp: destination,
            udp: destination,
            sctp: destination,
            destinationNamedPort: z.string().nullish(),
          }),
        )
        .nullish(),
    }),
  )
  .nullish();
const clusterPolicy = z.looseObject({
  metadata,
  spec: z
    .looseObject({
      tier: z.string().optional(),
      priority: z.number().optional(),
      subject: z.looseObject({ namespaces: selector, pods }).nullish(),
      ingress: clusterRules,
      egress: clusterRules,
    })
    .nullish(),
});

const service = z.looseObject({
  metadata,
  spec: z.looseObject({
    ...serviceOutside,
    type: z.string().optional(),
    selector: labels,
    externalTrafficPolicy: z.string().optional(),
    internalTrafficPolicy: z.string().optional(),
    publishNotReadyAddresses: z.boolean().optional(),
    sessionAffinity: z.string().optional(),
    sessionAffinityConfig: z
      .looseObject({ clientIP: z.looseObject({ timeoutSeconds: z.number().nullish() }).nullish() })
      .nullish(),
    externalIPs: z.array(z.string()).nullish(),
    trafficDistribution: z.string().nullish(),
    ipFamilies: z.array(z.string()).optional(),
    externalName: z.string().optional(),
    clusterIP: z.string().optional(),
    clusterIPs: z.array(z.string()).optional(),
    ports: z
      .array(
        z.looseObject({
          name: z.string().optional(),
          port: z.number(),
          protocol: z.string().optional(),
          targetPort: z.union([z.number(), z.string()]).optional(),
          nodePort: z.number().optional(),
          appProtocol: z.string().nullish(),
        }),
      )
      .optional(),
  }),
  status: loadBalancerStatus,
});
const endpointSlice = z.looseObject({
  metadata,
  addressType: z.string().optional(),
  endpoints: z
    .array(
      z.looseObject({
        addresses: z.array(z.string()),
        conditions: z
          .looseObject({
            ready: z.boolean().nullish(),
            serving: z.boolean().nullish(),
            terminating: z.boolean().nullish(),
          })
          .nullish(),
        nodeName: z.string().nullish(),
        zone: z.string().nullish(),
        hints: z
          .looseObject({
            forZones: z.array(z.looseObject({ name: z.string() })).nullish(),
            forNodes: z.array(z.looseObject({ name: z.string() })).nullish(),
          })
          .nullish(),
        targetRef: z
          .looseObject({
            kind: z.string().optional(),
            namespace: z.string().optional(),
            name: z.string().optional(),
          })
          .nullish(),
      }),
    )
    .nullish(),
  ports: z
    .array(
      z.looseObject({
        name: z.string().nullish(),
        port: z.number().nullish(),
        protocol: z.string().nullish(),
      }),
    )
    .nullish(),
});
const node = z.looseObject({
  metadata,
  spec: z.looseObject({ podCIDR: z.string().optional(), podCIDRs: z.array(z.string()).optional() }).nullish(),
  status: z
    .looseObject({
      addresses: z.array(z.looseObject({ type: z.string(), address: z.string() })).optional(),
      conditions,
    })
    .optional(),
});

const event = z.looseObject({
  metadata,
  type: z.string().nullish(),
  reason: z.string().nullish(),
  message: z.string().nullish(),
  count: z.number().nullish(),
  lastTimestamp: z.string().nullish(),
  eventTime: z.string().nullish(),
  involvedObject: z
    .looseObject({
      kind: z.string().nullish(),
      name: z.string().nullish(),
      namespace: z.string().nullish(),
      fieldPath: z.string().nullish(),
    })
    .nullish(),
});
const configMap = z.looseObject({ metadata, data: labels });

const schemas: Readonly<Partial<Record<SnapshotKind, z.ZodType>>> = {
  pods: pod,
  nodes: node,
  services: service,
  endpointslices: endpointSlice,
  deployments: workload,
  statefulsets: workload,
  daemonsets: workload,
  replicasets: workload,
  replicationcontrollers: workload,
  jobs: workload,
  cronjobs: workload,
  networkpolicies: networkPolicy,
  adminnetworkpolicies: clusterPolicy,
  baselineadminnetworkpolicies: clusterPolicy,
  clusternetworkpolicies: clusterPolicy,
  events: event,
  configmaps: configMap,
  ...outsideSchemas,
  ...meshSchemas,
};
const named = z.looseObject({ metadata });

/** What is wrong with the shape of an object from a file: `spec.ingress[0].from: expected array, received string`. Undefined when nothing is. */
export function shapeProblem(kind: SnapshotKind, object: unknown): string | undefined {
  const result = (schemas[kind] ?? named).safeParse(object);
  const issue = result.error?.issues[0];
  if (issue === undefined) return undefined;
  const path = issue.path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : `${text}${text === '' ? '' : '.'}${String(part)}`,
    '',
  );
  return `${path}: ${issue.message.replace(/^Invalid input: /, '')}`;
}
