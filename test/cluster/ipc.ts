/** What the harness and the cluster process say to each other over node's IPC channel. Values are JSON. */
import type { ChildProcess } from 'node:child_process';
import type { Fault, FaultId } from './faults.js';
import type { Breakage, NetworkOptions, OutsideDns, PolicyMode } from './network/options.js';

/** A process of a pod. `argv` as in /proc/PID/cmdline, `pid` as the cluster's process namespace counts. */
export interface PodProcess {
  readonly pid: number;
  readonly argv: readonly string[];
  /** Empty for the pod's own pause process. */
  readonly container: string;
}

/** What a command said. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a command runs: in the network between the nodes, beyond it (only with `network`), in a pod's, or in a node's. */
export type RunPlace =
  'host' | 'outside' | { readonly namespace: string; readonly pod: string } | { readonly node: string };

/** How the cluster is to be; all JSON. */
export interface ClusterSetup {
  readonly nodes: number;
  /** `https://127.0.0.1:port`, as the harness listens. */
  readonly server: string;
  readonly dir: string;
  readonly custom?: readonly ('gateway-api' | 'istio')[];
  /** Services, DNS and policies; absent: none of it. */
  readonly network?: NetworkOptions;
  /** The kubelet's and the controllers' times, see the node's own type; absent fields keep the real ones. */
  readonly timing?: Readonly<Record<string, number>>;
}

/** The calls of the harness; `listen` brings the listening socket with it. */
export interface ClusterCalls {
  start(setup: ClusterSetup): Promise<void>;
  listen(): Promise<void>;
  stopListening(graceMs: number): Promise<void>;
  addToken(token: string, username: string, groups: readonly string[]): Promise<void>;
  fault(fault: Fault): Promise<FaultId>;
  clearFaults(): Promise<void>;
  faultHits(id: FaultId): Promise<number>;
  processes(namespace: string, pod: string): Promise<PodProcess[]>;
  run(argv: readonly string[], place: RunPlace, timeoutMs: number): Promise<RunResult>;
  compact(): Promise<void>;
  settleNetwork(): Promise<void>;
  breakNetwork(breakage: Breakage): Promise<string>;
  mendNetwork(id?: string): Promise<void>;
  setPolicy(mode: PolicyMode): Promise<void>;
  setOutsideDns(names: OutsideDns): Promise<void>;
}

/** A call on its way. */
export interface CallMessage {
  readonly id: number;
  readonly method: keyof ClusterCalls;
  readonly args: readonly unknown[];
}

/** Its answer. */
export interface ReplyMessage {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Calls a method of the cluster process; rejects when it fails there, or when the process ends. */
export type Call = <Method extends keyof ClusterCalls>(
  method: Method,
  args: Parameters<ClusterCalls[Method]>,
  handle?: Parameters<NonNullable<ChildProcess['send']>>[1],
) => ReturnType<ClusterCalls[Method]>;

/** The harness's end. `why` tells what the process said last, for the error of a call that will not be answered. */
export function callsTo(child: ChildProcess, why: () => string): Call {
  const waiting = new Map<number, (reply: ReplyMessage) => void>();
  let last = 0;
  child.on('message', (message) => {
    const reply = message as ReplyMessage;
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  const end = (): void => {
    waiting.forEach((answer, id) => answer({ id, error: `the cluster process has ended\n${why()}` }));
    waiting.clear();
  };
  child.on('exit', end).on('error', end);
  return ((method: keyof ClusterCalls, args: readonly unknown[], handle?: Parameters<typeof child.send>[1]) =>
    new Promise<unknown>((resolve, reject) => {
      last += 1;
      const id = last;
      waiting.set(id, (reply) => {
        if (reply.error === undefined) {
          resolve(reply.value);
        } else {
          reject(new Error(`${method}: ${reply.error}`));
        }
      });
      child.send({ id, method, args } satisfies CallMessage, handle, (error) => {
        if (error) {
          waiting.delete(id);
          reject(new Error(`${method}: ${error.message}\n${why()}`));
        }
      });
    })) as Call;
}
