import wrapAnsi from 'wrap-ansi';
import { stripVTControlCharacters } from 'node:util';
import { type Comparison, comparisonText } from '../../src/diagnose/compare.js';
import { probeProof, probesText, secondsText } from '../../src/report/diagnosis-probes.js';
import type { DiagnosisDocument } from '../../src/report/diagnosis-schema.js';
import {
  contradicts,
  decisive,
  type DocumentFinding,
  type DocumentHop,
  endpointsText,
  groupWays,
  objectName,
  several,
  stateOfHop,
  type Way,
  withoutFinding,
} from '../../src/report/diagnosis-ways.js';
import { heatOf } from '../../src/diagnose/intermittent/heat.js';
import type { ObservedConnect } from '../../src/diagnose/observed.js';
import type { Colours } from './colour.js';
import { heatText } from './heat.js';
import { sanitizeLine } from './sanitize.js';

/** How the text is to look. */
export interface DiagnosisLook {
  readonly colours: Colours;
  readonly columns: number;
  /** Without ticks and arrows. */
  readonly ascii: boolean;
  /** All evidence and all ways. */
  readonly wide: boolean;
  /** Connections were repeated to see where they fail: how they went over time. */
  readonly heat?: boolean;
}

const marks = { pass: '✓', fail: '✗', unknown: '?' } as const;
const verdictMarks = { REACHABLE: '✓', UNREACHABLE: '✗', AMBIGUOUS: '!', UNDETERMINED: '?' } as const;
/** What fits on a screen of 24 lines. */
const most = { roots: 3, ways: 3, gaps: 3, evidence: 3, commands: 2, changes: 4 };
/** Text in longer lines is hard to read; the way may take all there is. */
const readable = 120;
const margin = 11;

/** The heat map of connections that were tried again and again. */
function heatLines({ observed }: DiagnosisDocument, look: DiagnosisLook): readonly string[] {
  if (look.heat !== true) return [];
  const text = heatText(heatOf((observed?.connects ?? []) as readonly ObservedConnect[]), look);
  return text === '' ? [] : text.trimEnd().split('\n');
}

