import { ExitCode, NetdebugError } from '../src/errors.js';
import type { KubeApi } from '../src/kube/api.js';
import type { Pod } from '../src/kube/types.js';
import { countHits } from '../src/logs/count.js';
import { fileLogs, findLogFiles } from '../src/logs/files.js';
import { type PeerNames, peerNames, readPeerNames } from '../src/logs/names.js';
import { pathPods } from '../src/logs/path.js';
import { logPatterns } from '../src/logs/patterns.js';
import { clusterLogs, type OpenLog, type ReadLog, readLogs } from '../src/logs/read.js';
import { type LogSource, logSources } from '../src/logs/sources.js';
import type { LogPeer } from '../src/logs/types.js';
import type { ObjectReference, Reference } from '../src/target/reference.js';
import { withCluster } from './cluster.js';
import type { Environment } from './environment.js';
import { unlessStopped } from './interrupt.js';
import type { KubeRequest } from './options/kube.js';
import type { OutputOptions } from './options/output.js';
import { nearest } from './options/usage.js';
import { eventPrinter } from './print/events.js';
import { hitDocument, hitText, logReportDocument, logReportText, readingText } from './print/logs.js';
import { createStatusLine, type StatusLine } from './print/statusline.js';

/** Whose logs are meant. */
export type LogsTarget =
  | { readonly kind: 'references'; readonly references: readonly ObjectReference[] }
  | { readonly kind: 'labels'; readonly selector: string; readonly allNamespaces: boolean }
  | { readonly kind: 'path'; readonly from: ObjectReference; readonly to: Reference }
  | { readonly kind: 'files'; readonly files: readonly string[] };

/** What `logs` was asked for. */
export interface LogsCommandRequest {
  readonly kube: KubeRequest;
  readonly output: OutputOptions;
  readonly target: LogsTarget;
  readonly container: string | undefined;
  readonly sinceSeconds: number | undefined;
  readonly follow: boolean;
  readonly around: number;
  /** Print the lines themselves. */
  readonly lines: boolean;
  /** Only these patterns; none: all. */
  readonly patterns: readonly string[];
  readonly previous: boolean;
  readonly failOn: 'error' | 'warning' | 'never';
}

/** Logs read at once; and the most that can be followed, each over a connection of its own. */
const parallel = 8;
const mostFollowed = 50;

/** Carries out `logs`. Rejects with a NetdebugError when there is nothing to read, or nothing could be read. */
export async function runLogs(request: LogsCommandRequest, environment: Environment): Promise<number> {
  checkPatterns(request.patterns);
  const { target, output } = request;
  const status = createStatusLine(environment, output.quiet);
  try {
    if (target.kind === 'files') {
      const files = await findLogFiles(target.files);
      const names = (): Promise<PeerNames> => Promise.resolve(peerNames([], []));
      return await report(request, environment, status, {
        sources: files,
        open: fileLogs(),
        names,
        notRead: [],
      });
    }
    return await withCluster(request.kube, environment, status, async (api) => {
      const { signal } = environment;
      const { pods, notRead } = await unlessStopped(signal, podsOf(api, target, signal, status));
      const sources = logSources(pods, { container: request.container, previous: request.previous });
      if (sources.length === 0) throw nothingToRead(pods, request.container);
      const namespaces = [...new Set(pods.map(({ metadata }) => metadata.namespace ?? api.namespace))];
      let names: Promise<PeerNames> | undefined;
      return report(request, environment, status, {
        sources,
        open: clusterLogs(api, request.sinceSeconds),
        names: () => (names ??= readPeerNames(api, namespaces, signal)),
        notRead,
      });
    });
  } finally {
    status.clear();
  }
}

interface Reading {
  readonly sources: readonly LogSource[];
  readonly open: OpenLog;
  readonly names: () => Promise<PeerNames>;
  readonly notRead: readonly string[];
}

