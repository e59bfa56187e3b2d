import { setMaxListeners } from 'node:events';
import { createScene } from '../src/diagnose/flows/scene.js';
import { type Scene } from '../src/diagnose/flows/party.js';
import { itemsOf } from '../src/diagnose/reading.js';
import { readFiles } from '../src/diagnose/snapshot/files.js';
import { ExitCode, NetdebugError } from '../src/errors.js';
import { batchArgv } from '../src/tools/batch-script.js';
import { createMatrixOf } from '../src/matrix/combine.js';
import { probeMatrix, type Probed } from '../src/matrix/live.js';
import { planMatrix, type AskedPort } from '../src/matrix/plan.js';
import { countMatrix, exitCodeOfMatrix } from '../src/matrix/reading.js';
import { judgeMatrix } from '../src/matrix/static.js';
import { isItself, sourceName } from '../src/matrix/types.js';
import type { Matrix, MatrixMode, MatrixPlan } from '../src/matrix/types.js';
import { withCluster } from './cluster.js';
import type { SessionContext } from './context.js';
import type { Environment } from './environment.js';
import {
  knownServices,
  readScene,
  selectFromCluster,
  selectFromScene,
  type MatrixSelection,
  type MatrixTargets,
} from './matrixtargets.js';
import type { DebugRequest } from './options/debug.js';
import type { OutputOptions } from './options/output.js';
import { noteEnforcement } from './policy.js';
import { coloursFor } from './print/colour.js';
import { printDocument } from './print/document.js';
import { writeOut } from './print/out.js';
import { pairsCountText, pairsText } from './print/pairs.js';
import { createStatusLine, type StatusLine } from './print/statusline.js';
import { openSession } from './session.js';

/** What `matrix` was asked for. */
export interface MatrixCommandRequest extends MatrixTargets {
  readonly debug: DebugRequest;
  readonly output: OutputOptions;
  /** Files and folders to read instead of the cluster; none: the cluster. */
  readonly files: readonly string[];
  readonly mode: MatrixMode;
  readonly ports: readonly AskedPort[];
  readonly timeoutMs: number;
  readonly sourcesAtOnce: number;
  readonly connectionsAtOnce: number;
  readonly mostPods: number;
  /** The command as it was given, for reports. */
  readonly title: string;
}

/** Most pairs that are held in memory, and drawn. */
const mostPairs = 250_000;

/** Carries out `matrix`: 0 all open, 1 some are not, 3 not known, 8 a source failed. Rejects with a NetdebugError. */
export async function runMatrix(request: MatrixCommandRequest, environment: Environment): Promise<number> {
  const { kube, debug, output, files } = request;
  const status = createStatusLine(environment, output.quiet);
  if (files.length > 0) {
    const namespace = kube.namespace ?? 'default';
    const scene = createScene(await readFiles(files, namespace), namespace);
    const selection = selectFromScene(scene, request);
    const plan = planOf(request, selection, itemsOf(scene.snapshot.read('services')), status);
    return print(
      request,
      environment,
      status,
      createMatrixOf(plan, undefined, judgeMatrix(scene, plan, selection)),
      scene,
    );
  }
  return withCluster(kube, environment, status, async (api) => {
    const context: SessionContext = { api, environment, status, output, debug, atEnd: [] };
    try {
      const selection = await selectFromCluster(context, request);
      const known = request.ports.length > 0 ? [] : await knownServices(context, selection);
      const plan = planOf(request, selection, known, status);
      if (debug.dryRun) return await dryRun(context, request, plan);
      // Policies are read first: who may not read them is told before anything is touched.
      const scene = request.mode === 'live' ? undefined : await readScene(context, request, selection);
      const judged = scene === undefined ? undefined : judgeMatrix(scene, plan, selection);
      const probed = request.mode === 'static' ? undefined : await probe(context, request, plan);
      return await print(request, environment, status, createMatrixOf(plan, probed, judged), scene);
    } finally {
      status.clear();
    }
  });
}

