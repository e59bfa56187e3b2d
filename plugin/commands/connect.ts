import { ExitCode } from '../../src/errors.js';
import { formatReference, type Reference } from '../../src/target/reference.js';
import type { ConnectPlace, ConnectResult } from '../../src/tools/connect.js';
import type { Command } from '../command.js';
import { unlessStopped } from '../interrupt.js';
import { parseCount } from '../options/count.js';
import type { Flags } from '../options/flags.js';
import { flagSetting, type Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { switchOf, type Words, wordOf } from '../options/words.js';
import { coloursFor } from '../print/colour.js';
import { parseDestination, parseProbe, parseTimeout, probeFlags, probeIn, timeoutFlag } from '../probe.js';
import type { PodAddress, SessionContext } from '../context.js';
import { inPod, type PodCommandRequest } from '../target.js';

/** What `connect` was asked for. */
export interface ConnectCommandRequest extends PodCommandRequest {
  readonly destination: Reference;
  readonly protocol: 'tcp' | 'udp';
  readonly count: number;
  readonly timeoutMs: number;
  readonly tls: boolean;
  readonly serverName: string | undefined;
}

const flags: Flags = {
  count: {
    kind: 'text',
    short: 'c',
    placeholder: 'N',
    describe: 'attempts at each address (default 1)',
    group: 'Flags',
  },
  timeout: timeoutFlag('for each attempt, whole seconds (default 3s)'),
  tls: { kind: 'switch', describe: 'shake hands over TLS as well, and show the certificate', group: 'Flags' },
  'server-name': {
    kind: 'text',
    placeholder: 'NAME',
    completes: 'none',
    describe: 'with --tls: the name to ask for (SNI), and that the certificate must have',
    group: 'Flags',
  },
  udp: { kind: 'switch', describe: 'a datagram instead of a connection', group: 'Flags' },
};

/** `kubectl netdebug connect POD DEST`. */
export const connectCommand: Command = {
  name: 'connect',
  usage: 'POD DEST [FLAGS]',
  summary: 'does a port answer? TCP, TLS, UDP; every endpoint of a Service',
  about:
    'Connects from the network of a pod to HOST:PORT, a pod, a node, or a Service, and says exactly what came back: a connection, a refusal, an unreachable host or network, or silence. For a Service its own address and every ready endpoint behind it are tried, so that the one that is different stands out. It needs bash or nc in the debug image; UDP bash, or nslookup and traceroute of busybox.',
  examples: [
    { about: 'The Service, and each pod behind it, ten times', words: 'connect web-0 svc/api:80 --count 10' },
    { about: 'Certificate of a server', words: 'connect deploy/web example.com:443 --tls' },
    { about: 'UDP: only an answer or a refusal proves something', words: 'connect web-0 10.96.0.10:53/udp' },
  ],
  flags: probeFlags(flags),
  prepare: (words, settings) => {
    const request = parseConnect(words, settings);
    return (environment) => inPod(request, environment, (context, at) => connectFrom(context, at, request));
  },
};

/** Words → request. Throws a usage error. */
export function parseConnect(words: Words, settings: Settings): ConnectCommandRequest {
  const { request, others } = parseProbe(words, settings, ['DEST']);
  const destination = parseDestination(others[0]);
  const count = flagSetting(words, 'count');
  const named = destination.type === 'external' ? 'tcp' : destination.protocol;
  if (named === 'sctp') throw usageError('connect speaks TCP and UDP, not SCTP', words.command);
  const protocol = switchOf(words, 'udp') ? 'udp' : named;
  const serverName = wordOf(words, 'server-name');
  const tls = switchOf(words, 'tls');
  if (tls && protocol === 'udp') throw usageError('--tls and UDP exclude each other', words.command);
  if (serverName !== undefined && !tls) throw usageError('--server-name goes with --tls', words.command);
  if (serverName !== undefined && !/^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_.])?$/i.test(serverName))
    throw usageError(`--server-name: ${JSON.stringify(serverName)} is not a host name`, words.command);
  return {
    ...request,
    destination,
    protocol,
    count: count === undefined ? 1 : parseCount(count, 1, 1000),
    timeoutMs: parseTimeout(words, 3_000),
    tls,
    serverName,
  };
}

