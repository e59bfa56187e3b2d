import { ExitCode } from '../src/errors.js';
import type { Need } from '../src/debugger/types.js';
import { jsonDocument } from './print/json.js';
import { writeOut } from './print/out.js';
import { showDebugProgress } from './print/progress.js';
import type { PodAddress, SessionContext } from './session.js';

/**
 * `--dry-run`: prints the request that would inject the debug container, or names the one that would be used, and the argv that
 * would be run in it. The API server is asked to read, and to try the patch with `dryRun=All`; nothing is changed.
 */
export async function printDryRun(
  context: SessionContext,
  at: PodAddress,
  need: Need,
  run: readonly string[],
): Promise<number> {
  if (at.node !== undefined) return printNodeDryRun(context, at.namespace, at.node, need, run);
  const { api, environment, status, output, debug } = context;
  const [{ previewDebugContainer }, { readDebugOptions }] = await Promise.all([
    import('../src/debugger/ensure.js'),
    import('./options/profilefile.js'),
  ]);
  const preview = await previewDebugContainer(api, {
    ...at,
    need,
    options: await readDebugOptions(debug, environment.cwd),
    onProgress: (progress) => showDebugProgress(status, progress, output.verbose),
    clock: environment.clock,
    random: environment.random,
    signal: environment.signal,
  });
  status.clear();
  const what =
    preview.kind === 'reuse'
      ? { reuse: preview.container }
      : {
          request: {
            method: preview.injection.method,
            path: preview.injection.path,
            contentType: preview.injection.contentType,
          },
          patch: preview.injection.body,
        };
  return print(context, { namespace: at.namespace, pod: at.pod, ...what, run });
}

/** The same for a node: the pod that would be created. */
async function printNodeDryRun(
  context: SessionContext,
  namespace: string,
  node: string,
  need: Need,
  run: readonly string[],
): Promise<number> {
  const [{ previewNodePod }, { nodePodRequest }] = await Promise.all([
    import('../src/debugger/node-open.js'),
    import('./node.js'),
  ]);
  const request = await nodePodRequest(context, namespace, node, need);
  const { path, manifest } = await previewNodePod(context.api, request);
  return print(context, { namespace, node, request: { method: 'POST', path }, manifest, run });
}

async function print({ environment, status, output }: SessionContext, value: object): Promise<number> {
  const text =
    output.format === 'json'
      ? jsonDocument('DryRun', value)
      : (await import('./print/yaml.js')).yamlDocument('DryRun', value);
  await writeOut(environment.stdout, text);
  status.note('nothing was changed');
  return ExitCode.ok;
}
