import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { examine, type Examination, type ExamineTarget } from '../src/doctor/examine.js';
import { exitCodeOf, checkOfError } from '../src/doctor/outcome.js';
import type { Check } from '../src/doctor/types.js';
import type { UseName } from '../src/doctor/use-names.js';
import { NetdebugError } from '../src/errors.js';
import type { KubeApi } from '../src/kube/api.js';
import { readKubeconfig } from '../src/kube/kubeconfig.js';
import { withCluster } from './cluster.js';
import type { Environment } from './environment.js';
import { extcapFolder, launcherIn } from './extcap/install.js';
import { unlessStopped } from './interrupt.js';
import type { DebugRequest } from './options/debug.js';
import type { KubeRequest } from './options/kube.js';
import type { OutputOptions } from './options/output.js';
import type { PodTarget } from './options/pod.js';
import { readDebugOptions } from './options/profilefile.js';
import type { Setting } from './options/setting.js';
import { coloursFor } from './print/colour.js';
import { doctorDocument, doctorText, tallyText } from './print/doctor.js';
import { printDocument } from './print/document.js';
import { createStatusLine } from './print/statusline.js';
import { programVersion } from './version.js';
import { findWireshark, hasDesktop } from './sinks/wireshark-find.js';
import { readsAny, wiresharkVersion } from './sinks/wireshark.js';

/** What `doctor` was asked for. */
export interface DoctorRequest {
  readonly kube: KubeRequest;
  readonly debug: DebugRequest;
  readonly output: OutputOptions;
  readonly target: PodTarget | undefined;
  readonly wanted: readonly UseName[];
  readonly wireshark: Setting | undefined;
}

/** Asks what could be in the way, prints it, and resolves with the exit code of what was found. */
export async function runDoctor(request: DoctorRequest, environment: Environment): Promise<number> {
  const { output } = request;
  const { signal, stdout } = environment;
  const status = createStatusLine(environment, output.quiet);
  status.show('doctor', 'asking the cluster; nothing is changed');
  const here = checkHere(request, environment);
  here.catch(() => undefined);
  const cluster = await examineCluster(request, environment);
  const { rights, namespace, target } = cluster;
  const checks = [...cluster.checks, ...(await unlessStopped(signal, here))];
  status.clear();
  const exitCode = exitCodeOf(checks);
  const report = { context: cluster.context, server: cluster.server, namespace, target, checks, rights };
  await printDocument(stdout, output.format, 'DoctorReport', doctorDocument(report), () =>
    doctorText(report, request.wanted, coloursFor('stdout', output.color, environment)),
  );
  status.note(tallyText(checks));
  return exitCode;
}

interface ClusterExamination extends Examination {
  readonly context: string | undefined;
  readonly server: string | undefined;
}

/** Everything about the cluster; a kubeconfig that does not lead to one is a line as well. */
async function examineCluster(request: DoctorRequest, environment: Environment): Promise<ClusterExamination> {
  const { kube, output, debug, wanted } = request;
  const { clock, random, signal } = environment;
  const options = await readDebugOptions(debug, environment.cwd);
  let connected: { readonly context: string; readonly server: string } | undefined;
  try {
    // What is waited for is said by `doctor` itself, in one line.
    const silent = createStatusLine(environment, true);
    return await withCluster(kube, environment, silent, async (api) => {
      const { context, server } = api;
      connected = { context, server };
      const target = targetOf(request.target, api);
      const config = await checkConfig(kube, environment, api);
      const found = await unlessStopped(
        signal,
        examine(withSignal(api, signal), { target, wanted, options, clock, random }),
      );
      return { ...found, checks: [config, ...found.checks], context, server };
    });
  } catch (error) {
    if (!(error instanceof NetdebugError) || connected !== undefined || signal.aborted) throw error;
    if (output.verbose && error.cause instanceof Error) environment.stderr.write(`${error.cause.message}\n`);
    const failed: Check = { ...checkOfError(error, 'kubeconfig', 'cluster'), stops: error.exitCode };
    const namespace = kube.namespace ?? 'default';
    return {
      checks: [failed],
      rights: [],
      namespace,
      target: undefined,
      context: undefined,
      server: undefined,
    };
  }
}

