import * as z from 'zod';
import { labels, metadata, selector } from './schema-pod.js';
import type { SnapshotKind } from './types.js';

// Only what this program reads is described; everything else may be there and is left alone.
const text = z.string().nullish();
const number = z.number().nullish();
const conditions = z
  .array(
    z.looseObject({
      type: z.string(),
      status: z.string(),
      reason: z.string().optional(),
      message: z.string().optional(),
      observedGeneration: z.number().optional(),
      lastTransitionTime: text,
    }),
  )
  .nullish();

/** Status of a Service and of an Ingress. */
export const loadBalancerStatus = z
  .looseObject({
    loadBalancer: z
      .looseObject({
        ingress: z
          .array(
            z.looseObject({
              ip: text,
              hostname: text,
              ipMode: text,
              ports: z.array(z.looseObject({ port: z.number(), error: text })).nullish(),
            }),
          )
          .nullish(),
      })
      .nullish(),
    conditions,
  })
  .nullish();

/** Fields of a Service's spec that are about clients from outside. */
export const serviceOutside = {
  externalIPs: z.array(z.string()).nullish(),
  loadBalancerIP: text,
  loadBalancerClass: text,
  loadBalancerSourceRanges: z.array(z.string()).nullish(),
  allocateLoadBalancerNodePorts: z.boolean().nullish(),
  healthCheckNodePort: number,
};

const annotated = metadata.extend({ annotations: labels });
const ingressBackend = z.looseObject({
  service: z
    .looseObject({
      name: z.string(),
      port: z.looseObject({ number, name: text }).nullish(),
    })
    .nullish(),
  resource: z.looseObject({ apiGroup: text, kind: z.string(), name: z.string() }).nullish(),
});
const ingress = z.looseObject({
  metadata: annotated,
  spec: z
    .looseObject({
      ingressClassName: text,
      defaultBackend: ingressBackend.nullish(),
      tls: z.array(z.looseObject({ hosts: z.array(z.string()).nullish(), secretName: text })).nullish(),
      rules: z
        .array(
          z.looseObject({
            host: text,
            http: z
              .looseObject({
                paths: z
                  .array(z.looseObject({ path: text, pathType: text, backend: ingressBackend }))
                  .nullish(),
              })
              .nullish(),
          }),
        )
        .nullish(),
    })
    .nullish(),
  status: loadBalancerStatus,
});
const ingressClass = z.looseObject({
  metadata: annotated,
  spec: z.looseObject({ controller: text }).nullish(),
});
const webhooks = z.looseObject({
  metadata,
  webhooks: z
    .array(
      z.looseObject({
        name: z.string(),
        failurePolicy: text,
        clientConfig: z
          .looseObject({
            url: text,
            service: z.looseObject({ namespace: z.string(), name: z.string(), port: number }).nullish(),
          })
          .nullish(),
        rules: z
          .array(
            z.looseObject({
              apiGroups: z.array(z.string()).optional(),
              resources: z.array(z.string()).optional(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
});
const secret = z.looseObject({
  metadata,
  type: z.string().optional(),
  data: z.record(z.string(), z.unknown()).nullish(),
  stringData: z.record(z.string(), z.unknown()).nullish(),
});

const groupKind = z.looseObject({ group: text, kind: z.string() });
const gatewayClass = z.looseObject({
  metadata: metadata.extend({ generation: z.number().optional() }),
  spec: z.looseObject({ controllerName: text }).nullish(),
  status: z.looseObject({ conditions }).nullish(),
});
const gateway = z.looseObject({
  metadata: annotated.extend({ generation: z.number().optional() }),
  spec: z
    .looseObject({
      gatewayClassName: text,
      listeners: z
        .array(
          z.looseObject({
            name: z.string(),
            hostname: text,
            port: z.number(),
            protocol: z.string(),
            tls: z
              .looseObject({
                mode: text,
                certificateRefs: z
                  .array(z.looseObject({ group: text, kind: text, namespace: text, name: z.string() }))
                  .nullish(),
              })
              .nullish(),
            allowedRoutes: z
              .looseObject({
                namespaces: z.looseObject({ from: text, selector }).nullish(),
                kinds: z.array(groupKind).nullish(),
              })
              .nullish(),
          }),
        )
        .nullish(),
      addresses: z.array(z.looseObject({ type: text, value: text })).nullish(),
    })
    .nullish(),
  status: z
    .looseObject({
      addresses: z.array(z.looseObject({ type: text, value: z.string() })).nullish(),
      conditions,
      listeners: z
        .array(
          z.looseObject({
            name: z.string(),
            attachedRoutes: z.number().optional(),
            supportedKinds: z.array(groupKind).nullish(),
            conditions,
          }),
        )
        .nullish(),
    })
    .nullish(),
});
const parentReference = z.looseObject({
  group: text,
  kind: text,
  namespace: text,
  name: z.string(),
  sectionName: text,
  port: number,
});
const pairs = z.array(z.looseObject({ name: z.string(), value: text })).nullish();
const route = z.looseObject({
  metadata: annotated.extend({ generation: z.number().optional() }),
  spec: z
    .looseObject({
      parentRefs: z.array(parentReference).nullish(),
      hostnames: z.array(z.string()).nullish(),
      rules: z
        .array(
          z.looseObject({
            name: text,
            matches: z
              .array(
                z.looseObject({
                  path: z.looseObject({ type: text, value: text }).nullish(),
                  method: z
                    .union([z.string(), z.looseObject({ type: text, service: text, method: text })])
                    .nullish(),
                  headers: pairs,
                  queryParams: pairs,
                }),
              )
              .nullish(),
            filters: z.array(z.looseObject({ type: text })).nullish(),
            backendRefs: z
              .array(
                z.looseObject({
                  group: text,
                  kind: text,
                  namespace: text,
                  name: z.string(),
                  port: number,
                  weight: number,
                }),
              )
              .nullish(),
          }),
        )
        .nullish(),
    })
    .nullish(),
  status: z
    .looseObject({
      parents: z
        .array(
          z.looseObject({
            parentRef: parentReference,
            controllerName: z.string().optional(),
            conditions,
          }),
        )
        .nullish(),
    })
    .nullish(),
});
const referenceGrant = z.looseObject({
  metadata,
  spec: z
    .looseObject({
      from: z.array(z.looseObject({ group: text, kind: z.string(), namespace: z.string() })).nullish(),
      to: z.array(z.looseObject({ group: text, kind: z.string(), name: text })).nullish(),
    })
    .nullish(),
});

/** Shapes of the kinds in front of Services. */
export const outsideSchemas = {
  ingresses: ingress,
  ingressclasses: ingressClass,
  gatewayclasses: gatewayClass,
  gateways: gateway,
  httproutes: route,
  grpcroutes: route,
  tlsroutes: route,
  tcproutes: route,
  referencegrants: referenceGrant,
  validatingwebhookconfigurations: webhooks,
  secrets: secret,
} as const satisfies Readonly<Partial<Record<SnapshotKind, z.ZodType>>>;