/** Rows and columns. Throws when there is no pair, or more than can be held. */
function planOf(
  { ports, mostPods }: MatrixCommandRequest,
  { pods, services }: MatrixSelection,
  known: MatrixSelection['services'],
  status: StatusLine,
): MatrixPlan {
  if (pods.length > mostPods)
    throw new NetdebugError(`These targets stand for ${pods.length} pods; at most ${mostPods} are meant.`, {
      exitCode: ExitCode.usage,
      hint: `Name fewer, or raise it: --max-pods ${Math.min(pods.length, 1_000)}`,
    });
  const plan = planMatrix({ pods, services, known, ports });
  if (plan.portless.length > 0) {
    const [first, ...others] = plan.portless.map(sourceName);
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    status.note(
      `note: no port is known of ${first ?? ''}${more}, to which nothing connects; --port names one`,
    );
  }
  const { sources, destinations } = plan;
  if (!sources.some((source) => destinations.some((to) => !isItself(source, to))))
    throw new NetdebugError('there is no pair to try: these targets have nothing to connect to.', {
      exitCode: ExitCode.usage,
      hint: 'Name at least two pods, or a Service; --port 8080 gives ports to pods that declare none.',
    });
  if (sources.length * destinations.length > mostPairs)
    throw new NetdebugError(
      `${sources.length} pods and ${destinations.length} ports make more than ${mostPairs} pairs.`,
      { exitCode: ExitCode.usage, hint: 'Name fewer targets, or fewer ports with --port.' },
    );
  return plan;
}

async function probe(
  context: SessionContext,
  request: MatrixCommandRequest,
  plan: MatrixPlan,
): Promise<Probed> {
  const { environment, status } = context;
  const { clock, signal } = environment;
  // Every exec listens for the end.
  setMaxListeners(request.sourcesAtOnce * 10 + 100, signal);
  const told = new Set<string>();
  const tellOnce = (source: string): StatusLine => ({
    note: (text) => {
      if (!told.has(text)) status.note(`${source}: ${text}`);
      told.add(text);
    },
    show: () => undefined,
    clear: () => undefined,
  });
  const itself = plan.sources.flatMap((source) => plan.destinations.filter((to) => isItself(source, to)));
  const pairs = plan.sources.length * plan.destinations.length - itself.length;
  const show = (done: number, of: number): void =>
    status.show('matrix', `connecting: ${done} of ${of} pods are done (${pairs} pairs)`);
  show(0, plan.sources.length);
  const probed = await probeMatrix(plan, {
    ...request,
    clock,
    signal,
    open: async (source) => {
      const session = await openSession({ ...context, status: tellOnce(sourceName(source)) }, source, 'none');
      return session.run;
    },
    onProgress: show,
  });
  status.clear();
  for (const { source, error } of probed.failed) {
    status.note(`warning: nothing was tried from ${sourceName(source)}: ${error.message}`);
    if (error.hint !== undefined) status.note(`  ${error.hint}`);
  }
  return probed;
}

async function print(
  { output, title }: MatrixCommandRequest,
  environment: Environment,
  status: StatusLine,
  matrix: Matrix,
  scene: Scene | undefined,
): Promise<number> {
  const { stdout, clock, columns } = environment;
  const { format } = output;
  if (format === 'html') {
    const { matrixPage } = await import('../src/report/matrix-page.js');
    const counts = pairsCountText(matrix, countMatrix(matrix));
    const createdAt = new Date(clock.now()).toISOString();
    await writeOut(stdout, matrixPage(matrix, { title, counts, createdAt }));
  } else if (format === 'junit') {
    const { matrixJunit } = await import('../src/report/matrix-junit.js');
    await writeOut(stdout, matrixJunit(matrix));
  } else {
    const { pairsDocument } = await import('./print/pairsdocument.js');
    const colours = coloursFor('stdout', output.color, environment);
    await printDocument(stdout, format, 'Matrix', pairsDocument(matrix), () =>
      pairsText(matrix, columns(), format === 'wide', colours),
    );
  }
  if (scene !== undefined) noteEnforcement(scene.model.objects.plugin, status);
  return exitCodeOfMatrix(matrix);
}

async function dryRun(
  context: SessionContext,
  request: MatrixCommandRequest,
  { sources, destinations }: MatrixPlan,
): Promise<number> {
  const { printDryRuns } = await import('./dryrun.js');
  const targets = sources.map((source) => {
    const probes = destinations.flatMap((to) => {
      const { host, port, protocol } = to;
      return isItself(source, to) || host === undefined || protocol === 'sctp'
        ? []
        : [{ host, port, protocol }];
    });
    return { key: sourceName(source), at: source, run: batchArgv(probes, request), more: {} };
  });
  return printDryRuns(context, targets, 'none', []);
}
