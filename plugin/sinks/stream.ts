import type { Writable } from 'node:stream';
import { type Sink, SinkClosed } from '../../src/capture/sink.js';
import { ExitCode, NetdebugError } from '../../src/errors.js';

/** The errors of a pipe whose reader is gone. */
const goneCodes = [
  'EPIPE',
  'ECONNRESET',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ERR_STREAM_PREMATURE_CLOSE',
];

/** A capture into a stream whose reader may leave. `end` says whether closing the sink ends the stream. */
export function streamSink(
  stream: Writable,
  name: string,
  end: boolean,
): Sink & { readonly gone: Promise<void> } {
  let failure: Error | undefined;
  const gone = new Promise<void>((resolve) => {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      failure ??= goneCodes.includes(error.code ?? '') ? new SinkClosed() : failureOf(name, error);
      resolve();
    });
    stream.on('close', () => {
      failure ??= new SinkClosed();
      resolve();
    });
  });
  return {
    gone,
    releases: true,
    write(chunk) {
      if (failure !== undefined) throw failure;
      // The reader sets the pace; what it has not taken lies in the chunk only, whose memory is used again then.
      const taken = new Promise<void>((resolve) => stream.write(chunk, () => resolve()));
      return Promise.race([taken, gone]).then(() => {
        if (failure !== undefined) throw failure;
      });
    },
    async close() {
      if (failure instanceof SinkClosed) return;
      if (failure !== undefined) throw failure;
      await new Promise<void>((resolve, reject) => {
        const settle = (error?: Error | null): void => {
          if (
            error === undefined ||
            error === null ||
            goneCodes.includes((error as NodeJS.ErrnoException).code ?? '')
          )
            resolve();
          else reject(failureOf(name, error));
        };
        if (end) stream.end(settle);
        else stream.write('', settle);
      });
    },
    async abort() {
      if (end) stream.destroy();
      return Promise.resolve();
    },
  };
}

function failureOf(name: string, cause: Error): NetdebugError {
  return new NetdebugError(`cannot write to ${name}: ${cause.message}`, {
    exitCode: ExitCode.incomplete,
    cause,
  });
}
