import type { Command } from '../command.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import type { Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { argumentsOf, switchOf, type Words, wordsOf } from '../options/words.js';
import type { PolicyCommandRequest } from '../policy.js';

const formats: readonly OutputFormat[] = ['table', 'wide', 'json', 'yaml', 'dot', 'mermaid'];
const flowFormats: readonly OutputFormat[] = ['table', 'wide', 'json', 'yaml'];

const flags: Flags = {
  'all-pairs': {
    kind: 'switch',
    describe: 'what is open between every two pods; -o dot and mermaid draw it',
    group: 'Flags',
  },
  'all-namespaces': {
    kind: 'switch',
    short: 'A',
    describe: 'with --all-pairs: the pods of all namespaces',
    group: 'Flags',
  },
  filename: {
    kind: 'list',
    short: 'f',
    placeholder: 'FILE',
    describe:
      'read objects from a file or folder (YAML, JSON, cluster-info dump) instead of the cluster; may be given more than once',
    group: 'Flags',
  },
};

/** `kubectl netdebug policy FROM TO`, `kubectl netdebug policy --all-pairs`. */
export const policyCommand: Command = {
  name: 'policy',
  usage: 'FROM TO | --all-pairs [FLAGS]',
  summary: 'what NetworkPolicies decide, and which rule',
  about:
    'Says whether the policies of a cluster, or of files, let FROM reach TO, which of them isolate each side, which rule lets the connection through and, if none does, which comes nearest and what would mend it. Evaluates NetworkPolicy, AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy. No packet is sent. What Kubernetes leaves to the network plugin, or what could not be read, is unknown.',
  examples: [
    { about: 'May web-0 reach the Service api?', words: 'policy web-0 svc/api:80' },
    { about: 'May anybody outside?', words: 'policy external shop/deploy/api:8080' },
    {
      about: 'The same of manifests, before they are applied',
      words: 'policy web-0 svc/api:80 -f manifests/',
    },
    { about: 'The whole picture', words: 'policy --all-pairs -A -o mermaid' },
  ],
  flags: { ...flags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parsePolicy(words, settings);
    return async (environment) => (await import('../policy.js')).runPolicy(request, environment);
  },
};

/** Words → request. Throws a usage error. */
export function parsePolicy(words: Words, settings: Settings): PolicyCommandRequest {
  const allPairs = switchOf(words, 'all-pairs');
  const common = {
    kube: parseKube(words),
    output: parseOutput(words, settings, allPairs ? formats : flowFormats),
    files: wordsOf(words, 'filename'),
  };
  const allNamespaces = switchOf(words, 'all-namespaces');
  if (allPairs) {
    argumentsOf(words, []);
    return { ...common, question: { kind: 'all-pairs', allNamespaces } };
  }
  if (allNamespaces) throw usageError('--all-namespaces goes with --all-pairs', words.command);
  const [from = '', to = ''] = argumentsOf(words, ['FROM', 'TO']);
  return { ...common, question: { kind: 'flow', from, to } };
}