/** The same client, of which everything under way ends with the signal: a question that nobody waits for any more is not asked on. */
function withSignal(api: KubeApi, stop: AbortSignal): KubeApi {
  const signal = AbortSignal.any([stop]);
  // Some dozen questions are asked at once.
  setMaxListeners(0, signal);
  return {
    ...api,
    get: (path, options) => api.get(path, { ...options, signal }),
    list: (path, options) => api.list(path, { ...options, signal }),
    send: (method, path, options) => api.send(method, path, { ...options, signal }),
    exec: (request) => api.exec({ ...request, signal }),
  };
}

function targetOf(target: PodTarget | undefined, { namespace }: KubeApi): ExamineTarget | undefined {
  if (target === undefined) return undefined;
  if (target.kind === 'labels')
    return {
      kind: 'pods',
      query: { labelSelector: target.selector, namespace: target.allNamespaces ? undefined : namespace },
    };
  const { reference } = target;
  return reference.kind === 'node'
    ? { kind: 'node', name: reference.name }
    : { kind: 'pods', query: { reference, namespace } };
}

async function checkConfig(
  kube: KubeRequest,
  { env, homeDir }: Environment,
  { context }: KubeApi,
): Promise<Check> {
  const config = await readKubeconfig({ explicit: kube.kubeconfig, env, homeDir });
  const files = config?.files.join(', ');
  return {
    id: 'kubeconfig',
    area: 'cluster',
    state: 'ok',
    message:
      context === 'in-cluster'
        ? 'the service account of the pod that this runs in'
        : `kubeconfig ${files ?? 'none'}, context ${context || 'none'}`,
  };
}

/** What is on this machine: this program, Wireshark, and the launcher that puts pods into its list. */
async function checkHere(request: DoctorRequest, environment: Environment): Promise<readonly Check[]> {
  const { platform, arch } = environment;
  const runtime = 'Bun' in globalThis ? 'executable' : 'on Node';
  return [
    {
      id: 'program',
      area: 'here',
      state: 'ok',
      message: `kubectl-netdebug ${programVersion} (${platform}/${arch}, ${runtime})`,
    },
    ...(await checkWireshark(request, environment)),
  ];
}

async function checkWireshark(
  { wireshark }: DoctorRequest,
  environment: Environment,
): Promise<readonly Check[]> {
  const base = { id: 'wireshark', area: 'here' } as const;
  const { platform } = environment;
  const found = findWireshark({ ...environment, exists: existsSync }, wireshark?.text);
  if (found === undefined) {
    const advice = 'Packets go to a file: capture -w FILE. To watch live install Wireshark 3.4 or newer.';
    const message =
      wireshark === undefined
        ? 'Wireshark is not installed here'
        : `there is no Wireshark ${wireshark.text} (${wireshark.origin})`;
    const wanted = wireshark !== undefined || hasDesktop(environment);
    return [{ ...base, state: wanted ? 'warning' : 'ok', message, advice }];
  }
  const [version, folder] = await Promise.all([
    wiresharkVersion(found),
    extcapFolder(environment, wireshark),
  ]);
  const launcher = await launcherIn(folder, platform);
  const named = version === undefined ? 'of an unknown version' : version.join('.');
  const old = version !== undefined && !readsAny(version);
  return [
    old
      ? {
          ...base,
          state: 'warning',
          message: `Wireshark ${named} cannot read what capture takes from all interfaces`,
          advice: 'Capture one interface (-i eth0), or install Wireshark 3.4 or newer.',
        }
      : { ...base, state: 'ok', message: `Wireshark ${named}: ${found.command}` },
    launcher
      ? { id: 'extcap', area: 'here', state: 'ok', message: `pods are in its list of interfaces (${folder})` }
      : {
          id: 'extcap',
          area: 'here',
          state: 'ok',
          message: 'pods are not in its list of interfaces',
          advice: 'They can be: kubectl netdebug wireshark install',
        },
  ];
}
