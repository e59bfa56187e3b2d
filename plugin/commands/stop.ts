import type { ListedContainer } from '../../src/debugger/list.js';
import type { Stopped } from '../../src/debugger/stop.js';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import type { KubeApi } from '../../src/kube/api.js';
import type { ObjectReference } from '../../src/target/reference.js';
import { withCluster } from '../cluster.js';
import type { Command } from '../command.js';
import type { Environment } from '../environment.js';
import { unlessStopped } from '../interrupt.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, type KubeRequest, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, type OutputOptions, parseOutput } from '../options/output.js';
import { parseObject, parseSelector } from '../options/pod.js';
import type { Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { argumentsOf, switchOf, type Words, wordOf } from '../options/words.js';
import { printDocument } from '../print/document.js';
import { createStatusLine, type StatusLine } from '../print/statusline.js';

/** What `stop` was asked for. */
export interface StopCommandRequest {
  readonly kube: KubeRequest;
  readonly output: OutputOptions;
  /** Undefined: every pod of the namespace, or of all. */
  readonly target: ObjectReference | undefined;
  readonly allNamespaces: boolean;
  readonly labelSelector: string | undefined;
  /** Only say what would be stopped. */
  readonly dryRun: boolean;
}

const formats: readonly OutputFormat[] = ['table', 'json', 'yaml', 'name'];

const flags: Flags = {
  'all-namespaces': { kind: 'switch', short: 'A', describe: 'in all namespaces', group: 'Flags' },
  selector: {
    kind: 'text',
    short: 'l',
    placeholder: 'LABELS',
    describe: 'only in pods with these labels',
    group: 'Flags',
  },
  'dry-run': { kind: 'switch', describe: 'only say what would be stopped', group: 'Flags' },
};

/** `kubectl netdebug stop [TARGET]`. */
export const stopCommand: Command = {
  name: 'stop',
  usage: '[TARGET] [FLAGS]',
  summary: 'end debug containers',
  about:
    'Ends the debug containers of the pods that TARGET stands for, with everything that runs in them; without TARGET those of the whole namespace. They stay in the status of their pods as ended: the API cannot remove them. Debug pods of nodes are removed.',
  examples: [
    { about: 'In one pod', words: 'stop web-0' },
    { about: 'Debug pods on one node', words: 'stop node/worker-1' },
    { about: 'Everywhere', words: 'stop -A' },
  ],
  flags: { ...flags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parseStop(words, settings);
    return (environment) => runStop(request, environment);
  },
};

/** Words → request. Throws a usage error. */
export function parseStop(words: Words, settings: Settings): StopCommandRequest {
  const [target] = words.positionals.length === 0 ? argumentsOf(words, []) : argumentsOf(words, ['TARGET']);
  const selector = wordOf(words, 'selector');
  const allNamespaces = switchOf(words, 'all-namespaces');
  if (target !== undefined && (selector !== undefined || allNamespaces)) {
    throw usageError('give either TARGET, or -l and -A', words.command);
  }
  return {
    kube: parseKube(words),
    output: parseOutput(words, settings, formats),
    target: target === undefined ? undefined : parseObject(target),
    allNamespaces,
    labelSelector: selector === undefined ? undefined : parseSelector(selector),
    dryRun: switchOf(words, 'dry-run'),
  };
}

function runStop(request: StopCommandRequest, environment: Environment): Promise<number> {
  const { kube, output, dryRun } = request;
  const { clock, signal } = environment;
  const status = createStatusLine(environment, output.quiet);
  return withCluster(kube, environment, status, async (api) => {
    const containers = await unlessStopped(signal, containersOf(api, request, environment));
    if (containers.length === 0) status.note('no debug containers found');
    const { neverStarts, stopDebugContainers } = await import('../../src/debugger/stop.js');
    if (dryRun) {
      const done = containers.map((container): Stopped => ({
        kind: neverStarts(container) ? 'never-started' : 'stopped',
        container,
      }));
      return report(done, 'would be stopped', request, environment, status);
    }
    const { length } = containers;
    if (length > 0) status.show('stopping', `stopping ${length} debug container${length === 1 ? '' : 's'}`);
    const done = await unlessStopped(signal, stopDebugContainers(api, containers, clock));
    status.clear();
    return report(done, 'stopped', request, environment, status);
  });
}

/** The debug containers that have not ended, of the pods that are meant. */
async function containersOf(
  api: KubeApi,
  { target, allNamespaces, labelSelector }: StopCommandRequest,
  { clock, signal }: Environment,
): Promise<readonly ListedContainer[]> {
  const { debugContainersOf, listDebugContainers } = await import('../../src/debugger/list.js');
  if (target === undefined) {
    const namespace = allNamespaces ? undefined : api.namespace;
    return listDebugContainers(api, { namespace, labelSelector, clock, signal });
  }
  if (target.kind === 'node') {
    const all = await listDebugContainers(api, { namespace: api.namespace, clock, signal });
    return all.filter(({ nodePod, node }) => nodePod === true && node === target.name);
  }
  const { resolvePods } = await import('../../src/target/resolve.js');
  const { pods } = await resolvePods(api, { reference: target, namespace: api.namespace });
  return pods
    .flatMap((pod) => debugContainersOf(pod, clock.now()))
    .filter(({ state, nodePod }) => state !== 'terminated' || nodePod === true);
}

async function report(
  done: readonly Stopped[],
  verb: string,
  { output }: StopCommandRequest,
  { stdout }: Environment,
  status: StatusLine,
): Promise<number> {
  const { podNamesText, podReference } = await import('../print/debugcontainers.js');
  const failures = done.flatMap((one) => (one.kind === 'failed' ? [one] : []));
  const stopped = done.flatMap((one) => (one.kind === 'stopped' ? [one.container] : []));
  const items = done.map((one) => ({
    namespace: one.container.namespace,
    pod: one.container.pod,
    container: one.container.container,
    stopped: one.kind === 'stopped' && verb === 'stopped',
    ...(one.kind === 'never-started'
      ? { why: `it has never started: ${one.container.waitingReason ?? ''}` }
      : {}),
    ...(one.kind === 'failed' ? { why: one.error.message } : {}),
  }));
  await printDocument(stdout, output.format, 'StoppedList', { items }, () =>
    output.format === 'name'
      ? podNamesText(stopped)
      : stopped.map((container) => `${podReference(container)}: ${container.container} ${verb}\n`).join(''),
  );
  for (const one of done) {
    if (one.kind !== 'never-started') continue;
    const { container, waitingReason } = one.container;
    status.note(
      `${podReference(one.container)}: ${container} has never started (${waitingReason ?? ''}); its entry goes with the pod`,
    );
  }
  const [first, ...others] = failures;
  if (first === undefined) return ExitCode.ok;
  // What was refused for one is mostly refused for all: said once.
  const more = new Set(others.map(({ error }) => error.message));
  more.delete(first.error.message);
  const { message, exitCode, details, hint } = first.error;
  throw new NetdebugError(message, { exitCode, details: [...details, ...more], hint, cause: first.error });
}
