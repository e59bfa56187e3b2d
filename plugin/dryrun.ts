import { ExitCode, NetdebugError } from '../src/errors.js';
import type { Need } from '../src/debugger/types.js';
import { jsonDocument } from './print/json.js';
import { writeOut } from './print/out.js';
import { showDebugProgress } from './print/progress.js';
import type { PodAddress, SessionContext } from './context.js';

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
  return print(context, { ...(await previewOf(context, at, need)), run });
}

/** One program that would be run in one place. */
export interface DryRunTarget {
  /** The same for all that share a debug container. */
  readonly key: string;
  readonly at: PodAddress;
  readonly run: readonly string[];
  /** What else is to be told of it. */
  readonly more: object;
}

/** {@link printDryRun} for any number of targets: one document. A target that cannot be is named in it, exit code 8. */
export async function printDryRuns(
  context: SessionContext,
  targets: readonly DryRunTarget[],
  need: Need,
  failed: readonly { readonly name: string; readonly error: NetdebugError }[],
): Promise<number> {
  const previews = new Map<string, Promise<object>>();
  const tell = async ({ key, at, run, more }: DryRunTarget): Promise<object> => {
    const preview = previews.get(key) ?? previewOf(context, at, need);
    previews.set(key, preview);
    return { ...(await preview), ...more, run };
  };
  const [only, ...others] = targets;
  if (only !== undefined && others.length + failed.length === 0) return print(context, await tell(only));
  let exitCode: ExitCode = failed.length === 0 ? ExitCode.ok : ExitCode.incomplete;
  const told = await Promise.all(
    targets.map((target) =>
      tell(target).catch((error: unknown) => {
        if (!(error instanceof NetdebugError) || error.exitCode === ExitCode.interrupted) throw error;
        exitCode = ExitCode.incomplete;
        const { namespace, pod } = target.at;
        return { namespace, pod, ...target.more, error: error.message };
      }),
    ),
  );
  const absent = failed.map(({ name, error }) => ({ target: name, error: error.message }));
  await print(context, { targets: [...told, ...absent] });
  return exitCode;
}

async function previewOf(context: SessionContext, at: PodAddress, need: Need): Promise<object> {
  if (at.node !== undefined) return previewOfNode(context, at.namespace, at.node, need);
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
  return { namespace: at.namespace, pod: at.pod, ...what };
}

/** The same for a node: the pod that would be created. */
async function previewOfNode(
  context: SessionContext,
  namespace: string,
  node: string,
  need: Need,
): Promise<object> {
  const [{ previewNodePod }, { nodePodRequest }] = await Promise.all([
    import('../src/debugger/node-open.js'),
    import('./node.js'),
  ]);
  const request = await nodePodRequest(context, namespace, node, need);
  const { path, manifest } = await previewNodePod(context.api, request);
  return { namespace, node, request: { method: 'POST', path }, manifest };
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
