import { namePatterns } from './patterns-names.js';
import { networkPatterns } from './patterns-network.js';
import { proxyPatterns } from './patterns-proxies.js';
import { tlsPatterns } from './patterns-tls.js';
import type { LogPattern } from './types.js';

/** They frame another failure, which says more: `UNAVAILABLE: connection refused`. */
const broad = new Set([
  'grpc-unavailable',
  'database-unreachable',
  'broker-unreachable',
  'http-gateway-error',
  'envoy-upstream',
]);

/**
 * All patterns, the special before the general: a line is counted under the first that holds for it, so nginx's
 * `connect() failed (111: Connection refused) while connecting to upstream` is not a plain refusal.
 */
export const logPatterns: readonly LogPattern[] = [
  ...proxyPatterns.filter(({ name }) => !broad.has(name)),
  ...namePatterns,
  ...tlsPatterns,
  ...networkPatterns,
  ...proxyPatterns.filter(({ name }) => broad.has(name)),
];
