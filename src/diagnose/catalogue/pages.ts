import { catalogue } from './all.js';
import type { CatalogueEntry } from './entry.js';
import { spokenBy } from './spoken.js';

/** The pages under docs/findings/ by file name: one for each code, and README.md as their index. */
export function findingPages(): ReadonlyMap<string, string> {
  const pages = new Map<string, string>();
  for (const entry of catalogue.flatMap(({ entries }) => entries)) pages.set(`${entry.code}.md`, page(entry));
  pages.set('README.md', index());
  return pages;
}

function page({ code, title, means, mend, evidence }: CatalogueEntry): string {
  const by = spokenBy(code);
  const found =
    by === undefined
      ? 'Not found yet: no part of this version looks for it.'
      : by.startsWith('check')
        ? `Found from objects alone, by ${by} of [\`diagnose\`](../commands/diagnose.md); no packet is sent.`
        : `Named by [\`diagnose\`](../commands/diagnose.md) beside ${by}.`;
  return [
    `# ${code}: ${title}`,
    '',
    means,
    '',
    `**Mend it.** ${mend}`,
    '',
    `**Evidence.** What can prove it: ${evidence.join(', ')}. ${found}`,
    '',
    '[All codes](README.md)',
    '',
  ].join('\n');
}

function index(): string {
  return [
    '# Findings',
    '',
    'Every code that `diagnose` and `policy` speak, and those that are reserved for what they will. Codes never change their meaning.',
    '`kubectl netdebug explain CODE` prints the same. These pages are made from `src/diagnose/catalogue/` by `npm run findings`.',
    ...catalogue.flatMap(({ title, entries }) => [
      '',
      `## ${title}`,
      '',
      '| code | | found |',
      '|---|---|---|',
      ...entries.map(
        (entry) =>
          `| [${entry.code}](${entry.code}.md) | ${entry.title} | ${spokenBy(entry.code) === undefined ? `not yet (${entry.evidence.join(', ')})` : 'yes'} |`,
      ),
    ]),
    '',
  ].join('\n');
}
