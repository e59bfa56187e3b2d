import type { Readable, Writable } from 'node:stream';
import type { NetdebugError } from '../errors.js';
import type { WatchEvent } from './types.js';

/** What every upper room needs of the API server. Rooms above take this interface, so tests can pass a fake. */
export interface KubeApi {
  /** Base URL of the API server, without a trailing slash. */
  readonly server: string;
  /** Name of the kubeconfig context, or `in-cluster`. */
  readonly context: string;
  /** The namespace of references that carry none: `-n`, else the context's, else `default`. */
  readonly namespace: string;

  /** GET one object. Throws {@link ApiError} on any answer but 2xx. Retried on 429, 5xx and connection resets. */
  get<T>(path: string, options?: ReadOptions): Promise<T>;
  /** GET all pages of a list. The items come in the server's order. `resourceVersion` is the list's own: watch from there. */
  list<T>(path: string, options?: ListOptions): Promise<ListResult<T>>;
  /** POST, PUT, PATCH or DELETE; never retried here unless `retry: true` says that doing it twice is harmless. */
  send<T>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options?: SendOptions,
  ): Promise<SendResult<T>>;
  /** Watches from `resourceVersion`; survives connection drops and 410 Gone by starting over (then ADDED comes again for all). Ends with the signal or when the deadline is over. */
  watch<T>(path: string, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** GET as text, e.g. `pods/x/log`. `limitBytes` cuts. */
  text(path: string, options?: ReadOptions & { readonly limitBytes?: number }): Promise<string>;
  /** GET as a byte stream with backpressure, e.g. `pods/x/log?follow=true`. Not retried once bytes came. */
  stream(path: string, options?: ReadOptions): Promise<Readable>;
  /** Runs a command in a container over a websocket (v5.channel.k8s.io, else v4). Rejects when the upgrade is refused. */
  exec(request: ExecRequest): Promise<ExecSession>;
  /** Closes idle connections. */
  close(): void;
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface ReadOptions {
  /** Form of the answer to get(), such as a Table; default application/json. */
  readonly accept?: string | undefined;
  readonly query?: Query | undefined;
  /** Deadline for the whole call with its retries, milliseconds. Default: --request-timeout, else 30 s. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ListOptions extends ReadOptions {
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Page size, default 500. */
  readonly limit?: number | undefined;
}

export interface ListResult<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string | undefined;
}

export interface SendOptions extends ReadOptions {
  readonly body?: unknown;
  /** Default application/json; for PATCH one of the patch types. */
  readonly contentType?: string | undefined;
  readonly retry?: boolean | undefined;
}

export interface SendResult<T> {
  readonly object: T;
  /** Texts of the `Warning: 299` headers (admission policies, Pod Security warn labels). */
  readonly warnings: readonly string[];
}

export interface WatchOptions extends ListOptions {
  /** From a list; absent: the server sends the present state first as ADDED. */
  readonly resourceVersion?: string | undefined;
}

export interface ExecRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** argv; never passed through a shell. */
  readonly argv: readonly string[];
  readonly stdin?: boolean | undefined;
  readonly tty?: boolean | undefined;
  /** Default true. stderr is never asked for together with tty. */
  readonly stdout?: boolean | undefined;
  readonly stderr?: boolean | undefined;
  /** Deadline for the upgrade, milliseconds. Default 30 s. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One exec over its own websocket. Nothing is read from the network while stdout or stderr is full. */
export interface ExecSession {
  readonly protocol: 'v5.channel.k8s.io' | 'v4.channel.k8s.io';
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** `end()` is the half-close of v5; under v4 it cannot reach the process. */
  readonly stdin: Writable;
  /** Terminal size; does nothing without tty. */
  resize(columns: number, rows: number): void;
  /** Resolves when the Status has come and stdout and stderr are drained, or the connection is gone. Never rejects. */
  readonly done: Promise<ExecEnd>;
  /** Leaves: a close frame, then the socket is destroyed after a second. `done` resolves as lost. */
  close(): void;
}

export type ExecEnd =
  /** The command ran and ended; 137 = killed. */
  | { readonly kind: 'exited'; readonly exitCode: number }
  /** The runtime could not start it (command not found, container gone): Status without ExitCode. */
  | { readonly kind: 'failed'; readonly error: NetdebugError }
  /** The connection ended without a Status: the output is cut after `stdoutBytes`. `closedByUs` when close() was called. */
  | {
      readonly kind: 'lost';
      readonly error: NetdebugError;
      readonly stdoutBytes: number;
      readonly closedByUs: boolean;
    };
