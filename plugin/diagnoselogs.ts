import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Diagnosis } from '../src/diagnose/diagnose.js';
import { logPods, logsOfPods } from '../src/diagnose/logs/choose.js';
import { logLimits, observeLogs, type ObservedLogs, recentLogs } from '../src/diagnose/logs/observe.js';
import { objectKey } from '../src/diagnose/finding.js';
import type { Observed } from '../src/diagnose/observed.js';
import type { KubeApi } from '../src/kube/api.js';
import { findLogFiles, type LogFile } from '../src/logs/files.js';
import type { OpenLog } from '../src/logs/read.js';
import { NetdebugError } from '../src/errors.js';
import type { Environment } from './environment.js';

/** What the logs of the pods on the way of a flow say of network trouble. Never rejects: what cannot be read is named. */
export function clusterObserved(
  api: Pick<KubeApi, 'stream'>,
  { facts }: Diagnosis,
  { clock, signal }: Environment,
): Promise<ObservedLogs> {
  return observeLogs(logsOfPods(logPods(facts)), recentLogs(api), { clock, signal });
}

/** The same of logs that lie in the folders of `-f`, as `kubectl cluster-info dump` writes them. Files that hold none say nothing. */
export async function filesObserved(
  paths: readonly string[],
  { facts }: Diagnosis,
  { clock, signal }: Environment,
): Promise<ObservedLogs> {
  const wanted = new Set(logPods(facts).map(({ metadata }) => objectKey('pod', metadata)));
  try {
    const all = await findLogFiles(paths);
    const files = all.filter(({ namespace, pod }) => wanted.has(`pod ${namespace}/${pod}`));
    return await observeLogs(files, fileTails, { clock, signal, recent: true });
  } catch (error) {
    if (error instanceof NetdebugError) return { logs: [], failed: [] };
    throw error;
  }
}

/** What probes told, with what logs told; undefined: they were not read. */
export function withLogs(observed: Observed, told: ObservedLogs | undefined): Observed {
  return told === undefined
    ? observed
    : { ...observed, logs: [...observed.logs, ...told.logs], failed: [...observed.failed, ...told.failed] };
}

/** The end of each file, which is the latest. */
const fileTails: OpenLog = async (source) => {
  const { path } = source as LogFile;
  const { size } = await stat(path);
  return createReadStream(path, { start: Math.max(0, size - logLimits.bytes) });
};
