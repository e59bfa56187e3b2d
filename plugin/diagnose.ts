import { diagnose, type Diagnosis } from '../src/diagnose/diagnose.js';
import { nothingObserved } from '../src/diagnose/observed.js';
import { parseQuestion } from '../src/diagnose/outside/target.js';
import { readCluster } from '../src/diagnose/snapshot/cluster.js';
import { readFiles } from '../src/diagnose/snapshot/files.js';
import type { Question } from '../src/diagnose/model/build.js';
import type { Snapshot } from '../src/diagnose/snapshot/types.js';
import { wantsAfter, wantsOfDiagnosis } from '../src/diagnose/wants.js';
import { ExitCode } from '../src/errors.js';
import type { KubeApi } from '../src/kube/api.js';
import { withCluster } from './cluster.js';
import type { DiagnosisReport } from './diagnoseoutput.js';
import type { SessionContext } from './context.js';
import type { Environment } from './environment.js';
import { unlessStopped } from './interrupt.js';
import { removingAtEnd } from './node.js';
import type { DebugRequest } from './options/debug.js';
import type { KubeRequest } from './options/kube.js';
import type { OutputOptions } from './options/output.js';
import { createStatusLine } from './print/statusline.js';

/** From which severity on a finding makes the command fail. */
export type FailOn = 'error' | 'warning' | 'info' | 'never';

/** What `diagnose` was asked for. */
export interface DiagnoseRequest {
  readonly kube: KubeRequest;
  readonly output: OutputOptions;
  /** Files and folders to read instead of the cluster; none: the cluster. */
  readonly files: readonly string[];
  readonly failOn: FailOn;
  readonly probe: boolean;
  /** Look into the logs of the pods on the way, where something is probed or files hold logs. */
  readonly logs: boolean;
  readonly debug: DebugRequest;
  /** For all probes together, the start of debug containers included. */
  readonly timeoutMs: number;
  /** Attempts at each address; absent: a few. */
  readonly count?: number;
  /** Where to write the objects that were read. */
  readonly save?: string;
  /** Absent: everything that concerns `to`. */
  readonly from?: string;
  readonly to: string;
}

/** Answers one question, and prints nothing but progress. Rejects with a NetdebugError. */
export async function askQuestion(
  request: DiagnoseRequest,
  environment: Environment,
): Promise<DiagnosisReport> {
  const { kube, files, output, debug } = request;
  const asked = parseQuestion(request.from, request.to);
  if (files.length > 0) {
    const namespace = kube.namespace ?? 'default';
    const snapshot = await readFiles(files, namespace);
    await save(request, snapshot);
    const question = { ...asked, namespace, now: environment.clock.now() };
    const diagnosis = diagnose(snapshot, question);
    if (!request.logs) return { diagnosis, snapshot };
    const { filesObserved } = await import('./diagnoselogs.js');
    const told = await filesObserved(files, diagnosis, environment);
    if (told.logs.length === 0) return { diagnosis, snapshot };
    return {
      diagnosis: diagnose(snapshot, question, { ...nothingObserved, ...told }),
      snapshot,
      unprobed: 'objects and logs were read from files, no packet was sent',
    };
  }
  const status = createStatusLine(environment, output.quiet);
  return withCluster(kube, environment, status, async (api) => {
    const { snapshot, question } = await readAsked(api, asked, environment);
    await save(request, snapshot);
    const diagnosis = diagnose(snapshot, question);
    if (!request.probe) return { diagnosis, snapshot, unprobed: '--no-probe: no packet was sent' };
    const context: SessionContext = { api, environment, status, output, debug, atEnd: [] };
    const { probeDiagnosis } = await import('./diagnoseprobes.js');
    const { clusterObserved, withLogs } = await import('./diagnoselogs.js');
    const [{ observed, probesMs }, told] = await Promise.all([
      removingAtEnd(context.atEnd, () =>
        probeDiagnosis(context, diagnosis, request.timeoutMs, request.count),
      ),
      request.logs ? clusterObserved(api, diagnosis, environment) : undefined,
    ]);
    return {
      diagnosis: diagnose(snapshot, question, withLogs(observed, told)),
      snapshot,
      probesMs,
      heat: request.count !== undefined,
    };
  });
}

/** What the cluster holds of what a question is about. */
async function readAsked(
  api: KubeApi,
  asked: ReturnType<typeof parseQuestion>,
  environment: Environment,
): Promise<{ readonly snapshot: Snapshot; readonly question: Question }> {
  const { from, to } = asked;
  const question = { ...asked, namespace: api.namespace, now: environment.clock.now() };
  const references = from === undefined ? [to] : [from, to];
  const reading = readCluster(api, wantsOfDiagnosis(references, api.namespace), (first) =>
    wantsAfter(first, question),
  );
  return { snapshot: await unlessStopped(environment.signal, reading), question };
}

/** `--dry-run`: prints what would be injected for probes, and which would be sent first. Rejects with a NetdebugError. */
export function previewProbes(
  { kube, output, debug, from, to }: DiagnoseRequest,
  environment: Environment,
): Promise<number> {
  const asked = parseQuestion(from, to);
  const status = createStatusLine(environment, output.quiet);
  return withCluster(kube, environment, status, async (api) => {
    const { snapshot, question } = await readAsked(api, asked, environment);
    const { probeTargets } = await import('./diagnoseprobes.js');
    const { printDryRuns } = await import('./dryrun.js');
    const context: SessionContext = { api, environment, status, output, debug, atEnd: [] };
    return printDryRuns(context, probeTargets(diagnose(snapshot, question), api.namespace), 'none', []);
  });
}

async function save({ save: file }: DiagnoseRequest, snapshot: Snapshot): Promise<void> {
  if (file === undefined) return;
  const { saveSnapshot } = await import('./sinks/snapshot.js');
  await saveSnapshot(file, snapshot);
}

/** 0 reachable, 1 findings from `failOn` on, 3 undetermined. Findings count first: what is surely broken is not made unsure by what could not be read. */
export function exitCodeOf({ verdict, findings }: Diagnosis, failOn: FailOn): number {
  const levels = ['error', 'warning', 'info'] as const;
  const limit = failOn === 'never' ? -1 : levels.indexOf(failOn);
  if (findings.some(({ severity }) => levels.indexOf(severity) <= limit)) return ExitCode.found;
  if (verdict === 'UNDETERMINED') return ExitCode.undetermined;
  const broken = verdict === 'UNREACHABLE' || verdict === 'AMBIGUOUS';
  return broken && failOn !== 'never' ? ExitCode.found : ExitCode.ok;
}
