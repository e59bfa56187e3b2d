import type { CaptureDestination, CaptureOptions } from './options/capture.js';
import type { DebugRequest } from './options/debug.js';
import type { FileFormat, FileOptions } from './options/files.js';
import type { FilterOptions } from './options/filter.js';
import type { KubeRequest } from './options/kube.js';
import type { OutputOptions } from './options/output.js';
import type { PodTarget } from './options/pod.js';
import type { Setting } from './options/setting.js';
import type { SpoolOptions } from './options/spool.js';

/** What `capture` was asked for. */
export interface CaptureCommandRequest {
  readonly kube: KubeRequest;
  readonly debug: DebugRequest;
  readonly output: OutputOptions;
  readonly targets: readonly PodTarget[];
  readonly capture: CaptureOptions;
  readonly destination: CaptureDestination;
  readonly filters: FilterOptions;
  readonly files: FileOptions;
  readonly format: FileFormat;
  /** Whether conversations are counted. */
  readonly stats: boolean;
  /** How packets are kept in the pod; undefined: they are not. */
  readonly spool: SpoolOptions | undefined;
  /** The Wireshark to use, where one is configured. */
  readonly wireshark: Setting | undefined;
  /** The command as it is told in the file: without what says who we are. */
  readonly shown: string;
}
