import type { View } from '../../src/capture/view.js';
import { parseReference, type Reference } from '../../src/target/reference.js';
import type { Flags } from './flags.js';
import { usageError } from './usage.js';
import { switchOf, type Words, wordOf, wordsOf } from './words.js';

/** What is added to the person's filter, and where it is applied. */
export interface FilterOptions {
  /** Only packets to or from one of these. */
  readonly peers: readonly Reference[];
  /** Without the kubelet's probes. */
  readonly noProbes: boolean;
  readonly view: View | undefined;
}

const views = ['app', 'wire', 'both'] as const satisfies readonly View[];

/** `--peer`, `--no-probes`, `--view`. */
export const filterFlags: Flags = {
  peer: {
    kind: 'list',
    placeholder: 'REFERENCE',
    describe: 'only packets to or from a pod, workload, Service, node or host; repeatable',
    group: 'Flags',
  },
  'no-probes': { kind: 'switch', describe: "leave out the kubelet's probes", group: 'Flags' },
  view: {
    kind: 'text',
    choices: views,
    placeholder: 'VIEW',
    describe: 'in a mesh: app (plain text, on lo), wire (eth0) or both',
    group: 'Flags',
  },
};

/** Most references by `--peer`. */
const mostPeers = 20;

/** Reads them. Throws a usage error. */
export function parseFilterOptions(words: Words): FilterOptions {
  const given = wordsOf(words, 'peer');
  if (given.length > mostPeers)
    throw usageError(`--peer is given more than ${mostPeers} times`, words.command);
  const view = views.find((one) => one === wordOf(words, 'view'));
  const device = wordOf(words, 'interface');
  if (view !== undefined && device !== undefined)
    throw usageError('--view says which interfaces are captured: leave out --interface', words.command);
  return {
    peers: given.map((text) => parseReference(text, 'either')),
    noProbes: switchOf(words, 'no-probes'),
    view,
  };
}
