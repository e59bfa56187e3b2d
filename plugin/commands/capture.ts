import type { CaptureSummary } from '../../src/capture/summary.js';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import type { Command } from '../command.js';
import type { Environment } from '../environment.js';
import { unlessStopped } from '../interrupt.js';
import {
  captureFlags,
  type CaptureDestination,
  type CaptureOptions,
  parseCapture,
  parseDestination,
} from '../options/capture.js';
import { containerFlag, debugFlags, parseDebug } from '../options/debug.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import { parsePodAndArguments, selectorFlags } from '../options/pod.js';
import { type Setting, type Settings } from '../options/setting.js';
import type { Words } from '../options/words.js';
import { captureLiveText, captureSummaryText } from '../print/capture.js';
import { printDocument } from '../print/document.js';
import { openSession, type PodAddress, type SessionContext } from '../session.js';
import type { ReadySink } from '../sinks/open.js';
import { inPod, type PodCommandRequest } from '../target.js';

/** What `capture` was asked for. */
export interface CaptureCommandRequest extends PodCommandRequest {
  readonly capture: CaptureOptions;
  readonly destination: CaptureDestination;
  /** The Wireshark to use, where one is configured. */
  readonly wireshark: Setting | undefined;
}

const formats: readonly OutputFormat[] = ['table', 'json', 'yaml'];

/** `kubectl netdebug capture POD`. */
export const captureCommand: Command = {
  name: 'capture',
  usage: 'POD [FLAGS] [-- FILTER]',
  summary: 'packets to a file, to stdout or to Wireshark',
  about:
    'Captures packets in the network of a pod until Ctrl-C or a limit. On a desktop they are shown in Wireshark; -w writes a file, -w - stdout. A live line and a summary go to stderr: the summary says what was lost, and -o json prints it as data. What is written always opens, however the capture ends; the exit code is 8 when something is missing.',
  examples: [
    { about: 'Watch HTTP in Wireshark', words: "capture web-0 -f 'tcp port 80'" },
    { about: 'One minute, to a file', words: 'capture deploy/api -i eth0 --duration 1m -w api.pcap' },
    { about: 'Straight into tshark', words: 'capture shop/pod/web-0 -w - | tshark -r -' },
  ],
  flags: {
    ...captureFlags,
    ...selectorFlags,
    container: containerFlag,
    ...debugFlags,
    ...outputFlags(formats),
    ...kubeFlags,
  },
  prepare: (words, settings) => {
    const request = parseCaptureCommand(words, settings);
    return (environment) => runCapture(request, environment);
  },
};

/** Words → request. Throws a usage error. */
export function parseCaptureCommand(words: Words, settings: Settings): CaptureCommandRequest {
  const { target } = parsePodAndArguments(words, [], 'rest');
  return {
    kube: parseKube(words),
    debug: parseDebug(words, settings),
    output: parseOutput(words, settings, formats),
    target,
    capture: parseCapture(words),
    destination: parseDestination(words),
    wireshark: settings.wireshark,
  };
}

async function runCapture(request: CaptureCommandRequest, environment: Environment): Promise<number> {
  const { planCapture } = await import('../../src/capture/plan.js');
  // What cannot be captured, or has nowhere to go, is told before anything is asked of the cluster.
  const { argv } = planCapture({ ...request.capture, namespace: '', pod: '' });
  if (request.debug.dryRun) {
    const { printDryRun } = await import('../dryrun.js');
    return inPod(request, environment, (context, at) => printDryRun(context, at, 'raw', argv));
  }
  const { prepareSink } = await import('../sinks/open.js');
  const any = request.capture.interface === 'any';
  const ready = prepareSink(request.destination, request.wireshark, environment, any);
  const sink = await unlessStopped(environment.signal, ready);
  try {
    return await inPod(request, environment, (context, at) => captureIn(context, at, request.capture, sink));
  } finally {
    await sink.discard();
  }
}

async function captureIn(
  context: SessionContext,
  at: PodAddress,
  options: CaptureOptions,
  sink: ReadySink,
): Promise<number> {
  const { environment, status } = context;
  const [{ capture }, { linktypeName }] = await Promise.all([
    import('../../src/capture/capture.js'),
    import('../../src/pcap/linktype.js'),
  ]);
  const { run } = await openSession(context, at, 'raw');
  const summary = await capture(
    { ...options, ...at },
    {
      run,
      clock: environment.clock,
      openSink: () => sink.open(),
      signal: environment.signal,
      onBegin: ({ linktype }) => {
        const filter = options.filter === undefined ? '' : `, filter ${options.filter}`;
        status.note(
          `listening on ${options.interface} of ${at.namespace}/${at.pod}, link type ${linktypeName(linktype)}${filter}`,
        );
      },
      onStatistics: (statistics) => status.show('capture', captureLiveText(statistics)),
    },
  );
  status.clear();
  await printSummary(context, summary, sink);
  return endOf(summary);
}

/** The summary is talk on stderr, or with -o data: then on stdout, unless the packets are there. */
async function printSummary(
  { environment, status, output }: SessionContext,
  summary: CaptureSummary,
  sink: ReadySink,
): Promise<void> {
  if (output.format === 'table') {
    for (const line of captureSummaryText(summary, sink.name).split('\n')) status.note(line);
    return;
  }
  const stream = sink.takesStdout ? environment.stderr : environment.stdout;
  await printDocument(
    stream,
    output.format,
    'CaptureSummary',
    { ...summary, destination: sink.name },
    () => '',
  );
}

function endOf({ problems, exit, packets }: CaptureSummary): number {
  const [problem, ...others] = problems;
  if (exit !== ExitCode.incomplete || problem === undefined) return exit;
  throw new NetdebugError(problem, {
    exitCode: exit,
    details: others,
    hint: packets > 0 ? 'what was written is whole and opens; packets are missing' : undefined,
  });
}
