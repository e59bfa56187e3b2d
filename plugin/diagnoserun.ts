import { resolve } from 'node:path';
import { readFile, writeFile } from 'node:fs/promises';
import { causesOf, compareAnswers } from '../src/diagnose/compare.js';
import { ExitCode, NetdebugError } from '../src/errors.js';
import { diagnosisDocument } from '../src/report/diagnosis-document.js';
import type { DiagnosisDocument } from '../src/report/diagnosis-schema.js';
import { askQuestion, type DiagnoseRequest, exitCodeOf, previewProbes } from './diagnose.js';
import { earlierAnswer, keepAnswer, lastQuestion, savedAnswer } from './diagnoseanswers.js';
import { printDiagnosis } from './diagnoseoutput.js';
import type { DiagnoseRunRequest } from './diagnoserequest.js';
import type { Environment } from './environment.js';
import { createStatusLine } from './print/statusline.js';

/** Carries out `diagnose` in all its ways: exit 0 reachable, 1 findings from `failOn` on, 3 undetermined. Rejects with a NetdebugError. */
export async function runDiagnose(request: DiagnoseRunRequest, environment: Environment): Promise<number> {
  if (request.expect !== undefined) {
    const { runExpectations } = await import('./diagnoseexpect.js');
    return runExpectations(request, request.expect, environment);
  }
  const { to } = request;
  const asked: DiagnoseRequest = to === undefined ? await again(request, environment) : { ...request, to };
  if (asked.debug.dryRun && asked.probe && asked.files.length === 0) return previewProbes(asked, environment);
  const before =
    request.baseline !== undefined
      ? await savedAnswer(request.baseline, environment)
      : request.verify
        ? await earlierAnswer(asked, environment)
        : undefined;
  const report = await askQuestion(asked, environment);
  const document = diagnosisDocument(report.diagnosis, report);
  await keepAnswer(asked, document, environment);
  if (request.writeExpect !== undefined)
    await addExpectation(request.writeExpect, document, request, environment);
  const compared = before === undefined ? {} : { compared: compareAnswers(before, document) };
  await printDiagnosis({ ...report, ...compared }, request.output, environment);
  return exitCodeOf(report.diagnosis, request.failOn);
}

/** The last question, from where it was asked, unless flags say otherwise. */
async function again(request: DiagnoseRunRequest, environment: Environment): Promise<DiagnoseRequest> {
  const { from, to, namespace, context, kubeconfig, files } = await lastQuestion(environment);
  const { kube } = request;
  const words = [from, to, ...(namespace === undefined ? [] : ['-n', namespace])].filter(
    (word) => word !== undefined,
  );
  const status = createStatusLine(environment, request.output.quiet);
  status.note(`asking again: diagnose ${words.join(' ')}${files.map((file) => ` -f ${file}`).join('')}`);
  return {
    ...request,
    ...(from === undefined ? {} : { from }),
    to,
    files: request.files.length > 0 ? request.files : files,
    kube: {
      ...kube,
      namespace: kube.namespace ?? namespace,
      context: kube.context ?? context,
      kubeconfig: kube.kubeconfig ?? kubeconfig,
    },
  };
}

/** Adds the flow as it was found; what is not certain is not written down as expected. */
async function addExpectation(
  path: string,
  document: DiagnosisDocument,
  { output }: DiagnoseRunRequest,
  environment: Environment,
): Promise<void> {
  const { verdict, from, to, namespace } = document;
  const status = createStatusLine(environment, output.quiet);
  if (from === null || (verdict !== 'REACHABLE' && verdict !== 'UNREACHABLE')) {
    status.note(`${path} was not written: the verdict is ${verdict}, which nothing can be expected of`);
    return;
  }
  const { withExpectation } = await import('../src/diagnose/expect/file.js');
  const file = resolve(environment.cwd, path);
  const codes = causesOf(document);
  const flow = {
    from: from.reference,
    to: to.reference,
    namespace,
    expect: verdict === 'REACHABLE' ? ('reachable' as const) : ('unreachable' as const),
    ...(codes.length === 0 ? {} : { codes }),
  };
  try {
    const known = await readFile(file, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw error;
    });
    await writeFile(file, withExpectation(known, path, flow));
  } catch (cause) {
    if (cause instanceof NetdebugError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NetdebugError(`cannot write ${path}: ${why}`, { exitCode: ExitCode.usage, cause });
  }
  status.note(`${path} now expects ${flow.from} → ${flow.to} to be ${flow.expect}`);
}
