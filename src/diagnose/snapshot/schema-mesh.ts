import * as z from 'zod';
import { labels, metadata } from './schema-pod.js';
import type { SnapshotKind } from './types.js';

const words = z.array(z.string()).nullish();
const selector = z.looseObject({ matchLabels: labels, labels }).nullish();
const mtls = z.looseObject({ mode: z.string().nullish() }).nullish();
const object = (fields: z.ZodRawShape) => z.looseObject({ metadata, spec: z.looseObject(fields).nullish() });
const portNumber = z.looseObject({ number: z.number().nullish() }).nullish();

const peerAuthentication = object({ selector, mtls, portLevelMtls: z.record(z.string(), mtls).nullish() });

const targetRef = z.looseObject({ kind: z.string(), name: z.string() });
const attributes = z.record(z.string(), words).nullish();
const authorizationPolicy = object({
  selector,
  targetRef: targetRef.nullish(),
  targetRefs: z.array(targetRef).nullish(),
  action: z.string().nullish(),
  rules: z
    .array(
      z
        .looseObject({
          from: z.array(z.looseObject({ source: attributes }).nullable()).nullish(),
          to: z.array(z.looseObject({ operation: attributes }).nullable()).nullish(),
          when: z.array(z.looseObject({ key: z.string(), values: words, notValues: words })).nullish(),
        })
        .nullable(),
    )
    .nullish(),
});

const trafficPolicy = z
  .looseObject({
    tls: mtls,
    portLevelSettings: z.array(z.looseObject({ port: portNumber, tls: mtls })).nullish(),
  })
  .nullish();
const destinationRule = object({
  host: z.string().nullish(),
  trafficPolicy,
  subsets: z.array(z.looseObject({ name: z.string(), labels, trafficPolicy })).nullish(),
  exportTo: words,
  workloadSelector: selector,
});

const routes = z
  .array(
    z
      .looseObject({
        match: z
          .array(
            z
              .looseObject({
                port: z.number().nullish(),
                gateways: words,
                sourceLabels: labels,
                sourceNamespace: z.string().nullish(),
              })
              .nullable(),
          )
          .nullish(),
        route: z
          .array(
            z.looseObject({
              destination: z
                .looseObject({ host: z.string().nullish(), subset: z.string().nullish(), port: portNumber })
                .nullish(),
              weight: z.number().nullish(),
            }),
          )
          .nullish(),
      })
      .nullable(),
  )
  .nullish();
const virtualService = object({
  hosts: words,
  gateways: words,
  exportTo: words,
  http: routes,
  tls: routes,
  tcp: routes,
});
const sidecar = object({
  workloadSelector: selector,
  egress: z.array(z.looseObject({ hosts: words, port: portNumber })).nullish(),
  outboundTrafficPolicy: mtls,
});
const serviceEntry = object({
  hosts: words,
  addresses: words,
  exportTo: words,
  ports: z.array(z.looseObject({ number: z.number().nullish(), protocol: z.string().nullish() })).nullish(),
});

/** Shapes of Istio's kinds, as far as they are read. */
export const meshSchemas: Readonly<Partial<Record<SnapshotKind, z.ZodType>>> = {
  peerauthentications: peerAuthentication,
  authorizationpolicies: authorizationPolicy,
  destinationrules: destinationRule,
  virtualservices: virtualService,
  sidecars: sidecar,
  serviceentries: serviceEntry,
};
