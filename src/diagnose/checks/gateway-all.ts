import type { Check } from './check.js';
import { gatewayBackend } from './gateway-backend.js';
import { gatewayClass } from './gateway-class.js';
import { gatewayListener } from './gateway-listener.js';
import { gatewayRoute } from './gateway-route.js';
import { gatewayPartial, gatewayWeights } from './gateway-rules.js';
import { gatewayState } from './gateway-state.js';

/** Every check of Gateway API. */
export const gatewayChecks: readonly Check[] = [
  gatewayClass,
  gatewayState,
  gatewayListener,
  gatewayRoute,
  gatewayBackend,
  gatewayPartial,
  gatewayWeights,
];
