import type { NodePod } from '../debugger/node-open.js';
import type { Clock } from '../debugger/types.js';
import type { KubeApi } from '../kube/api.js';
import { serverAddresses } from '../kube/server-addresses.js';
import { collect, type RunTool } from '../tools/run.js';
import { parseProcNet } from '../tools/sockets-parse.js';
import { loopbackPortsOf, ownStreamsFilter, withoutStreams, type OwnStreams } from './node-filter.js';
import type { CapturePlan } from './plan.js';
import type { CaptureSource } from './source.js';

export interface NodeStreamsOptions {
  readonly run: RunTool;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** Reading the sockets only makes the filter more exact. */
const limitMs = 5_000;
const limitBytes = 16 * 1024 * 1024;

/** Finds out which ways a capture in this pod takes to us. Rejects only when the signal came. */
export async function ownStreamsOf(
  api: Pick<KubeApi, 'server' | 'get'>,
  pod: Pick<NodePod, 'addresses' | 'kubeletPort'>,
  options: NodeStreamsOptions,
): Promise<OwnStreams> {
  const [apiServers, loopbackPorts] = await Promise.all([serverAddresses(api), readLoopbackPorts(options)]);
  const { addresses, kubeletPort } = pod;
  return { nodeAddresses: addresses, kubeletPort, apiServers, loopbackPorts };
}

/** One tcpdump of a plan in the network of a node: what is asked for, without the packets that carry it away. */
export function nodeSource(node: string, plan: CapturePlan, streams: OwnStreams): CaptureSource {
  const filter = withoutStreams(plan.filter, ownStreamsFilter(streams, plan.interface));
  const argv = plan.filter === undefined ? plan.argv : plan.argv.slice(0, -2);
  return {
    place: { kind: 'node', node, addresses: streams.nodeAddresses },
    interface: plan.interface,
    filter,
    argv: filter === undefined ? argv : [...argv, '--', filter],
  };
}

/** This very exec is one of the connections that are looked for. */
async function readLoopbackPorts({
  run,
  clock,
  signal,
}: NodeStreamsOptions): Promise<OwnStreams['loopbackPorts']> {
  try {
    const argv = ['cat', '/proc/net/tcp', '/proc/net/tcp6'];
    const said = await collect(run, argv, { limitBytes, timeoutMs: limitMs, clock, signal });
    if (said.end.kind !== 'exited' || !said.stdout.includes('local_address')) return 'all';
    return loopbackPortsOf(parseProcNet(said.stdout));
  } catch (error) {
    if (signal?.aborted === true) throw error;
    return 'all';
  }
}
