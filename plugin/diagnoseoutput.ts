import type { Diagnosis } from '../src/diagnose/diagnose.js';
import type { Snapshot } from '../src/diagnose/snapshot/types.js';
import { diagnosisDocument, type ProbesRun } from '../src/report/diagnosis-document.js';
import type { Environment } from './environment.js';
import type { OutputOptions } from './options/output.js';
import { coloursFor } from './print/colour.js';
import { printDocument } from './print/document.js';
import { writeOut } from './print/out.js';

/** What a report tells besides the diagnosis. */
export interface DiagnosisReport extends ProbesRun {
  readonly diagnosis: Diagnosis;
  /** The objects it was made from. */
  readonly snapshot: Snapshot;
}

/** Prints a diagnosis in the format that was asked for. */
export async function printDiagnosis(
  report: DiagnosisReport,
  output: OutputOptions,
  environment: Environment,
): Promise<void> {
  const document = diagnosisDocument(report.diagnosis, report);
  switch (output.format) {
    case 'mermaid': {
      const { diagnosisMermaid } = await import('../src/report/diagnosis-mermaid.js');
      await writeOut(environment.stdout, diagnosisMermaid(document));
      return;
    }
    default:
      await printDocument(environment.stdout, output.format, 'Diagnosis', document, async () =>
        (await import('./print/diagnose.js')).diagnosisText(document, {
          colours: coloursFor('stdout', output.color, environment),
          columns: environment.columns(),
          ascii: isAscii(environment),
          wide: output.format === 'wide',
        }),
      );
  }
}

/** Whether the terminal was set to something that has no ticks and arrows. */
function isAscii({ env }: Environment): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((one) => (one ?? '') !== '');
  return locale !== undefined && !/utf-?8/i.test(locale);
}
