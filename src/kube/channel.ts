import { ExitCode, NetdebugError } from '../errors.js';
import type { ExecEnd } from './api.js';
import { isStatus } from './status.js';
import { cleanText } from './text.js';
import type { Status, StatusCause } from './types.js';

/** Channels of v4.channel.k8s.io and v5.channel.k8s.io: the first byte of every message (k8s.io/apimachinery, remotecommand). */
export const Channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;

/** v5 adds the half-close; the server takes v5 whatever the order. */
export const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

/** One of the protocols we speak. */
export type ChannelProtocol = (typeof PROTOCOLS)[number];

/** Longer input is cut into messages of this size; the server refuses some of more than 32 MiB. */
export const MAX_INPUT_BYTES = 64 * 1024;

/** A longer Status is not read. */
export const MAX_STATUS_BYTES = 256 * 1024;

/** A message: the channel's byte, then the bytes. */
export function encodeMessage(channel: number, bytes: Uint8Array): Buffer {
  const message = Buffer.allocUnsafe(bytes.length + 1);
  message[0] = channel;
  message.set(bytes, 1);
  return message;
}

/** Cuts input into pieces for {@link encodeMessage}; an empty input gives none. */
export function* inputPieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += MAX_INPUT_BYTES) yield bytes.subarray(at, at + MAX_INPUT_BYTES);
}

/** Half-close of stdin (v5 only; v4 ignores it). */
export function encodeEndOfInput(): Buffer {
  return Buffer.from([Channel.close, Channel.stdin]);
}

/** Terminal size, in cells. */
export function encodeResize(columns: number, rows: number): Buffer {
  return encodeMessage(Channel.resize, Buffer.from(JSON.stringify({ Width: columns, Height: rows })));
}

/**
 * Reads channel 3: how the command ended. An exit code stands in `details.causes` in v4 and v5 alike; a Failure without one means
 * that the runtime did not start the command. undefined when the bytes are no Status.
 */
export function decodeStatus(
  bytes: Buffer,
  container: string,
): Exclude<ExecEnd, { kind: 'lost' }> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isStatus(parsed)) return undefined;
  if (parsed.status === 'Success') return { kind: 'exited', exitCode: 0 };
  const causes: unknown = parsed.details?.causes;
  const exit = Array.isArray(causes)
    ? (causes as readonly StatusCause[]).find((cause) => cause.reason === 'ExitCode')?.message
    : undefined;
  if (typeof exit === 'string' && /^-?\d{1,10}$/.test(exit))
    return { kind: 'exited', exitCode: Number(exit) };
  return { kind: 'failed', error: startFailure(parsed, container) };
}

const START_FAILURE =
  /^(?:.*unable to start container process: |.*OCI runtime exec failed: exec failed: )(.+)$/;

function startFailure(status: Status, container: string): NetdebugError {
  const message = cleanText(status.message ?? '').replace(/^(Internal error occurred: )+/, '');
  // The runtime wraps its own words several times; what a person wants is at the end.
  const why = START_FAILURE.exec(message)?.[1];
  return new NetdebugError(`The command could not be started in container ${container}: ${why ?? message}`, {
    exitCode: ExitCode.incomplete,
    details: why === undefined ? [] : [message],
    hint: 'Check that the command is in the image and that the container still runs.',
  });
}