/** A diagnosis as a person reads it: verdict, the way hop by hop, because, proof, fix, what was not checked, which probes ran. */
export function diagnosisText(document: DiagnosisDocument, look: DiagnosisLook): string {
  const { findings, notChecked, traces } = document;
  const { ascii, wide } = look;
  const columns = Math.max(look.columns, 40);
  const few = <T>(all: readonly T[], limit: number): readonly T[] => (wide ? all : all.slice(0, limit));
  const lines: string[] = [...headLines(document, look, columns)];
  const say = (heading: string, text: string, width = Math.min(columns, readable)): void => {
    // Blanks that do not break keep what belongs together.
    const [first = '', ...rest] = wrapAnsi(text, width - margin)
      .replaceAll('\u00a0', ' ')
      .split('\n');
    lines.push(`  ${heading.padEnd(margin - 3)} ${first}`, ...rest.map((line) => ' '.repeat(margin) + line));
  };
  const more = (all: readonly unknown[], limit: number, what: string): void => {
    if (!wide && all.length > limit) say('', `and ${all.length - limit} more ${what} (-o wide)`);
  };
  if (document.compared !== undefined) {
    say('changed', comparisonText(document.compared, document));
    for (const line of few(changedLines(document.compared), most.changes)) say('', sanitizeLine(line));
    more(changedLines(document.compared), most.changes, 'changes');
  }
  const ways = groupWays(traces);
  for (const [index, way] of few(ways, most.ways).entries())
    say(index === 0 ? 'path' : '', wayText(way, look), columns);
  more(ways, most.ways, 'ways');
  for (const line of heatLines(document, look)) lines.push(`  ${line}`);

  const roots = findings.filter(({ causedBy }) => causedBy === undefined);
  if (roots.length === 0) say('because', withoutFinding(document));
  for (const root of few(roots, most.roots)) {
    const main = root === roots[0];
    const rank = `${root.code}, ${root.confidence}${root.severity === 'error' ? '' : `, ${root.severity}`}`;
    say(main ? 'because' : 'also', `${sanitizeLine(root.message)} (${rank})`);
    for (const effect of effectLines(root, findings, wide)) say('', `so: ${sanitizeLine(effect)}`);
    const proof = [
      ...[probeProof(document, root)].filter((line) => line !== undefined),
      ...few(root.evidence, main ? most.evidence : 1).map(({ about, excerpt }) => `${about}: ${excerpt}`),
    ];
    for (const [index, line] of proof.entries()) say(index === 0 ? 'proof' : '', sanitizeLine(line));
    if (main) more(root.evidence, most.evidence, 'lines of evidence');
    say('fix', sanitizeLine(root.fix.text));
    // Commands are for copying: they are never broken into lines.
    for (const command of few(root.fix.commands, most.commands))
      lines.push(' '.repeat(margin) + sanitizeLine(command));
    if (main) more(root.fix.commands, most.commands, 'commands');
    if (main && root.fix.commands.length > 0 && document.verdict !== 'REACHABLE')
      say('then', 'kubectl netdebug diagnose --verify', columns);
  }
  more(roots, most.roots, 'findings');
  for (const [index, { what, why }] of few(notChecked, most.gaps).entries())
    say(index === 0 ? 'not' : '', `${index === 0 ? 'checked: ' : ''}${sanitizeLine(`${what} (${why})`)}`);
  more(notChecked, most.gaps, 'gaps');
  const legend = document.probes.ran ? ' (marks: objects, packets)' : '';
  say('probe', `${sanitizeLine(probesText(document))}${legend}`);
  const text = `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
  return ascii ? asciiText(text) : text;
}

/** The verdict, the question, and at the end of the line what decided it; below it where the line is too short. */
function headLines(document: DiagnosisDocument, { colours }: DiagnosisLook, columns: number): string[] {
  const { verdict, question } = document;
  const colour = {
    REACHABLE: colours.good,
    UNREACHABLE: colours.bad,
    AMBIGUOUS: colours.warning,
    UNDETERMINED: colours.warning,
  }[verdict];
  const head = `${colour(`${verdictMarks[verdict]} ${verdict}`)}  ${sanitizeLine(question)}`;
  const cause = decisive(document);
  if (cause === undefined) return [head];
  const words = sanitizeLine(`${objectName(cause.object)}: ${lowerFirst(cause.title)} (${cause.confidence})`);
  const left = columns - widthOf(head) - widthOf(words);
  if (left >= 4) return [`${head}${' '.repeat(Math.min(left, 12))}${colours.strong(words)}`];
  return [
    head,
    ...wrapAnsi(words, columns - margin)
      .split('\n')
      .map((line) => `${' '.repeat(margin)}${colours.strong(line)}`),
  ];
}

function changedLines({ gone, fresh, same }: Comparison): readonly string[] {
  const told = (word: string, findings: Comparison['gone']): string[] =>
    findings.map(({ code, title, object }) => `${word} ${code} ${objectName(object)}: ${lowerFirst(title)}`);
  return [...told('gone', gone), ...told('new ', fresh), ...told('same', same)];
}

function effectLines(
  root: DocumentFinding,
  findings: readonly DocumentFinding[],
  wide: boolean,
): readonly string[] {
  const effects = findings.filter(
    ({ causedBy, code }) => causedBy === root.code && root.effects.includes(code),
  );
  if (wide) return effects.map(({ message, code }) => `${message} (${code})`);
  const titles = new Map(effects.map(({ code, title }) => [code, title]));
  return titles.size === 0 ? [] : [[...titles].map(([code, title]) => `${code} ${title}`).join('; ')];
}

function wayText({ source, more, endpoints, hops }: Way, look: DiagnosisLook): string {
  const start =
    source === undefined ? '' : `${sanitizeLine(source)}${more > 0 ? ` (and ${more} more)` : ''} `;
  // Where it begins is told already, unless something is wrong there.
  const shown = hops.filter(
    (hop) =>
      (hop.at !== 'source' && hop.at !== 'client') || hop.codes.length > 0 || stateOfHop(hop) !== 'pass',
  );
  const steps = shown.map((hop) => `──${hopText(hop, look)}`);
  return `${start}${steps.join(' ')} ──►\u00a0${sanitizeLine(endpointsText(endpoints)).replaceAll(' ', '\u00a0')}`;
}

/** Hops whose object the question does not name. */
const named: ReadonlySet<string> = new Set([
  'node',
  'name',
  'address',
  'ingress-controller',
  'gateway',
  'route',
]);

/** `✓✓ dns 4 ms`, `model ✓ probe ✗ ingress ND090`: what the objects say, then what packets say. */
function hopText(hop: DocumentHop, { colours }: DiagnosisLook): string {
  const { at, what, model, probe, ms, codes } = hop;
  const paint = (state: DocumentHop['model'], text: string): string =>
    ({ pass: colours.good, fail: colours.bad, unknown: colours.warning })[state](text);
  const both = contradicts(hop) && probe !== 'none';
  const mark = both
    ? `model\u00a0${paint(model, marks[model])}\u00a0probe\u00a0${paint(stateOfHop(hop), marks[stateOfHop(hop)])}`
    : paint(stateOfHop(hop), `${marks[model]}${probe === 'none' ? '' : marks[probe]}`);
  const name =
    named.has(at) && what !== several ? `${at}\u00a0${sanitizeLine(what).replaceAll(' ', '\u00a0')}` : at;
  const time = ms === undefined ? [] : [`(${secondsText(ms).replace(' ', '\u00a0')})`];
  return [mark, name, ...time, ...codes.map((code) => colours.strong(code))].join('\u00a0');
}

/** Columns that a text takes, as the terminal counts them. */
function widthOf(text: string): number {
  const plain = stripVTControlCharacters(text);
  // Ideographs and the like take two columns; wrap-ansi, which breaks the lines, counts them so too.
  return plain.length + (plain.match(wideCharacters)?.length ?? 0);
}

const wideCharacters =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/g;

function lowerFirst(text: string): string {
  // Abbreviations keep their capitals.
  return /^[A-Z][a-z ]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

function asciiText(text: string): string {
  const plain: Readonly<Record<string, string>> = {
    '✓': 'ok',
    '✗': 'X',
    '→': '->',
    '►': '>',
    '─': '-',
    '…': '...',
  };
  return text
    .replaceAll(/([✓✗?])([✓✗?])(?= )/g, '$1/$2')
    .replace(/[^\u0000-\u007f]/g, (character) => plain[character] ?? '?');
}
