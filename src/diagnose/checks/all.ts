import { duplicateAddresses, overlappingRanges } from './addresses.js';
import type { Check } from './check.js';
import { containers } from './containers.js';
import { dnsConfig } from './dns-config.js';
import { dnsPolicies } from './dns-policies.js';
import { dnsServers } from './dns-servers.js';
import { externalName } from './external-name.js';
import { nodeAgents } from './node-agents.js';
import { nodeState } from './node-state.js';
import { podState } from './pod-state.js';
import { policy } from './policy.js';
import { serviceExists } from './service-exists.js';
import { serviceFamily } from './service-family.js';
import { serviceHairpin } from './service-hairpin.js';
import { serviceLocal } from './service-local.js';
import { serviceMixed } from './service-mixed.js';
import { servicePort } from './service-port.js';
import { serviceProxyName } from './service-proxy-name.js';
import { serviceReady } from './service-ready.js';
import { serviceSelects } from './service-selects.js';
import { serviceSlices } from './service-slices.js';
import { serviceWorkloads } from './service-workloads.js';
import { statefulNames } from './stateful-names.js';

/** Every check, in the order of the way from the source to the destination. */
export const checks: readonly Check[] = [
  podState,
  dnsConfig,
  dnsServers,
  dnsPolicies,
  externalName,
  statefulNames,
  policy,
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
  containers,
  nodeState,
  nodeAgents,
  duplicateAddresses,
  overlappingRanges,
];
