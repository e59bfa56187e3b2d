import type { Diagnosis } from '../src/diagnose/diagnose.js';
import type { Snapshot } from '../src/diagnose/snapshot/types.js';
import type { Environment } from './environment.js';
import type { OutputOptions } from './options/output.js';
import { coloursFor } from './print/colour.js';
import { diagnosisDocument, diagnosisMermaid, diagnosisText } from './print/diagnose.js';
import { printDocument } from './print/document.js';
import { writeOut } from './print/out.js';

/** What a report tells besides the diagnosis. */
export interface DiagnosisReport {
  readonly diagnosis: Diagnosis;
  /** The objects it was made from. */
  readonly snapshot: Snapshot;
  /** Why no packet was sent, e.g. `--no-probe`; absent where probes ran. */
  readonly unprobed?: string;
  /** How long the probes took altogether. */
  readonly probesMs?: number;
}

/** Prints a diagnosis in the format that was asked for. */
export async function printDiagnosis(
  { diagnosis }: DiagnosisReport,
  output: OutputOptions,
  environment: Environment,
): Promise<void> {
  if (output.format === 'mermaid') {
    await writeOut(environment.stdout, diagnosisMermaid(diagnosis));
    return;
  }
  await printDocument(environment.stdout, output.format, 'Diagnosis', diagnosisDocument(diagnosis), () =>
    diagnosisText(diagnosis, {
      colours: coloursFor('stdout', output.color, environment),
      columns: environment.columns(),
      ascii: isAscii(environment),
      wide: output.format === 'wide',
    }),
  );
}

/** Whether the terminal was set to something that has no ticks and arrows. */
function isAscii({ env }: Environment): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((one) => (one ?? '') !== '');
  return locale !== undefined && !/utf-?8/i.test(locale);
}
