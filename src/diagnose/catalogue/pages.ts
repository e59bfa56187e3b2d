import { catalogue } from './all.js';
import type { CatalogueEntry } from './entry.js';
import { speakersOf } from './spoken.js';

/** The pages under docs/findings/ by file name: one for each code, and README.md as their index. */
export function findingPages(): ReadonlyMap<string, string> {
  const pages = new Map<string, string>();
  for (const entry of catalogue.flatMap(({ entries }) => entries)) pages.set(`${entry.code}.md`, page(entry));
  pages.set('README.md', index());
  return pages;
}

function page({ code, title, means, mend, evidence }: CatalogueEntry): string {
  return [
    `# ${code}: ${title}`,
    '',
    means,
    '',
    `**Mend it.** ${mend}`,
    '',
    `**Evidence.** What can prove it: ${evidence.join(', ')}. ${foundText(code)}`,
    '',
    '[All codes](README.md)',
    '',
  ].join('\n');
}

function foundText(code: string): string {
  const speakers = speakersOf(code);
  if (speakers === undefined) return 'Not found yet: no part of this version looks for it.';
  const { objects, live, disagreement, gap } = speakers;
  const command = '[`diagnose`](../commands/diagnose.md)';
  const beside = disagreement ? ' Also where objects deny what packets do, or the other way round.' : '';
  const checks = (names: readonly string[]): string =>
    `${names.length === 1 ? 'check' : 'checks'} ${names.join(' and ')}`;
  if (objects.length > 0 && live.length > 0)
    return `Found from objects by ${checks(objects)}, and from what probes and logs told by ${checks(live)}, of ${command}: together they prove it.${beside}`;
  if (objects.length > 0)
    return `Found from objects alone, by ${checks(objects)} of ${command}; no packet is sent.${beside}`;
  if (live.length > 0)
    return `Found from what probes and logs told, by ${checks(live)} of ${command}; objects alone do not show it.${beside}`;
  return gap === undefined
    ? `Spoken by ${command} where the objects say one thing and packets do another.`
    : `Named by ${command} beside ${gap}.`;
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
          `| [${entry.code}](${entry.code}.md) | ${entry.title} | ${speakersOf(entry.code) === undefined ? `not yet (${entry.evidence.join(', ')})` : 'yes'} |`,
      ),
    ]),
    '',
  ].join('\n');
}
