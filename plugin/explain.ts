import { catalogue, catalogueEntry } from '../src/diagnose/catalogue/all.js';
import type { CatalogueEntry } from '../src/diagnose/catalogue/entry.js';
import { spokenBy } from '../src/diagnose/catalogue/spoken.js';
import { ExitCode } from '../src/errors.js';
import type { Environment } from './environment.js';
import type { OutputOptions } from './options/output.js';
import { nearest, program, usageError } from './options/usage.js';
import { printDocument } from './print/document.js';
import { table } from './print/table.js';

/** What `explain` was asked for. */
export interface ExplainRequest {
  readonly output: OutputOptions;
  /** None: the list of all. */
  readonly codes: readonly string[];
}

/** Carries out `explain`. Rejects with a usage error for a code that there is not. */
export async function runExplain(
  { output, codes }: ExplainRequest,
  environment: Environment,
): Promise<number> {
  const all = catalogue.flatMap(({ entries }) => entries);
  const entries = codes.length === 0 ? all : codes.map((code) => find(code, all));
  const value = {
    codes: entries.map((entry) => ({
      ...entry,
      check: spokenBy(entry.code) ?? null,
      commands: commandsFor(entry.code),
      page: `${pages}${entry.code}.md`,
    })),
  };
  await printDocument(environment.stdout, output.format, 'Codes', value, () =>
    codes.length === 0
      ? table(
          ['CODE', 'TITLE', 'BY'],
          entries.map((entry) => [entry.code, entry.title, byText(entry)]),
        )
      : entries.map((entry) => entryText(entry)).join('\n'),
  );
  return ExitCode.ok;
}

function find(code: string, all: readonly CatalogueEntry[]): CatalogueEntry {
  // `204`, `nd204` and `ND204` are the same code.
  const wanted = /^\d{3}$/.test(code) ? `ND${code}` : code.toUpperCase();
  const entry = catalogueEntry(wanted);
  if (entry !== undefined) return entry;
  const near = nearest(
    wanted,
    all.map((one) => one.code),
  );
  const hint =
    near === undefined
      ? '`explain` alone lists them all'
      : `did you mean ${near} (${catalogueEntry(near)?.title ?? ''})?`;
  throw usageError(`there is no code ${JSON.stringify(code.slice(0, 40))}`, 'explain', hint);
}

function byText({ code, evidence }: CatalogueEntry): string {
  const told = evidence.join(', ');
  return spokenBy(code) === undefined ? `not yet (${told})` : told;
}

const pages = 'https://github.com/kubectl-netdebug/kubectl-netdebug/blob/main/docs/findings/';

/** What looks at the same by hand, by the first digit of the code. */
const byHand: Readonly<Record<string, readonly string[]>> = {
  0: ['doctor POD'],
  1: ['netstat POD', 'logs POD'],
  2: ['policy FROM TO', 'connect POD DEST'],
  3: ['connect POD svc/NAME:PORT'],
  4: ['dns POD NAME'],
  5: ['connect POD DEST'],
  6: ['http POD URL'],
  7: ['http POD URL', 'logs POD'],
  8: ['interfaces POD', 'mtu POD DEST', 'trace POD DEST'],
};

/** Commands that find the code, or show what it speaks of. */
function commandsFor(code: string): readonly string[] {
  const own = byHand[code.charAt('ND'.length)] ?? [];
  return [...(spokenBy(code) === undefined ? [] : ['diagnose FROM TO']), ...own].map(
    (words) => `${program} ${words}`,
  );
}

function entryText(entry: CatalogueEntry): string {
  const { code, title, means, mend, evidence } = entry;
  const check = spokenBy(code);
  const [first = '', ...others] = commandsFor(code);
  return [
    `${code}  ${title}`,
    `  means   ${means}`,
    `  mend    ${mend}`,
    `  proof   ${evidence.join(', ')}`,
    `  found   ${check === undefined ? 'not yet: this version does not look for it' : `by ${check}`}`,
    `  try     ${first}`,
    ...others.map((command) => `          ${command}`),
    `  page    ${pages}${code}.md`,
    '',
  ].join('\n');
}
