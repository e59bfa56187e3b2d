import type { Check } from './check.js';
import { externalDnsObject } from './externaldns-object.js';
import { externalDnsRecord } from './externaldns-record.js';
import { ingressBackend, ingressResource } from './ingress-backend.js';
import { ingressClass } from './ingress-class.js';
import { ingressDuplicate, ingressMatch } from './ingress-match.js';
import { ingressPolicy } from './ingress-policy.js';
import { ingressProtocol } from './ingress-protocol.js';
import { ingressSecret, outsideCertificate } from './ingress-tls.js';
import { ingressWebhook } from './ingress-webhook.js';
import { loadBalancerClients } from './loadbalancer-clients.js';
import { loadBalancerHealth } from './loadbalancer-health.js';
import { loadBalancerPending, loadBalancerShared } from './loadbalancer-pending.js';
import { loadBalancerName, loadBalancerTarget } from './loadbalancer-target.js';
import { nodePortAddress, nodePortClosed, nodePortNumber } from './nodeport-address.js';
import { nodePortLocal } from './nodeport-local.js';

/** Every check of what stands between a client outside and a Service. */
export const outsideChecks: readonly Check[] = [
  externalDnsObject,
  externalDnsRecord,
  nodePortLocal,
  nodePortNumber,
  nodePortAddress,
  nodePortClosed,
  loadBalancerPending,
  loadBalancerShared,
  loadBalancerClients,
  loadBalancerTarget,
  loadBalancerName,
  loadBalancerHealth,
  ingressClass,
  ingressMatch,
  ingressDuplicate,
  ingressBackend,
  ingressResource,
  ingressSecret,
  outsideCertificate,
  ingressProtocol,
  ingressPolicy,
  ingressWebhook,
];
