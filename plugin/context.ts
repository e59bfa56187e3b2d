import type { DebugContainer } from '../src/debugger/types.js';
import type { KubeApi } from '../src/kube/api.js';
import type { RunTool } from '../src/tools/run.js';
import type { Environment } from './environment.js';
import type { DebugRequest } from './options/debug.js';
import type { OutputOptions } from './options/output.js';
import type { StatusLine } from './print/statusline.js';

/** A pod by its name. */
export interface PodAddress {
  readonly namespace: string;
  readonly pod: string;
  /** The node whose network is meant, through a debug pod that is made there; `pod` is then what messages call it. */
  readonly node?: string | undefined;
}

/** What a command needs besides the pod to get at a debug container. */
export interface SessionContext {
  readonly api: KubeApi;
  readonly environment: Environment;
  readonly status: StatusLine;
  readonly output: OutputOptions;
  readonly debug: DebugRequest;
  /** What is to be taken away when the command is over, however it ends. */
  readonly atEnd: Removal[];
}

/** Takes something away that the command put into the cluster. Rejects with a NetdebugError that says what stays. */
export type Removal = () => Promise<void>;

/** A running debug container, and how tools are started in it. */
export interface DebugSession {
  readonly container: DebugContainer;
  readonly run: RunTool;
}
