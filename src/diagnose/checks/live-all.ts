import type { Check } from './check.js';
import { liveAgree } from './live-agree.js';
import { liveBinds } from './live-binds.js';
import { liveDnsAnswers } from './live-dns-answers.js';
import { liveDnsConfig } from './live-dns-config.js';
import { liveDnsServers } from './live-dns-servers.js';
import { liveHttp } from './live-http.js';
import { liveKernel } from './live-kernel.js';
import { liveListeners } from './live-listeners.js';
import { liveLogs } from './live-logs.js';
import { liveNodes } from './live-nodes.js';
import { livePolicy } from './live-policy.js';
import { livePortsLeft } from './live-ports-left.js';
import { liveProxy } from './live-proxy.js';
import { liveReadiness } from './live-readiness.js';
import { liveService } from './live-service.js';
import { liveSiblings } from './live-siblings.js';

/** Checks of what probes and logs told; where nothing was observed they say nothing. */
export const liveChecks: readonly Check[] = [
  liveSiblings,
  livePortsLeft,
  liveDnsConfig,
  liveDnsServers,
  liveDnsAnswers,
  livePolicy,
  liveService,
  liveProxy,
  liveKernel,
  liveNodes,
  liveBinds,
  liveListeners,
  liveReadiness,
  liveHttp,
  liveLogs,
  liveAgree,
];
