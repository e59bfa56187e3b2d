import type { Readable } from 'node:stream';
import type { NetdebugError } from '../errors.js';
import type { Container } from '../kube/types.js';
import type { RegistryMirror } from './image-name.js';

/** Time, passed in so that tests need not wait. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after so many milliseconds, or at once when the signal aborts; never rejects. Keeps the program alive. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Ladder of capabilities, highest first; what each can do is in docs/profiles.md. */
export type ProfileName = 'netadmin' | 'baseline' | 'restricted' | 'general' | 'sysadmin';

/** `auto` climbs netadmin → baseline → restricted by server-side dry run; a custom profile is a partial container. */
export type ProfileChoice =
  'auto' | ProfileName | { readonly file: string; readonly container: Partial<Container> };

/** What a tool cannot do without: `raw` = packet sockets (NET_RAW), `none` = ordinary sockets are enough. */
export type Need = 'raw' | 'none';

/** An image is to be taken that the node has already (`--no-pull`). */
export interface LocalImageWish {
  /** What the tool runs: of each group one program must be there, the first is the best. */
  readonly programs: readonly (readonly string[])[];
  /** The image of the person's own choice, which comes first; its tools are theirs to know. */
  readonly preferred: string | undefined;
  /** Known images may be on the node under these names. */
  readonly mirrors: readonly RegistryMirror[];
}

export interface DebugOptions {
  readonly image: string;
  readonly imagePullPolicy?: string | undefined;
  /** Why it is this image, for the person to know: `mirror of docker.io/nicolaka/netshoot:v0.13`. */
  readonly imageNote?: string | undefined;
  /** An image that the node has already is to be taken instead. */
  readonly local?: LocalImageWish | undefined;
  readonly profile: ProfileChoice;
  /** Share the process namespace of this container (targetContainerName). */
  readonly target?: string | undefined;
  /** Do not reuse a running debug container. */
  readonly fresh: boolean;
  /** The container ends by itself after this long without use, seconds. */
  readonly ttlSeconds: number;
  readonly startTimeoutMs: number;
}

/** Which container of which pod. */
export interface ContainerAddress {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** A running debug container that tools can be started in. */
export interface DebugContainer extends ContainerAddress {
  /** Name of the ephemeral container, e.g. `netdebug-x7k2p`. */
  readonly container: string;
  readonly image: string;
  /** The rung taken; `custom` when the profile came from a file. */
  readonly profile: ProfileName | 'custom';
  readonly reused: boolean;
  /** What this profile cannot do, one sentence each; empty when all works. */
  readonly limits: readonly string[];
  /** Warnings of the API server at injection. */
  readonly warnings: readonly string[];
}

/** What happens while a debug container is being got; for the progress line. */
export type DebugProgress =
  | { readonly kind: 'reusing'; readonly container: string }
  | {
      readonly kind: 'injecting';
      readonly container: string;
      readonly profile: ProfileName | 'custom';
      readonly image: string;
      readonly imageNote?: string | undefined;
    }
  /** A pod of its own is started in the network of a node. */
  | {
      readonly kind: 'starting-pod';
      readonly pod: string;
      readonly node: string;
      readonly image: string;
      readonly imageNote?: string | undefined;
    }
  | { readonly kind: 'rung-refused'; readonly profile: ProfileName; readonly why: string }
  | { readonly kind: 'waiting'; readonly what: string; readonly elapsedMs: number }
  | { readonly kind: 'running'; readonly container: string; readonly elapsedMs: number }
  | { readonly kind: 'warning'; readonly text: string };

export type OnProgress = (progress: DebugProgress) => void;

/** A tool in the debug container, tied to its websocket by the lifeline: it ends when we do, for whatever reason. */
export interface ToolSession {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly done: Promise<ToolEnd>;
  /** Ends the tool in order: SIGINT there, its last output still arrives, then `done`. TERM after 2 s, KILL after 4 s. */
  stop(): void;
  /** Sends the tool a signal through the lifeline (tcpdump prints its counters on USR1). */
  signal(name: 'USR1'): void;
  /** Leaves at once: output is dropped; the lifeline ends the tool. */
  abandon(): void;
}

export type ToolEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  /** The program is not in the image, or could not start. */
  | { readonly kind: 'failed'; readonly error: NetdebugError }
  | { readonly kind: 'lost'; readonly error: NetdebugError };