async function connectFrom(
  context: SessionContext,
  at: PodAddress,
  request: ConnectCommandRequest,
): Promise<number> {
  const { environment, output } = context;
  const [{ connect }, { connectArgv }, { connectRows, connectText }] = await Promise.all([
    import('../../src/tools/connect.js'),
    import('../../src/tools/connect-script.js'),
    import('../print/connect.js'),
  ]);
  const { protocol, count, timeoutMs, destination } = request;
  const { places, serverName } = await unlessStopped(environment.signal, placesOf(context, at, request));
  const tls = request.tls ? { serverName: request.serverName ?? serverName } : undefined;
  const asked = { places, protocol, count, timeoutMs, tls };
  const [first] = places;
  return probeIn(context, at, {
    argv: () => connectArgv({ host: first.host, port: first.port, protocol, timeoutMs, count }),
    doing: `connecting to ${formatReference(destination)}`,
    probe: (run, options, show) => {
      const rows = connectRows(asked, show, options.clock);
      return connect(run, asked, { ...options, onEvent: rows.onEvent }).finally(rows.end);
    },
    print: (result) => connectText(result, coloursFor('stdout', output.color, environment)),
    exit: exitOf,
    about: { to: formatReference(destination) },
  });
}

function exitOf({ reached }: ConnectResult): ExitCode {
  return { yes: ExitCode.ok, no: ExitCode.found, unknown: ExitCode.undetermined }[reached];
}

interface Places {
  readonly places: readonly [ConnectPlace, ...ConnectPlace[]];
  /** What TLS would ask for; undefined for an address. */
  readonly serverName: string | undefined;
}

/** Where to: one place, or a Service and what is behind it. */
async function placesOf(
  { api, status }: SessionContext,
  at: PodAddress,
  { destination, protocol }: ConnectCommandRequest,
): Promise<Places> {
  const shown = formatReference(destination);
  if (destination.type === 'object' && destination.kind === 'service') {
    const { serviceEndpoints } = await import('../../src/target/endpoints.js');
    const namespace = destination.namespace ?? at.namespace;
    const found = await serviceEndpoints(api, { ...destination, protocol }, namespace);
    const { port, clusterIPs, endpoints, externalName } = found;
    const own = [...clusterIPs, ...(externalName === undefined ? [] : [externalName])].map(
      (host) => ({ host, port, label: shown, role: 'service' }) as const,
    );
    const ready = (endpoints ?? []).filter((one) => one.ready);
    const behind = ready.map(
      ({ address, port: at, label }) => ({ host: address, port: at, label, role: 'endpoint' }) as const,
    );
    if (endpoints === undefined)
      status.note(
        `note: the endpoints of ${shown} may not be read (list endpointslices); only its own address is tried`,
      );
    else if (externalName === undefined) {
      const rest = endpoints.length - ready.length;
      status.note(
        `${shown} has ${ready.length} ready ${ready.length === 1 ? 'endpoint' : 'endpoints'}${rest === 0 ? '' : `, and ${rest} not ready that it sends nothing to`}`,
      );
    }
    const [first, ...others] = [...own, ...behind];
    const serverName = externalName ?? `${destination.name}.${namespace}.svc`;
    if (first !== undefined) return { places: [first, ...others], serverName };
    const { NetdebugError } = await import('../../src/errors.js');
    throw new NetdebugError(`${shown} has no address and no ready endpoint.`, {
      exitCode: ExitCode.found,
      hint: `See its pods: kubectl -n ${namespace} get endpointslices -l kubernetes.io/service-name=${destination.name}`,
    });
  }
  const { resolveDestination } = await import('../../src/target/destination.js');
  const found = await resolveDestination(api, destination, { namespace: at.namespace });
  if (found.choice !== undefined) status.note(found.choice);
  if (found.port === undefined) throw usageError(`${shown} needs a port, as in ${shown}:80`, 'connect');
  const label = found.shown;
  return {
    places: [{ host: found.host, port: found.port, label, role: 'destination' }],
    serverName: found.family === undefined ? found.host : undefined,
  };
}
