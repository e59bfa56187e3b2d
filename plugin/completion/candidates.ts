import { kindInfo } from '../../src/target/kinds.js';
import type { Command } from '../command.js';
import type { Candidate, Completes } from '../options/completes.js';
import type { Flags } from '../options/flags.js';
import { sanitizeLine } from '../print/sanitize.js';
import type { Line } from './place.js';
import { firstObject, referenceCandidates } from './references.js';
import type { Sources } from './sources.js';

/** What a shell is to do, as bits; cobra's ShellCompDirective. */
export const directive = {
  /** Files, where there are no candidates. */
  files: 0,
  /** No blank after the candidate. */
  noSpace: 2,
  noFiles: 4,
  /** Only folders. */
  folders: 16,
} as const;

/** What is answered to a shell. */
export interface Answer {
  readonly candidates: readonly Candidate[];
  readonly directive: number;
}

const nothing: Answer = { candidates: [], directive: directive.noFiles };

/** Of these no shell needs a quote: whatever a name may be, it cannot become another command. */
const plain = /^[A-Za-z0-9@%_+=:,./[\]-]{1,600}$/;
const aboutLength = 100;

/** The candidates for the word under the cursor. Rejects when a source does. */
export async function answer(line: Line, commands: readonly Command[], sources: Sources): Promise<Answer> {
  const { candidates, directive: bits } = await inPlace(line, commands, sources);
  const { lead, prefix } = line;
  const said = aboutWords();
  const offered = new Map<string, Candidate>();
  for (const { word, about } of candidates) {
    if (!word.startsWith(prefix) || !plain.test(word)) continue;
    const whole = `${lead}${word}`;
    if (!offered.has(whole)) offered.set(whole, { word: whole, about: said(about) });
  }
  const words = [...offered.values()];
  // A word that ends so is only the beginning of one.
  const begun = words.length > 0 && words.every(({ word }) => /[/:]$/.test(word));
  return { candidates: words, directive: bits | (begun ? directive.noSpace : 0) };
}

/** What may be printed about candidates; thousands of pods are `Running`, which is cleaned once. */
function aboutWords(): (about: string | undefined) => string | undefined {
  const clean = new Map<string, string>();
  return (about) => {
    if (about === undefined) return undefined;
    const text =
      clean.get(about) ??
      sanitizeLine(about.slice(0, 4 * aboutLength))
        .slice(0, aboutLength)
        .trim();
    clean.set(about, text);
    return text === '' ? undefined : text;
  };
}

async function inPlace(line: Line, commands: readonly Command[], sources: Sources): Promise<Answer> {
  switch (line.place.kind) {
    case 'nothing':
      return nothing;
    case 'command':
      return { candidates: commandCandidates(commands), directive: directive.noFiles };
    case 'flag':
      return {
        candidates: flagCandidates(line.place.flags, line.place.long),
        directive: directive.noFiles,
      };
    case 'word':
      return wordCandidates(line.place.completes, line, sources);
  }
}

function commandCandidates(commands: readonly Command[]): Candidate[] {
  return [
    ...commands.flatMap(({ name, aliases = [], summary }) =>
      [name, ...aliases].map((word) => ({ word, about: summary })),
    ),
    { word: 'help', about: 'how a command is used' },
  ];
}

function flagCandidates(flags: Flags, long: boolean): Candidate[] {
  return Object.entries(flags).flatMap(([name, { short, describe: about }]) => [
    ...(short === undefined || long ? [] : [{ word: `-${short}`, about }]),
    { word: `--${name}`, about },
  ]);
}

async function wordCandidates(completes: Completes, line: Line, sources: Sources): Promise<Answer> {
  const { noFiles } = directive;
  if (typeof completes === 'object') {
    const known = typeof completes.words === 'function' ? await completes.words() : completes.words;
    const candidates = known.map((word) => (typeof word === 'string' ? { word } : word));
    return { candidates, directive: completes.else === 'files' ? directive.files : noFiles };
  }
  const namespace = line.words.given.get('namespace')?.at(-1);
  switch (completes) {
    case 'none':
      return nothing;
    case 'files':
      return { candidates: [], directive: directive.files };
    case 'folders':
      return { candidates: [], directive: directive.folders };
    case 'contexts':
    case 'clusters':
    case 'users':
      return { candidates: await sources.ofKubeconfig(completes), directive: noFiles };
    case 'namespaces':
      return { candidates: await namespaceCandidates(sources), directive: noFiles };
    case 'services':
      return { candidates: await sources.names(kindInfo('service'), namespace), directive: noFiles };
    case 'containers': {
      const object = firstObject(line.words);
      return {
        candidates: object === undefined ? [] : await sources.containers(object),
        directive: noFiles,
      };
    }
    case 'interfaces': {
      // Several, with commas: the last one is completed.
      const before = line.prefix.slice(0, line.prefix.lastIndexOf(',') + 1);
      const candidates = interfaces.map(({ word, about }) => ({ word: `${before}${word}`, about }));
      return { candidates, directive: noFiles };
    }
    case 'targets':
    case 'destinations':
    case 'endpoints':
      return {
        candidates: await referenceCandidates(completes, line.prefix, namespace, sources),
        directive: noFiles,
      };
  }
}

/** Many people may not list namespaces; those of their contexts are what they work in. */
async function namespaceCandidates(sources: Sources): Promise<readonly Candidate[]> {
  const listed = await sources.names(namespaces, undefined);
  return listed.length > 0 ? listed : sources.ofKubeconfig('namespaces');
}

const namespaces = { group: '', version: 'v1', plural: 'namespaces', namespaced: false } as const;
const interfaces: readonly Candidate[] = [
  { word: 'any', about: 'all of them as one' },
  { word: 'eth0', about: 'the interface of most pods' },
  { word: 'lo', about: 'loopback: containers of the pod, and sidecars' },
];
