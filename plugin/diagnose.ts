import { diagnose, type Diagnosis } from '../src/diagnose/diagnose.js';
import { wantsOfHostNetwork } from '../src/diagnose/flows/wants.js';
import { readCluster } from '../src/diagnose/snapshot/cluster.js';
import { readFiles } from '../src/diagnose/snapshot/files.js';
import type { Snapshot } from '../src/diagnose/snapshot/types.js';
import { wantsOfDiagnosis } from '../src/diagnose/wants.js';
import { ExitCode } from '../src/errors.js';
import { parseReference } from '../src/target/reference.js';
import { withCluster } from './cluster.js';
import { type DiagnosisReport, printDiagnosis } from './diagnoseoutput.js';
import type { Environment } from './environment.js';
import { unlessStopped } from './interrupt.js';
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
  /** Where to write the objects that were read. */
  readonly save?: string;
  /** Absent: everything that concerns `to`. */
  readonly from?: string;
  readonly to: string;
}

/** Carries out `diagnose`: 0 reachable, 1 findings from `failOn` on, 3 undetermined. Rejects with a NetdebugError. */
export async function runDiagnose(request: DiagnoseRequest, environment: Environment): Promise<number> {
  const report = await askQuestion(request, environment);
  await printDiagnosis(report, request.output, environment);
  return exitCodeOf(report.diagnosis, request.failOn);
}

/** Answers one question, and prints nothing but progress. Rejects with a NetdebugError. */
async function askQuestion(
  request: DiagnoseRequest,
  environment: Environment,
): Promise<DiagnosisReport> {
  const from = request.from === undefined ? undefined : parseReference(request.from, 'either');
  const to = parseReference(request.to, from === undefined ? 'object' : 'either');
  const references = from === undefined ? [to] : [from, to];
  const { snapshot, namespace } = await readSnapshot(request, environment, references);
  if (request.save !== undefined) {
    const { saveSnapshot } = await import('./sinks/snapshot.js');
    await saveSnapshot(request.save, snapshot);
  }
  const diagnosis = diagnose(snapshot, {
    ...(from === undefined ? {} : { from }),
    to,
    namespace,
    now: environment.clock.now(),
  });
  return { diagnosis, snapshot };
}

async function readSnapshot(
  { kube, files, output }: DiagnoseRequest,
  environment: Environment,
  references: Parameters<typeof wantsOfDiagnosis>[0],
): Promise<{ readonly snapshot: Snapshot; readonly namespace: string }> {
  if (files.length > 0) {
    const namespace = kube.namespace ?? 'default';
    return { snapshot: await readFiles(files, namespace), namespace };
  }
  const status = createStatusLine(environment, output.quiet);
  return withCluster(kube, environment, status, async (api) => {
    const reading = readCluster(api, wantsOfDiagnosis(references, api.namespace), wantsOfHostNetwork);
    return { snapshot: await unlessStopped(environment.signal, reading), namespace: api.namespace };
  });
}

/** Findings count first: what is surely broken is not made unsure by what could not be read. */
function exitCodeOf({ verdict, findings }: Diagnosis, failOn: FailOn): number {
  const levels = ['error', 'warning', 'info'] as const;
  const limit = failOn === 'never' ? -1 : levels.indexOf(failOn);
  if (findings.some(({ severity }) => levels.indexOf(severity) <= limit)) return ExitCode.found;
  if (verdict === 'UNDETERMINED') return ExitCode.undetermined;
  const broken = verdict === 'UNREACHABLE' || verdict === 'AMBIGUOUS';
  return broken && failOn !== 'never' ? ExitCode.found : ExitCode.ok;
}
