import type { Sink } from '../../src/capture/sink.js';
import type { Environment } from '../environment.js';
import { usageError } from '../options/usage.js';
import { streamSink } from './stream.js';

/** `-w -`: packets to stdout. A terminal is refused: packets are bytes that it would take for commands. */
export function openStdoutSink({ stdout, isTTY }: Pick<Environment, 'stdout' | 'isTTY'>): Sink {
  if (isTTY.stdout) {
    throw usageError(
      'packets are not written to a terminal',
      'capture',
      'write to a file with -w FILE, or pipe the output: ... -w - | tshark -r -',
    );
  }
  return streamSink(stdout, 'stdout', false);
}
