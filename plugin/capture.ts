import { startCapture, type CaptureEvent } from '../src/capture/capture.js';
import { followPods } from '../src/capture/follow.js';
import { placeKey, placeName } from '../src/capture/place.js';
import { planCapture } from '../src/capture/plan.js';
import type { StopReason } from '../src/capture/ended.js';
import type { CaptureSummary } from '../src/capture/summary.js';
import { resolveTargets, type ResolvedTargets, type TargetPlace } from '../src/capture/targets.js';
import { ExitCode, NetdebugError } from '../src/errors.js';
import { linktypeName } from '../src/pcap/linktype.js';
import type { NameRecord } from '../src/pcap/merge-types.js';
import type { PodQuery } from '../src/target/resolve.js';
import { withCluster } from './cluster.js';
import { addNames, addressBook } from './capturenames.js';
import { followPeersOf } from './capturepeers.js';
import type { CaptureCommandRequest } from './capturerequest.js';
import { captureSources, type CaptureSources } from './capturesources.js';
import { type Environment, stopReason } from './environment.js';
import { unlessStopped } from './interrupt.js';
import { removingAtEnd } from './node.js';
import type { PodTarget } from './options/pod.js';
import { conversationsShown } from './options/stats.js';
import { usageError } from './options/usage.js';
import { captureLiveText, captureSummaryText } from './print/capture.js';
import { printDocument } from './print/document.js';
import { createStatusLine } from './print/statusline.js';
import type { SessionContext } from './context.js';
import { type CaptureOutput, prepareOutput } from './captureoutput.js';

/** Captures as asked. What cannot be captured, or has nowhere to go, is told before anything is asked of the cluster. */
export async function runCapture(request: CaptureCommandRequest, environment: Environment): Promise<number> {
  for (const name of request.capture.interfaces ?? ['any'])
    planCapture({ ...request.capture, interface: name });
  if (request.debug.dryRun) return inCluster(request, environment, (context) => dryRun(context, request));
  if (request.spool?.mode === 'detach') {
    const { leaveSpools } = await import('./spool.js');
    return inCluster(request, environment, async (context) => {
      const { places, failed } = await resolve(context, request);
      return leaveSpools(await sourcesFor(context, request, places), places, failed);
    });
  }
  const output = await unlessStopped(environment.signal, prepareOutput(request, environment));
  try {
    return await inCluster(request, environment, (context) => captureIn(context, request, output));
  } finally {
    await output.discard();
  }
}

function inCluster(
  { kube, debug, output }: CaptureCommandRequest,
  environment: Environment,
  task: (context: SessionContext) => Promise<number>,
): Promise<number> {
  const status = createStatusLine(environment, output.quiet);
  return withCluster(kube, environment, status, async (api) => {
    const context: SessionContext = { api, environment, status, output, debug, atEnd: [] };
    try {
      return await removingAtEnd(context.atEnd, () => task(context));
    } finally {
      // An error is printed under what was shown, not behind it.
      status.clear();
    }
  });
}

/** How long a spool may be silent after it was told to stop. */
const spoolQuietMs = 60_000;

async function resolve(context: SessionContext, request: CaptureCommandRequest): Promise<ResolvedTargets> {
  const { api, environment, status } = context;
  const queries = request.targets.map((target) => queryOf(target, api.namespace));
  const resolved = await unlessStopped(
    environment.signal,
    resolveTargets(api, queries, request.capture.maxPods),
  );
  for (const note of resolved.notes) status.note(note);
  return resolved;
}

function queryOf(target: PodTarget, namespace: string): PodQuery {
  if (target.kind === 'reference') return { reference: target.reference, namespace };
  return { labelSelector: target.selector, namespace: target.allNamespaces ? undefined : namespace };
}

