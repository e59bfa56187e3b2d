import type { PluginBehaviour } from '../../src/diagnose/policy/plugin.js';
import { Tri } from '../../src/diagnose/policy/tri.js';
import { ExitCode } from '../../src/errors.js';
import type { Snapshot } from '../../src/diagnose/snapshot/types.js';
import type { Want } from '../../src/diagnose/snapshot/cluster.js';
import type { Reference } from '../../src/target/reference.js';
import { withCluster } from '../cluster.js';
import type { Command } from '../command.js';
import type { Environment } from '../environment.js';
import { unlessStopped } from '../interrupt.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, type KubeRequest, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, type OutputOptions, parseOutput } from '../options/output.js';
import type { Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { argumentsOf, switchOf, type Words, wordsOf } from '../options/words.js';
import { coloursFor } from '../print/colour.js';
import { printDocument } from '../print/document.js';
import { writeOut } from '../print/out.js';
import { createStatusLine, type StatusLine } from '../print/statusline.js';

/** What `policy` was asked for. */
export interface PolicyCommandRequest {
  readonly kube: KubeRequest;
  readonly output: OutputOptions;
  /** Files and folders to read instead of the cluster; none: the cluster. */
  readonly files: readonly string[];
  readonly question:
    | { readonly kind: 'flow'; readonly from: string; readonly to: string }
    | { readonly kind: 'all-pairs'; readonly allNamespaces: boolean };
}

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
    return (environment) => runPolicy(request, environment);
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

async function runPolicy(request: PolicyCommandRequest, environment: Environment): Promise<number> {
  const { question, output } = request;
  const status = createStatusLine(environment, output.quiet);
  if (question.kind === 'all-pairs') return runMatrix(request, question.allNamespaces, environment);
  const [
    { parseReference },
    { wantsOfFlow, wantsOfHostNetwork },
    { createScene },
    { resolveFlows },
    { answerFlows },
  ] = await Promise.all([
    import('../../src/target/reference.js'),
    import('../../src/diagnose/flows/wants.js'),
    import('../../src/diagnose/flows/scene.js'),
    import('../../src/diagnose/flows/resolve.js'),
    import('../../src/diagnose/flows/answer.js'),
  ]);
  const [from, to] = [question.from, question.to].map((text) => parseReference(text, 'either')) as [
    Reference,
    Reference,
  ];
  const { snapshot, namespace } = await readSnapshot(
    request,
    environment,
    (own) => wantsOfFlow([from, to], own),
    wantsOfHostNetwork,
  );
  const scene = createScene(snapshot, namespace);
  const answer = answerFlows(scene.model, resolveFlows(scene, from, to));
  const { policyAnswerDocument, policyAnswerText } = await import('../print/policy.js');
  const { plugin } = scene.model.objects;
  await printDocument(
    environment.stdout,
    output.format,
    'PolicyVerdict',
    policyAnswerDocument(answer, plugin.name),
    () => policyAnswerText(answer, coloursFor('stdout', output.color, environment), output.format === 'wide'),
  );
  noteEnforcement(plugin, status);
  return { allow: ExitCode.ok, deny: ExitCode.found, unknown: ExitCode.undetermined }[answer.verdict];
}

async function runMatrix(
  request: PolicyCommandRequest,
  allNamespaces: boolean,
  environment: Environment,
): Promise<number> {
  const { kube, files, output } = request;
  const { stdout, signal } = environment;
  const status = createStatusLine(environment, output.quiet);
  const [{ wantsOfMatrix, wantsOfHostNetwork }, { createScene, runningPods }, { createMatrix }, print] =
    await Promise.all([
      import('../../src/diagnose/flows/wants.js'),
      import('../../src/diagnose/flows/scene.js'),
      import('../../src/diagnose/policy/matrix.js'),
      import('../print/matrix.js'),
    ]);
  // Files are all there is to see; of a cluster people see their namespace unless they ask for more, as with kubectl get.
  const only = (own: string): string | undefined =>
    allNamespaces || (files.length > 0 && kube.namespace === undefined) ? undefined : own;
  const { snapshot, namespace } = await readSnapshot(
    request,
    environment,
    (own) => wantsOfMatrix(only(own)),
    wantsOfHostNetwork,
  );
  const { model } = createScene(snapshot, namespace);
  const matrix = createMatrix(
    model,
    runningPods(snapshot, only(namespace)).map((pod) => model.ends.pod(pod)),
  );
  const count = print.createMatrixCount();
  let pending = '';
  for (const text of print.matrixText(matrix, output.format, count)) {
    pending += text;
    if (pending.length < 65_536) continue;
    await writeOut(stdout, pending);
    pending = '';
    if (signal.aborted) return ExitCode.interrupted;
  }
  await writeOut(stdout, pending);
  status.note(print.matrixCountText(count));
  const { plugin } = model.objects;
  noteEnforcement(plugin, status);
  return ExitCode.ok;
}

function noteEnforcement({ name = '', enforces }: PluginBehaviour, status: StatusLine): void {
  if (enforces !== Tri.no) return;
  status.note(`warning: ${name} does not enforce policies: what they deny passes all the same (ND215)`);
}

/** The objects of the files or of the cluster, and the namespace of references that carry none. */
async function readSnapshot(
  { kube, files }: PolicyCommandRequest,
  environment: Environment,
  wants: (namespace: string) => readonly Want[],
  more: (snapshot: Snapshot) => readonly Want[],
): Promise<{ readonly snapshot: Snapshot; readonly namespace: string }> {
  if (files.length > 0) {
    const { readFiles } = await import('../../src/diagnose/snapshot/files.js');
    const namespace = kube.namespace ?? 'default';
    return { snapshot: await readFiles(files, namespace), namespace };
  }
  return withCluster(kube, environment, async (api) => {
    const { readCluster } = await import('../../src/diagnose/snapshot/cluster.js');
    const snapshot = await unlessStopped(environment.signal, readCluster(api, wants(api.namespace), more));
    return { snapshot, namespace: api.namespace };
  });
}
