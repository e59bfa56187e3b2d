import { useNames, type UseName } from '../../src/doctor/use-names.js';
import type { Command } from '../command.js';
import type { DoctorRequest } from '../doctor.js';
import { debugFlags, parseDebug } from '../options/debug.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import { parsePodAndArguments, selectorFlags } from '../options/pod.js';
import type { Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { argumentsOf, type Words, wordsOf } from '../options/words.js';

const formats: readonly OutputFormat[] = ['table', 'json', 'yaml'];

const { image, profile, target } = debugFlags;

const flags: Flags = {
  ...selectorFlags,
  for: {
    kind: 'list',
    placeholder: 'USE',
    completes: { words: useNames },
    describe: `what is to work: ${useNames.join(', ')} (default debug, for node/NAME nodes); other rights are only told. May be given more than once`,
    group: 'Flags',
  },
};

/** `kubectl netdebug doctor [TARGET]`. */
export const doctorCommand: Command = {
  name: 'doctor',
  usage: '[TARGET] [FLAGS]',
  summary: 'may I, can I: rights, Pod Security, image, node, before anything is touched',
  about:
    'Asks everything that could be in the way before anything is touched: is the cluster reached, which rights are there, do websockets get through, what does Pod Security admit in the pod of TARGET, can its node start a debug container, is the image there, is Wireshark here. What is missing comes with what to do, rights as YAML to apply or to send. Only reads, access reviews and dry runs are sent.',
  examples: [
    { about: 'The cluster and my rights', words: 'doctor' },
    { about: 'Will a capture of this pod work?', words: 'doctor shop/deploy/web' },
    { about: 'And on a node?', words: 'doctor node/worker-1 -n kube-system' },
    { about: 'Rights for logs and policy', words: 'doctor --for logs --for policy' },
  ],
  flags: {
    ...flags,
    image,
    'no-pull': debugFlags['no-pull'],
    'image-pull-policy': debugFlags['image-pull-policy'],
    profile,
    target,
    ...outputFlags(formats),
    ...kubeFlags,
  },
  prepare: (words, settings) => {
    const request = parseDoctor(words, settings);
    return async (environment) => (await import('../doctor.js')).runDoctor(request, environment);
  },
};

/** Words → request. Throws a usage error. */
function parseDoctor(words: Words, settings: Settings): DoctorRequest {
  const named = words.positionals.length > 0 || wordsOf(words, 'selector').length > 0;
  if (!named) {
    if (wordsOf(words, 'all-namespaces').includes('true'))
      throw usageError('-A goes with -l: a name is looked for in one namespace', words.command);
    argumentsOf(words, []);
  }
  const meant = named ? parsePodAndArguments(words, []).target : undefined;
  const onNode = meant?.kind === 'reference' && meant.reference.kind === 'node';
  const wanted = wordsOf(words, 'for').map((word) => parseUse(word, words.command));
  return {
    kube: parseKube(words),
    debug: parseDebug(words, settings),
    output: parseOutput(words, settings, formats),
    target: meant,
    wanted: wanted.length > 0 ? wanted : [onNode ? 'nodes' : 'debug'],
    wireshark: settings.wireshark,
  };
}

function parseUse(word: string, command: string): UseName {
  const use = useNames.find((name) => name === word);
  if (use !== undefined) return use;
  throw usageError(`--for: ${JSON.stringify(word)} is not a use`, command, `expected ${useNames.join(', ')}`);
}
