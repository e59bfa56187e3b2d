import { answerFlows } from '../src/diagnose/flows/answer.js';
import { resolveFlows } from '../src/diagnose/flows/resolve.js';
import { createScene, runningPods } from '../src/diagnose/flows/scene.js';
import { wantsOfFlow, wantsOfHostNetwork, wantsOfMatrix } from '../src/diagnose/flows/wants.js';
import { createMatrix } from '../src/diagnose/policy/matrix.js';
import type { PluginBehaviour } from '../src/diagnose/policy/plugin.js';
import { Tri } from '../src/diagnose/policy/tri.js';
import { readCluster, type Want } from '../src/diagnose/snapshot/cluster.js';
import { readFiles } from '../src/diagnose/snapshot/files.js';
import type { Snapshot } from '../src/diagnose/snapshot/types.js';
import { ExitCode } from '../src/errors.js';
import { parseReference } from '../src/target/reference.js';
import { withCluster } from './cluster.js';
import type { Environment } from './environment.js';
import { unlessStopped } from './interrupt.js';
import type { KubeRequest } from './options/kube.js';
import type { OutputOptions } from './options/output.js';
import { coloursFor } from './print/colour.js';
import { printDocument } from './print/document.js';
import { createMatrixCount, matrixCountText, matrixText } from './print/matrix.js';
import { writeOut } from './print/out.js';
import { policyAnswerDocument, policyAnswerText } from './print/policy.js';
import { createStatusLine, type StatusLine } from './print/statusline.js';

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

/** Carries out `policy`: 0 allowed, 1 denied, 3 left open; all pairs: 0. Rejects with a NetdebugError. */
export function runPolicy(request: PolicyCommandRequest, environment: Environment): Promise<number> {
  const { question } = request;
  return question.kind === 'flow'
    ? judgeFlow(request, question, environment)
    : judgeAllPairs(request, question.allNamespaces, environment);
}

async function judgeFlow(
  request: PolicyCommandRequest,
  question: { readonly from: string; readonly to: string },
  environment: Environment,
): Promise<number> {
  const { output } = request;
  const [from, to] = [parseReference(question.from, 'either'), parseReference(question.to, 'either')];
  const { snapshot, namespace } = await readSnapshot(request, environment, (own) =>
    wantsOfFlow([from, to], own),
  );
  const scene = createScene(snapshot, namespace);
  const answer = answerFlows(scene.model, resolveFlows(scene, from, to));
  const { plugin } = scene.model.objects;
  await printDocument(
    environment.stdout,
    output.format,
    'PolicyVerdict',
    policyAnswerDocument(answer, plugin.name),
    () => policyAnswerText(answer, coloursFor('stdout', output.color, environment), output.format === 'wide'),
  );
  noteEnforcement(plugin, createStatusLine(environment, output.quiet));
  return { allow: ExitCode.ok, deny: ExitCode.found, unknown: ExitCode.undetermined }[answer.verdict];
}

async function judgeAllPairs(
  request: PolicyCommandRequest,
  allNamespaces: boolean,
  environment: Environment,
): Promise<number> {
  const { kube, files, output } = request;
  const { stdout, signal } = environment;
  // Files are all there is to see; of a cluster people see their namespace unless they ask for more, as with kubectl get.
  const everything = allNamespaces || (files.length > 0 && kube.namespace === undefined);
  const only = (own: string): string | undefined => (everything ? undefined : own);
  const { snapshot, namespace } = await readSnapshot(request, environment, (own) => wantsOfMatrix(only(own)));
  const { model } = createScene(snapshot, namespace);
  const matrix = createMatrix(
    model,
    runningPods(snapshot, only(namespace)).map((pod) => model.ends.pod(pod)),
  );
  const count = createMatrixCount();
  let pending = '';
  for (const text of matrixText(matrix, output.format, count)) {
    pending += text;
    if (pending.length < 65_536) continue;
    await writeOut(stdout, pending);
    pending = '';
    if (signal.aborted) return ExitCode.interrupted;
  }
  await writeOut(stdout, pending);
  const status = createStatusLine(environment, output.quiet);
  status.note(matrixCountText(count));
  const unread = unreadPolicies(snapshot);
  if (unread.length > 0) status.note(`note: ports are left open for want of this: ${unread.join('; ')}`);
  noteEnforcement(model.objects.plugin, status);
  return ExitCode.ok;
}

/** Why objects that decide could not be read, each reason once. */
function unreadPolicies({ parts }: Snapshot): readonly string[] {
  const whys = parts.flatMap(({ kind, reading }) =>
    reading.state === 'unknown' && (kind === 'namespaces' || kind.endsWith('networkpolicies'))
      ? [reading.why]
      : [],
  );
  return [...new Set(whys)];
}

/** Says on stderr when the network plugin is known not to enforce policies. */
export function noteEnforcement({ name = '', enforces }: PluginBehaviour, status: StatusLine): void {
  if (enforces !== Tri.no) return;
  status.note(`warning: ${name} does not enforce policies: what they deny passes all the same (ND215)`);
}

/** The objects of the files or of the cluster, and the namespace of references that carry none. */
async function readSnapshot(
  { kube, files, output }: PolicyCommandRequest,
  environment: Environment,
  wants: (namespace: string) => readonly Want[],
): Promise<{ readonly snapshot: Snapshot; readonly namespace: string }> {
  if (files.length > 0) {
    const namespace = kube.namespace ?? 'default';
    return { snapshot: await readFiles(files, namespace), namespace };
  }
  const status = createStatusLine(environment, output.quiet);
  return withCluster(kube, environment, status, async (api) => {
    const reading = readCluster(api, wants(api.namespace), wantsOfHostNetwork);
    return { snapshot: await unlessStopped(environment.signal, reading), namespace: api.namespace };
  });
}
