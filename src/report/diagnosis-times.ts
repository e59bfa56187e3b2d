import type { Facts } from '../diagnose/model/facts.js';
import type { Observed, ObservedConnect } from '../diagnose/observed.js';
import type { Hop, Trace } from '../diagnose/trace.js';
import { joined } from '../diagnose/probes/task.js';

/** How long a packet took over one stretch of a way, in milliseconds; undefined where none was sent or none came back. */
export function hopMs(
  { at }: Hop,
  { source, endpoint }: Trace,
  { sources }: Facts,
  observed: Observed,
): number | undefined {
  const from = sources.find(({ text }) => text === source)?.key;
  const ofSource = (one: { readonly from: string }): boolean => from === undefined || one.from === from;
  if (at === 'dns')
    return fastest(
      observed.dns.filter(ofSource).flatMap(({ answers, libc }) => {
        const times = answers.filter((one) => one.addresses.length > 0).map(({ ms }) => ms);
        return times.length > 0 ? times : [libc.ms];
      }),
    );
  const role = at === 'service' || at === 'endpoint' ? at : undefined;
  return fastest(
    observed.connects
      .filter((one) => ofSource(one) && one.to.role === role)
      .filter((one) => role === 'service' || joined(one.to) === endpoint)
      .flatMap(connectedMs),
  );
}

function connectedMs({ attempts }: ObservedConnect): (number | undefined)[] {
  return attempts
    .filter(({ outcome }) => outcome === 'connected' || outcome === 'answered')
    .map(({ ms }) => ms);
}

function fastest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((ms) => ms !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
