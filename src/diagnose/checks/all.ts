import { duplicateAddresses, overlappingRanges } from './addresses.js';
import type { Check } from './check.js';
import { clocks } from './clocks.js';
import { containers } from './containers.js';
import { corefile } from './corefile.js';
import { dnsConfig } from './dns-config.js';
import { dnsNodeCache } from './dns-node-cache.js';
import { dnsPolicies } from './dns-policies.js';
import { dnsServers } from './dns-servers.js';
import { dnsSuffix } from './dns-suffix.js';
import { externalName } from './external-name.js';
import { gatewayChecks } from './gateway-all.js';
import { meshChecks } from './mesh-all.js';
import { liveChecks } from './live-all.js';
import { nodeAgents } from './node-agents.js';
import { nodeState } from './node-state.js';
import { outsideChecks } from './outside-all.js';
import { podNetwork, podPlugin } from './pod-network.js';
import { podState } from './pod-state.js';
import { policyNode } from './policy-node.js';
import { policyPeers } from './policy-peers.js';
import { policyRanges } from './policy-ranges.js';
import { policyTypes } from './policy-types.js';
import { policy } from './policy.js';
import { probeEvents } from './probe-events.js';
import { proxyMode } from './proxy-mode.js';
import { serviceCapture } from './service-capture.js';
import { serviceExists } from './service-exists.js';
import { serviceFamily } from './service-family.js';
import { serviceHairpin } from './service-hairpin.js';
import { serviceLocal } from './service-local.js';
import { serviceMixed } from './service-mixed.js';
import { servicePort } from './service-port.js';
import { serviceProxyName } from './service-proxy-name.js';
import { serviceReady } from './service-ready.js';
import { serviceSelects } from './service-selects.js';
import { serviceSettings } from './service-settings.js';
import { serviceSlices } from './service-slices.js';
import { serviceWorkloads } from './service-workloads.js';
import { statefulNames } from './stateful-names.js';

/** Every check, in the order of the way from the source to the destination. */
export const checks: readonly Check[] = [
  ...outsideChecks,
  ...gatewayChecks,
  podState,
  podNetwork,
  dnsConfig,
  dnsServers,
  dnsNodeCache,
  corefile,
  dnsSuffix,
  dnsPolicies,
  externalName,
  statefulNames,
  policy,
  policyPeers,
  policyTypes,
  policyRanges,
  policyNode,
  serviceExists,
  servicePort,
  serviceSelects,
  serviceWorkloads,
  serviceReady,
  serviceSlices,
  serviceMixed,
  serviceLocal,
  serviceFamily,
  serviceHairpin,
  serviceProxyName,
  serviceSettings,
  serviceCapture,
  proxyMode,
  containers,
  probeEvents,
  nodeState,
  nodeAgents,
  podPlugin,
  ...meshChecks,
  duplicateAddresses,
  overlappingRanges,
  ...liveChecks,
  clocks,
];
