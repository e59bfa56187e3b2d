import * as z from 'zod';

// Only what this program reads is described; everything else may be there and is left alone.
/** meta/v1 labels. */
export const labels = z.record(z.string(), z.string()).nullish();
// A name is later part of commands that people copy. Some kinds may have more characters than RFC 1123 names, none have others.
/** meta/v1 ObjectMeta. */
export const metadata = z.looseObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9]([-A-Za-z0-9._:]{0,251}[A-Za-z0-9])?$/, 'not a name that Kubernetes takes'),
  namespace: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'not the name of a namespace')
    .nullish(),
  labels,
  annotations: labels,
  creationTimestamp: z.string().nullish(),
  deletionTimestamp: z.string().nullish(),
  ownerReferences: z
    .array(
      z.looseObject({
        kind: z.string().optional(),
        name: z.string().optional(),
        controller: z.boolean().optional(),
      }),
    )
    .nullish(),
});
/** meta/v1 LabelSelector. */
export const selector = z
  .looseObject({
    matchLabels: labels,
    matchExpressions: z
      .array(z.looseObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).nullish() }))
      .nullish(),
  })
  .nullish();

/** Conditions of a status. */
export const conditions = z
  .array(
    z.looseObject({
      type: z.string(),
      status: z.string(),
      reason: z.string().optional(),
      message: z.string().optional(),
      lastTransitionTime: z.string().nullish(),
    }),
  )
  .nullish();
const knock = z
  .looseObject({ port: z.union([z.number(), z.string()]), path: z.string().optional() })
  .optional();
const containers = z.array(
  z.looseObject({
    name: z.string().optional(),
    restartPolicy: z.string().optional(),
    readinessProbe: z.looseObject({ httpGet: knock, tcpSocket: knock, grpc: knock }).optional(),
    ports: z
      .array(
        z.looseObject({
          name: z.string().optional(),
          containerPort: z.number(),
          protocol: z.string().optional(),
        }),
      )
      .nullish(),
  }),
);
const podSpec = z.looseObject({
  containers,
  initContainers: containers.nullish(),
  hostNetwork: z.boolean().optional(),
  nodeName: z.string().optional(),
  serviceAccountName: z.string().optional(),
  hostname: z.string().optional(),
  subdomain: z.string().optional(),
  dnsPolicy: z.string().optional(),
  dnsConfig: z
    .looseObject({
      nameservers: z.array(z.string()).nullish(),
      searches: z.array(z.string()).nullish(),
      options: z
        .array(z.looseObject({ name: z.string().optional(), value: z.string().optional() }))
        .nullish(),
    })
    .nullish(),
  readinessGates: z.array(z.looseObject({ conditionType: z.string() })).nullish(),
});
const containerState = z
  .looseObject({
    waiting: z.looseObject({ reason: z.string().optional(), message: z.string().optional() }).nullish(),
    terminated: z.looseObject({ exitCode: z.number(), reason: z.string().optional() }).nullish(),
  })
  .nullish();
const containerStatuses = z
  .array(
    z.looseObject({
      name: z.string(),
      ready: z.boolean().optional(),
      restartCount: z.number().optional(),
      state: containerState,
      lastState: containerState,
    }),
  )
  .nullish();
/** core/v1 Pod. */
export const pod = z.looseObject({
  metadata,
  spec: podSpec,
  status: z
    .looseObject({
      phase: z.string().optional(),
      podIP: z.string().optional(),
      podIPs: z.array(z.looseObject({ ip: z.string() })).optional(),
      conditions,
      containerStatuses,
      initContainerStatuses: containerStatuses,
    })
    .optional(),
});
const template = z.looseObject({ metadata: z.looseObject({ labels }).nullish(), spec: podSpec }).nullish();
/** What makes pods. */
export const workload = z.looseObject({
  metadata,
  spec: z.looseObject({
    replicas: z.number().nullish(),
    // ReplicationController has plain labels where the others have a label selector.
    selector: z.union([selector, labels]),
    template,
    jobTemplate: z.looseObject({ spec: z.looseObject({ template }).nullish() }).nullish(),
    serviceName: z.string().optional(),
  }),
  status: z.looseObject({ conditions }).nullish(),
});
