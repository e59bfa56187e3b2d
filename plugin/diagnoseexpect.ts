import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { diagnose } from '../src/diagnose/diagnose.js';
import { type ExpectedFlow, parseExpectations } from '../src/diagnose/expect/file.js';
import { failedFlow, type JudgedFlow, judgeFlow } from '../src/diagnose/expect/judge.js';
import { parseQuestion } from '../src/diagnose/outside/target.js';
import { readFiles } from '../src/diagnose/snapshot/files.js';
import { ExitCode, NetdebugError } from '../src/errors.js';
import { askQuestion } from './diagnose.js';
import type { DiagnoseRunRequest } from './diagnoserequest.js';
import type { Environment } from './environment.js';
import { stopReason } from './environment.js';
import { coloursFor } from './print/colour.js';
import { expectationsDocument, expectationsText } from './print/diagnoseexpect.js';
import { printDocument } from './print/document.js';
import { writeOut } from './print/out.js';
import { createStatusLine } from './print/statusline.js';

/** A file of flows is written by hand. */
const largestBytes = 2 ** 20;

/**
 * Asks every flow of a file and compares: 0 all are as expected, 1 some are not, 3 some could not be told. Rejects with a NetdebugError
 * for a file that is none, and where no question at all can be asked (4, 5).
 */
export async function runExpectations(
  request: DiagnoseRunRequest,
  path: string,
  environment: Environment,
): Promise<number> {
  const { output } = request;
  const flows = parseExpectations(await readText(path, environment), path);
  const ask = await asker(request, environment);
  const status = createStatusLine(environment, output.quiet);
  const judged: JudgedFlow[] = [];
  for (const [index, flow] of flows.entries()) {
    if (stopReason(environment.signal) !== undefined) return ExitCode.interrupted;
    status.show('expect', `flow ${index + 1} of ${flows.length}: ${flow.from} → ${flow.to}`);
    judged.push(await judge(flow, ask));
  }
  status.clear();
  if (output.format === 'junit') {
    const { expectationsJunit } = await import('../src/report/expectations-junit.js');
    await writeOut(environment.stdout, expectationsJunit(path, judged));
  } else {
    await printDocument(
      environment.stdout,
      output.format,
      'ExpectationResults',
      expectationsDocument(path, judged),
      () => expectationsText(judged, coloursFor('stdout', output.color, environment)),
    );
  }
  if (judged.some(({ result }) => result === 'failed')) return ExitCode.found;
  return judged.some(({ result }) => result === 'open') ? ExitCode.undetermined : ExitCode.ok;
}

type Ask = (flow: ExpectedFlow) => Promise<Parameters<typeof judgeFlow>[1]>;

/** Files are read once for all flows; a cluster is asked anew for each, as each needs other objects and probes. */
async function asker(request: DiagnoseRunRequest, environment: Environment): Promise<Ask> {
  const { kube, files } = request;
  if (files.length === 0) {
    return async ({ from, to, namespace = kube.namespace }) =>
      (await askQuestion({ ...request, from, to, kube: { ...kube, namespace } }, environment)).diagnosis;
  }
  const fallback = kube.namespace ?? 'default';
  const snapshot = await readFiles(files, fallback);
  const now = environment.clock.now();
  return ({ from, to, namespace = fallback }) =>
    Promise.resolve(diagnose(snapshot, { ...parseQuestion(from, to), namespace, now }));
}

/** A flow whose ends do not exist, or mean nothing, is not as expected; what keeps every flow from being asked ends all. */
async function judge(flow: ExpectedFlow, ask: Ask): Promise<JudgedFlow> {
  try {
    return judgeFlow(flow, await ask(flow));
  } catch (error) {
    const own: readonly number[] = [ExitCode.target, ExitCode.usage];
    if (error instanceof NetdebugError && own.includes(error.exitCode))
      return failedFlow(flow, error.message);
    throw error;
  }
}

async function readText(path: string, { cwd }: Environment): Promise<string> {
  const file = resolve(cwd, path);
  try {
    if ((await stat(file)).size > largestBytes)
      throw new RangeError(`it has more than ${largestBytes} bytes`);
    return await readFile(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NetdebugError(`cannot read ${path}: ${why}`, { exitCode: ExitCode.usage, cause });
  }
}
