import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Diagnosis } from '../src/diagnose/diagnose.js';
import type { Snapshot } from '../src/diagnose/snapshot/types.js';
import { diagnosisDocument, type ReportFacts } from '../src/report/diagnosis-document.js';
import type { DiagnosisDocument } from '../src/report/diagnosis-schema.js';
import type { Environment } from './environment.js';
import type { OutputOptions } from './options/output.js';
import { coloursFor } from './print/colour.js';
import { printDocument } from './print/document.js';
import { writeOut } from './print/out.js';
import { escapeUnprintable } from './print/sanitize.js';
import { programVersion } from './version.js';

/** What a report tells besides the diagnosis. */
export interface DiagnosisReport extends ReportFacts {
  readonly diagnosis: Diagnosis;
  /** The objects it was made from. */
  readonly snapshot: Snapshot;
  /** Connections were repeated on purpose. */
  readonly heat?: boolean;
}

/** Prints a diagnosis in the format that was asked for. */
export async function printDiagnosis(
  report: DiagnosisReport,
  output: OutputOptions,
  environment: Environment,
): Promise<void> {
  const document = diagnosisDocument(report.diagnosis, report);
  const { stdout } = environment;
  const { format } = output;
  if (format === 'mermaid') {
    const { diagnosisMermaid } = await import('../src/report/diagnosis-mermaid.js');
    await writeOut(stdout, diagnosisMermaid(document));
  } else if (format === 'junit') {
    const { diagnosisJunit } = await import('../src/report/diagnosis-junit.js');
    await writeOut(stdout, diagnosisJunit(document));
  } else if (format === 'sarif') await writeOut(stdout, await sarifText(report, document, environment));
  else if (format === 'html') await writeOut(stdout, await pageText(report, document));
  else {
    await printDocument(stdout, format, 'Diagnosis', document, async () =>
      (await import('./print/diagnose.js')).diagnosisText(document, {
        colours: coloursFor('stdout', output.color, environment),
        columns: environment.columns(),
        ascii: isAscii(environment),
        wide: format === 'wide',
        heat: report.heat ?? false,
      }),
    );
  }
}

async function sarifText(
  { diagnosis, snapshot }: DiagnosisReport,
  document: DiagnosisDocument,
  { cwd }: Environment,
): Promise<string> {
  const { diagnosisSarif } = await import('../src/report/diagnosis-sarif.js');
  const { locateObjects } = await import('../src/diagnose/snapshot/locate.js');
  const found = await locateObjects(
    snapshot,
    diagnosis.findings.map(({ object }) => object),
  );
  const places = found.map((place) => place && { ...place, uri: fileUri(place.file, cwd) });
  const log = diagnosisSarif(document, { version: programVersion, places });
  return `${escapeUnprintable(JSON.stringify(log, undefined, 2))}\n`;
}

/** Relative to where we are where it can be: code scanning wants paths of the repository. */
function fileUri(file: string, cwd: string): string {
  const way = relative(cwd, resolve(cwd, file));
  if (way.startsWith('..') || isAbsolute(way)) return pathToFileURL(resolve(cwd, file)).href;
  return way.split(sep).map(encodeURIComponent).join('/');
}

async function pageText(
  { diagnosis, snapshot }: DiagnosisReport,
  document: DiagnosisDocument,
): Promise<string> {
  const { diagnosisPage } = await import('../src/report/diagnosis-page.js');
  const { packetOf } = await import('../src/report/diagnosis-packet.js');
  const { objects, left } = packetOf(diagnosis, snapshot);
  return diagnosisPage(document, { version: programVersion, packet: objects, left });
}

/** Whether the terminal was set to something that has no ticks and arrows. */
function isAscii({ env }: Environment): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((one) => (one ?? '') !== '');
  return locale !== undefined && !/utf-?8/i.test(locale);
}
