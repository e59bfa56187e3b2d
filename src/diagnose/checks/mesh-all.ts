import type { Check } from './check.js';
import { liveMesh } from './live-mesh.js';
import { meshAuthorization } from './mesh-authorization.js';
import { meshEgress } from './mesh-egress.js';
import { meshInjection } from './mesh-injection.js';
import { meshPolicies } from './mesh-policies.js';
import { meshPorts } from './mesh-ports.js';
import { meshProxy } from './mesh-proxy.js';
import { meshRoutes } from './mesh-routes.js';
import { meshStart } from './mesh-start.js';
import { meshTls } from './mesh-tls.js';

/** The checks of a service mesh, in the order of the way. */
export const meshChecks: readonly Check[] = [
  meshInjection,
  meshProxy,
  meshStart,
  meshEgress,
  meshRoutes,
  meshPorts,
  meshTls,
  meshAuthorization,
  meshPolicies,
  liveMesh,
];