async function captureIn(
  context: SessionContext,
  request: CaptureCommandRequest,
  output: CaptureOutput,
): Promise<number> {
  const { api, environment, status } = context;
  const { signal, clock } = environment;
  const { places, lists, failed } = await resolve(context, request);
  // pcap holds what was there at the start, if that was one; nothing can join it.
  const fixed = request.format === 'pcap' && !request.files.split;
  const interfaces = request.filters.view === 'both' ? 2 : (request.capture.interfaces?.length ?? 1);
  if (fixed && places.length * interfaces > 1) throw notOne(request, places.length * interfaces);
  const sources = await sourcesFor(context, request, places);
  const triggered = sources.spools?.triggered;
  const over = new AbortController();
  const present = [...places];
  let refused = 0;
  const follower = followPods(api, places, fixed ? [] : lists, {
    onPod: (one) => {
      if (capture.places().size < request.capture.maxPods) {
        present.push(one);
        capture.join(sources.targetOf(one));
      } else if (refused++ === 0)
        status.note(`warning: more pods than --max-pods have come; ${placeName(one.place)} does not join`);
    },
    onGone: (uid, departure) => capture.depart(`pod ${uid}`, departure),
    onEvent: (uid, event) => {
      capture.tell(`pod ${uid}`, event);
      sources.spools?.tell(event);
    },
    onBlind: () => {
      capture.note(
        'pods could not be watched any more: those that came later are not captured, restarts are not told',
      );
      capture.seal();
    },
  });
  const { filter, durationMs, packetCount } = request.capture;
  const capture = startCapture(
    [
      ...places.map(sources.targetOf),
      ...failed.map(({ name, error }) => ({ name, sources: Promise.reject(error) })),
    ],
    {
      open: sources.open,
      to: output.to({ server: `${api.server} (context ${api.context})`, filter }),
      clock,
      signal: triggered === undefined ? signal : AbortSignal.any([signal, triggered]),
      whyStopped: () => (triggered?.aborted === true ? 'trigger' : whyStopped(environment)),
      // A connection that is being taken up again is silent, too.
      quietMs: request.spool === undefined ? undefined : spoolQuietMs,
      durationMs,
      packetCount,
      // The failure of all that was named is the error itself, which is told at the end.
      onEvent: (event) => {
        if (event.kind !== 'failed' || places.length + failed.length > 1) showEvent(context, event);
      },
      onStatistics: (statistics) => status.show('capture', captureLiveText(statistics)),
      fate: (source) => follower.fate(source),
    },
  );
  if (fixed || lists.length === 0) capture.seal();
  const following = Promise.all([
    follower.run(over.signal),
    followPeersOf(context, request, { sources, capture, present, fixed, signal: over.signal }),
  ]);
  const names = addressBook(places);
  const add = (records: readonly NameRecord[]): void => {
    capture.addNames(records);
    for (const { address, names: all } of records) names.set(address, all[0] ?? address);
  };
  if (request.format === 'pcapng' || request.stats) void addNames(context, places, over.signal, add);
  let summary: CaptureSummary;
  try {
    summary = await capture.summary;
  } finally {
    over.abort();
    sources.spools?.close();
    await following;
  }
  if (refused > 0) {
    const notes = [
      ...summary.notes,
      `${refused} pods that came later were beyond --max-pods ${request.capture.maxPods} and are not captured.`,
    ];
    summary = { ...summary, notes };
  }
  status.clear();
  await printSummary(context, summary, output, names);
  return endOf(summary);
}

function sourcesFor(
  context: SessionContext,
  request: CaptureCommandRequest,
  places: readonly TargetPlace[],
): Promise<CaptureSources> {
  const several = places.length > 1;
  return unlessStopped(context.environment.signal, captureSources(context, request, several));
}

function showEvent({ status }: SessionContext, event: CaptureEvent): void {
  switch (event.kind) {
    case 'began': {
      const { source, header } = event;
      const filter = source.filter === undefined ? '' : `, filter ${source.filter}`;
      const link = linktypeName(header?.linktype ?? -1);
      status.note(
        `listening on ${source.interface} of ${placeName(source.place)}, link type ${link}${filter}`,
      );
      return;
    }
    case 'failed':
      status.note(`warning: ${event.failure.name}: ${event.failure.message}`);
      return;
    case 'ended':
      if (event.departure !== undefined) status.note(`${event.name} has ended: ${event.departure.why}`);
      return;
    case 'told':
      status.note(`${event.name}: ${event.event}`);
      return;
  }
}

/** A reader of stdout who had enough is no Ctrl-C. */
function whyStopped({ signal }: Environment): StopReason {
  switch (stopReason(signal)?.kind) {
    case 'output-closed':
      return 'reader';
    case 'output-failed':
      return 'sink';
    case 'interrupted':
    case undefined:
      return 'interrupt';
  }
}

function notOne({ destination }: CaptureCommandRequest, sources: number): NetdebugError {
  const file = destination.kind === 'file' ? destination.path : 'pcap';
  return usageError(
    `${file} is to be pcap, which holds one source, and the target stands for ${sources}`,
    'capture',
    'pcapng holds them all: name the file .pcapng; or write a file for each pod with --split',
  );
}

async function dryRun(context: SessionContext, request: CaptureCommandRequest): Promise<number> {
  const { places, failed } = await resolve(context, request);
  const sources = await sourcesFor(context, request, places);
  const { printDryRuns } = await import('./dryrun.js');
  const planned = (await Promise.all(places.map(sources.plannedFor))).flat();
  const targets = planned.map(({ place, interface: name, filter, argv }) => {
    const at =
      place.kind === 'pod'
        ? { namespace: place.namespace, pod: place.pod }
        : { namespace: context.api.namespace, pod: placeName(place), node: place.node };
    return { key: placeKey(place), at, run: argv, more: { interface: name, filter } };
  });
  return printDryRuns(context, targets, 'raw', failed);
}

/** The summary is talk on stderr, or with -o data: then on stdout, unless the packets are there. */
async function printSummary(
  { environment, status, output: { format } }: SessionContext,
  summary: CaptureSummary,
  { name, takesStdout, conversations }: CaptureOutput,
  names: ReadonlyMap<string, string>,
): Promise<void> {
  if (format === 'table') {
    for (const line of captureSummaryText(summary, name).split('\n')) status.note(line);
    if (conversations === undefined) return;
    const { conversationsText } = await import('./print/conversations.js');
    const report = conversations.report(conversationsShown.table);
    const text = conversationsText(report, (address) => names.get(address));
    for (const line of text.trimEnd().split('\n')) status.note(line);
    return;
  }
  const stats =
    conversations === undefined ? {} : { stats: conversations.report(conversationsShown.document) };
  const document = { ...summary, ...stats, destination: name };
  const stream = takesStdout ? environment.stderr : environment.stdout;
  await printDocument(stream, format, 'CaptureSummary', document, () => '');
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
