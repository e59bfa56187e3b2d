import type { Finding } from '../finding.js';
import type { Facts, Source } from '../model/facts.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { fromLog, isAboutDestination, logsOf } from './live-log-lines.js';
import { observedOf, together } from './live-seen.js';

/** From so much of the range in TIME_WAIT on, there is soon no port left for one destination. */
const nearlyAll = 0.9;

/** A source that has no local port left for new connections. */
export const livePortsLeft: Check = {
  name: 'live-ports-left',
  codes: ['ND112'],
  live: true,
  reads: inputs('source', 'pods'),
  concerns: ({ observed, sources }) => observed !== undefined && sources.length > 0,
  find: (facts) => facts.sources.flatMap((source) => exhausted(facts, source)),
};

function exhausted(facts: Facts, source: Source): Finding[] {
  const { pod, key, text } = source;
  const values = observedOf(facts).kernel.find((one) => one.pod === key)?.values ?? {};
  const waiting = timeWait(values);
  const range = /^(\d+)\s+(\d+)$/.exec((values['net.ipv4.ip_local_port_range'] ?? '').trim());
  const ports = range === null ? undefined : Number(range[2]) - Number(range[1]) + 1;
  const full = waiting !== undefined && ports !== undefined && ports > 0 && waiting >= ports * nearlyAll;
  const connects = observedOf(facts).connects.filter(({ from }) => from === key);
  const seen = together(connects);
  const lines = logsOf(facts, [key]).filter(
    (line) =>
      line.pattern === 'address-not-available' &&
      // A server that cannot bind lacks an address, and a client of IPv6 a family: neither lacks a port.
      !/\b(?:bind|listen)/i.test(line.sample) &&
      line.peer?.host.includes(':') !== true &&
      (line.peer === undefined || isAboutDestination(facts, line)),
  );
  const [line] = lines;
  // A line alone tells of a moment: packets that pass now say that it is over.
  if (!full && (line === undefined || seen === 'ok')) return [];
  if (pod === undefined) return [];
  return [
    {
      code: 'ND112',
      severity: seen === 'ok' ? 'warning' : 'error',
      confidence: full && line !== undefined ? 'proven' : full ? 'possible' : 'likely',
      object: { kind: 'Pod', namespace: pod.metadata.namespace ?? '', name: pod.metadata.name },
      message: `${text} has ${full ? `${waiting} connections in TIME_WAIT, of ${ports} local ports` : 'had no local port left for a connection'}: new connections to one destination fail`,
      evidence: [
        ...(full
          ? [
              {
                source: 'probe' as const,
                about: key,
                excerpt: `net.ipv4.ip_local_port_range ${values['net.ipv4.ip_local_port_range'] ?? ''}, TIME_WAIT ${waiting}`,
              },
            ]
          : []),
        ...lines.slice(0, 2).map(fromLog),
      ],
      fix: {
        text: 'use connections again (keep-alive, a pool) instead of one for each request; else widen net.ipv4.ip_local_port_range in securityContext.sysctls',
        commands: [],
      },
      hop: 'source',
      touches: [key],
      blocks: { model: 'unknown', sources: [key] },
    },
  ];
}

/** `tw` of the line `TCP:` of /proc/net/sockstat. */
function timeWait(values: Readonly<Record<string, string>>): number | undefined {
  for (const [name, value] of Object.entries(values)) {
    const count = /TCP:?$/i.test(name) ? /\btw (\d+)/.exec(value)?.[1] : undefined;
    if (count !== undefined) return Number(count);
  }
  return undefined;
}
