import { parseReference } from '../../src/target/reference.js';
import type { Command } from '../command.js';
import { parseCount } from '../options/count.js';
import { containerFlag, debugFlags, parseDebug } from '../options/debug.js';
import { parseDuration } from '../options/duration.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import { parsePodAndSome, selectorFlags } from '../options/pod.js';
import { flagSetting, type Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { switchOf, type Words } from '../options/words.js';
import type { PingCommandRequest } from '../ping.js';
import { inPod } from '../target.js';

const formats: readonly OutputFormat[] = ['table', 'json', 'yaml'];
const defaultCount = 4;
const mostDestinations = 10;

const flags: Flags = {
  count: {
    kind: 'text',
    short: 'c',
    placeholder: 'N',
    describe: `packets to send (default ${defaultCount}); 0: until Ctrl-C`,
    group: 'Flags',
  },
  interval: {
    kind: 'text',
    short: 'i',
    placeholder: 'DURATION',
    describe: 'between packets (default 1s)',
    group: 'Flags',
  },
  wait: {
    kind: 'text',
    placeholder: 'DURATION',
    describe: 'for the last reply, whole seconds',
    group: 'Flags',
  },
  live: {
    kind: 'switch',
    describe: 'a line for each DEST, redrawn in place: loss, times, jitter and a sparkline; until Ctrl-C',
    group: 'Flags',
  },
  size: {
    kind: 'text',
    placeholder: 'BYTES',
    describe: 'bytes of data in a packet (default 56)',
    group: 'Flags',
  },
  ipv4: { kind: 'switch', short: '4', describe: 'only IPv4', group: 'Flags' },
  ipv6: { kind: 'switch', short: '6', describe: 'only IPv6', group: 'Flags' },
  ...selectorFlags,
  container: containerFlag,
};

/** `kubectl netdebug ping POD DEST`. */
export const pingCommand: Command = {
  name: 'ping',
  usage: 'POD DEST... [FLAGS]',
  summary: 'ping a pod, a Service, a host or an address from a pod',
  about:
    'Sends ICMP echo requests from the network of a pod and prints the replies as they come, then a summary. DEST is a reference such as pod/web-0, svc/api or node/worker-1, a host name, or an address. A Service stands for a ready pod behind it, because its own address answers no ping. Several DESTs are pinged side by side. The exit code is 1 when nothing came back.',
  examples: [
    { about: 'Does web-0 reach a pod behind the Service api?', words: 'ping web-0 svc/api' },
    {
      about: 'Until Ctrl-C, five times a second, from a pod of a Deployment',
      words: 'ping deploy/web 10.0.0.7 -c 0 -i 0.2',
    },
    { about: 'Several side by side, redrawn in place', words: 'ping web-0 svc/api svc/db 1.1.1.1 --live' },
    { about: 'One JSON object a line', words: 'ping shop/pod/web-0 example.com -o json' },
  ],
  flags: { ...flags, ...debugFlags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parsePing(words, settings);
    return (environment) =>
      inPod(request, environment, async (context, at) =>
        (await import('../ping.js')).pingFrom(context, at, request),
      );
  },
};

/** Words → request. Throws a usage error. */
export function parsePing(words: Words, settings: Settings): PingCommandRequest {
  const { target, others } = parsePodAndSome(words, 'DEST');
  if (others.length > mostDestinations)
    throw usageError(`ping takes at most ${mostDestinations} destinations`, words.command);
  const live = switchOf(words, 'live');
  const count = flagSetting(words, 'count');
  const interval = flagSetting(words, 'interval');
  const wait = flagSetting(words, 'wait');
  const size = flagSetting(words, 'size');
  const packets = count === undefined ? (live ? 0 : defaultCount) : parseCount(count, 0, 1_000_000_000);
  return {
    kube: parseKube(words),
    debug: parseDebug(words, settings),
    output: parseOutput(words, settings, formats),
    target,
    destinations: others.map((text) => parseReference(text, 'destination')),
    live,
    count: packets === 0 ? undefined : packets,
    intervalSeconds: interval === undefined ? undefined : parseDuration(interval, 2) / 1000,
    waitSeconds: wait === undefined ? undefined : Math.ceil(parseDuration(wait) / 1000),
    sizeBytes: size === undefined ? undefined : parseCount(size, 0, 65_507),
    family: parseFamily(words),
  };
}

function parseFamily(words: Words): 4 | 6 | undefined {
  const [four, six] = [switchOf(words, 'ipv4'), switchOf(words, 'ipv6')];
  if (four && six) throw usageError('--ipv4 and --ipv6 exclude each other', words.command);
  return four ? 4 : six ? 6 : undefined;
}