async function report(
  request: LogsCommandRequest,
  environment: Environment,
  status: StatusLine,
  { sources, open, names, notRead }: Reading,
): Promise<number> {
  const { output, follow } = request;
  const { signal, stdout } = environment;
  if (follow && sources.length > mostFollowed) {
    throw new NetdebugError(
      `These are ${sources.length} logs, and at most ${mostFollowed} can be followed at once.`,
      {
        exitCode: ExitCode.usage,
        hint: 'Name fewer pods, or one container with -c.',
      },
    );
  }
  const printer = await eventPrinter(stdout, output.format);
  const count = countHits();
  const asked = new Set(request.patterns);
  const resolve = async (peer: LogPeer | undefined, namespace: string): Promise<string | undefined> =>
    peer === undefined ? undefined : (await names()).nameOf(peer, namespace);
  const logs = await readLogs(sources, open, {
    follow,
    around: request.around,
    parallel,
    signal,
    onProgress: (progress) => {
      if (!follow) status.show('logs', readingText(progress));
    },
    onHit: async (hit, source) => {
      if (asked.size > 0 && !asked.has(hit.pattern.name)) return;
      count.add(hit, source);
      if (!request.lines && (output.format === 'table' || output.format === 'wide')) return;
      const object = await resolve(hit.peer, source.namespace);
      await printer.print('LogHit', hitDocument(hit, source, object), () => hitText(hit, source, object));
    },
  });
  status.clear();
  const groups = await Promise.all(
    count.groups().map(async (group) => ({ ...group, object: await resolve(group.peer, group.namespace) })),
  );
  const result = { groups, logs, hits: count.hits, ungrouped: count.ungrouped, notRead };
  await printer.print('LogReport', logReportDocument(result), () =>
    logReportText(result, output.format === 'wide'),
  );
  for (const line of notRead) status.note(`not read: ${line}`);
  status.note(readText(logs, count.hits));
  return endOf(
    request,
    logs,
    groups.some(({ pattern }) => pattern.severity === 'error'),
    count.hits,
    status,
    signal,
  );
}

/** The exit code: found (1) before incomplete (8); when no log could be read at all, that is the failure. */
function endOf(
  { failOn }: LogsCommandRequest,
  logs: readonly ReadLog[],
  errors: boolean,
  hits: number,
  status: StatusLine,
  signal: AbortSignal,
): number {
  const failed = logs.filter(({ error }) => error !== undefined);
  const [first] = failed;
  if (first?.error !== undefined && failed.length === logs.length) throw first.error;
  for (const { error } of failed) if (error !== undefined) status.note(`not read: ${error.message}`);
  if (signal.aborted) return ExitCode.interrupted;
  if (failOn !== 'never' && (errors || (failOn === 'warning' && hits > 0))) return ExitCode.found;
  return failed.length > 0 ? ExitCode.incomplete : ExitCode.ok;
}

function readText(logs: readonly ReadLog[], hits: number): string {
  const lines = logs.reduce((sum, log) => sum + log.lines, 0);
  const what = `${logs.length} ${logs.length === 1 ? 'log' : 'logs'} with ${lines} lines read`;
  return hits === 0
    ? `${what}: none speaks of network trouble`
    : `${what}: ${hits} ${hits === 1 ? 'speaks' : 'speak'} of network trouble`;
}

async function podsOf(
  api: KubeApi,
  target: Exclude<LogsTarget, { kind: 'files' }>,
  signal: AbortSignal,
  status: StatusLine,
): Promise<{ readonly pods: readonly Pod[]; readonly notRead: readonly string[] }> {
  const { resolvePods } = await import('../src/target/resolve.js');
  const { namespace } = api;
  switch (target.kind) {
    case 'labels': {
      const where = target.allNamespaces ? undefined : namespace;
      return {
        pods: (await resolvePods(api, { labelSelector: target.selector, namespace: where })).pods,
        notRead: [],
      };
    }
    case 'references':
      return { pods: once(await each(target.references)), notRead: [] };
    case 'path': {
      const ends = [target.from, ...(target.to.type === 'object' ? [target.to] : [])];
      const [own, between] = await Promise.all([each(ends), pathPods(api, signal)]);
      if (target.to.type !== 'object')
        status.note(`the logs of FROM and of what stands between: TO is nothing of the cluster`);
      return { pods: once([...own, ...between.pods]), notRead: between.notRead };
    }
  }
  async function each(references: readonly ObjectReference[]): Promise<readonly Pod[]> {
    const found = await Promise.all(
      references.map((reference) => resolvePods(api, { reference, namespace })),
    );
    return found.flatMap(({ pods }) => pods);
  }
}

/** Each pod once, where targets overlap. */
function once(pods: readonly Pod[]): readonly Pod[] {
  return [
    ...new Map(pods.map((pod) => [`${pod.metadata.namespace ?? ''}/${pod.metadata.name}`, pod])).values(),
  ];
}

function nothingToRead(pods: readonly Pod[], container: string | undefined): NetdebugError {
  const names = [...new Set(pods.flatMap(({ spec }) => spec.containers.map(({ name }) => name)))];
  if (container !== undefined && !names.includes(container)) {
    return new NetdebugError(`None of these pods has a container ${container}.`, {
      exitCode: ExitCode.target,
      hint: `They have ${names.join(', ')}.`,
    });
  }
  return new NetdebugError('There is no log yet: none of the containers has started.', {
    exitCode: ExitCode.target,
    hint: 'kubectl describe pod tells what they wait for.',
  });
}

function checkPatterns(asked: readonly string[]): void {
  const known = logPatterns.map(({ name }) => name);
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  throw new NetdebugError(`There is no pattern ${JSON.stringify(unknown.slice(0, 60))}.`, {
    exitCode: ExitCode.usage,
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}There are ${known.join(', ')}.`,
  });
}
