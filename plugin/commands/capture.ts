import type { CaptureCommandRequest } from '../capturerequest.js';
import type { Command } from '../command.js';
import {
  captureFlags,
  type CaptureDestination,
  type CaptureOptions,
  parseCapture,
  parseDestination,
} from '../options/capture.js';
import { containerFlag, debugFlags, parseDebug } from '../options/debug.js';
import { type FileFormat, fileFlags, type FileOptions, formatOf, parseFiles } from '../options/files.js';
import { filterFlags, parseFilterOptions } from '../options/filter.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import { parseTargets, type PodTarget, selectorFlags } from '../options/pod.js';
import { type Settings } from '../options/setting.js';
import { parseSpool, spoolFlags } from '../options/spool.js';
import { parseStats, statsFlags } from '../options/stats.js';
import { uploadFlags, uploadToNode } from '../options/upload.js';
import { usageError } from '../options/usage.js';
import type { Words } from '../options/words.js';

const formats: readonly OutputFormat[] = ['table', 'json', 'yaml'];

const ownFlags = {
  ...captureFlags,
  ...filterFlags,
  ...fileFlags,
  ...statsFlags,
  ...spoolFlags,
  ...uploadFlags,
  ...selectorFlags,
  selector: { ...selectorFlags.selector, describe: 'also all pods with these labels, such as app=web' },
  container: containerFlag,
};

/** `kubectl netdebug capture TARGET...`. */
export const captureCommand: Command = {
  name: 'capture',
  usage: 'TARGET... [FLAGS] [-- FILTER]',
  summary: 'packets of pods and nodes to a file, to stdout or to Wireshark',
  about:
    'Captures packets in the network of pods and nodes until Ctrl-C or a limit: any number of them at once, merged by time into one pcapng with an interface for each. A workload, a Service or -l stands for all of its pods; those that come later join. On a desktop packets are shown in Wireshark; -w writes a file, -w - stdout. A live line and a summary go to stderr: the summary says what was lost, and -o json prints it as data. What is written always opens, however the capture ends; the exit code is 8 when something is missing.',
  examples: [
    { about: 'Watch HTTP in Wireshark', words: "capture web-0 -f 'tcp port 80'" },
    { about: 'A workload and its database, as one', words: 'capture deploy/api svc/db -w api.pcapng' },
    { about: 'One minute, to a file', words: 'capture pod/web-0 -i eth0 --duration 1m -w web.pcap' },
    { about: 'Straight into tshark', words: 'capture shop/pod/web-0 -w - | tshark -r -' },
  ],
  flags: { ...ownFlags, ...debugFlags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parseCaptureCommand(words, settings);
    return async (environment) => {
      const { runCapture } = await import('../capture.js');
      return runCapture(request, environment);
    };
  },
};

/** Words → request. Throws a usage error. */
export function parseCaptureCommand(words: Words, settings: Settings): CaptureCommandRequest {
  const targets = parseTargets(words);
  const capture = parseCapture(words);
  const destination = parseDestination(words);
  const files = parseFiles(words, destination.kind === 'file');
  const filters = parseFilterOptions(words);
  const single = isSingle(targets, capture) && filters.view !== 'both';
  if (words.given.has('upload') && targets.some(isNode)) throw uploadToNode();
  return {
    kube: parseKube(words),
    debug: parseDebug(words, settings),
    output: parseOutput(words, settings, formats),
    targets,
    capture,
    destination,
    filters,
    files,
    format: chooseFormat(files, destination, single, targets.length),
    stats: parseStats(words),
    spool: parseSpool(words),
    wireshark: settings.wireshark,
    shown: shownCommand(words),
  };
}

function isNode(target: PodTarget): boolean {
  return target.kind === 'reference' && target.reference.kind === 'node';
}

/** One pod or node that is named itself, on one interface: nothing can join it. */
function isSingle(targets: readonly PodTarget[], { interfaces }: CaptureOptions): boolean {
  const [first, ...others] = targets;
  if (first?.kind !== 'reference' || others.length > 0 || (interfaces?.length ?? 1) > 1) return false;
  return first.reference.kind === 'pod' || first.reference.kind === 'node';
}

/**
 * What was said, else what the name of the file says. Else pcapng, which holds any number of sources, names and comments; only a pipe
 * from one source carries pcap, because whatever reads packets from a pipe reads that.
 */
function chooseFormat(
  { format, split }: FileOptions,
  destination: CaptureDestination,
  single: boolean,
  targets: number,
): FileFormat {
  const said = formatOf(format, destination.kind === 'file' ? destination.path : undefined);
  if (said === 'pcap' && targets > 1 && !split) {
    throw usageError(
      'pcap holds one source, and several targets are named',
      'capture',
      'pcapng holds them all: name the file .pcapng; or write a file for each pod with --split',
    );
  }
  return said ?? (destination.kind === 'stdout' && single ? 'pcap' : 'pcapng');
}

/** The words that say what is captured, as a shell would take them; never a token. */
function shownCommand(words: Words): string {
  const flags = Object.keys(ownFlags).flatMap((name) =>
    (words.given.get(name) ?? []).map((value) =>
      value === 'true' ? `--${name}` : `--${name}=${quoted(value)}`,
    ),
  );
  const rest = words.rest === undefined ? [] : ['--', ...words.rest.map(quoted)];
  return ['kubectl netdebug capture', ...words.positionals.map(quoted), ...flags, ...rest].join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
