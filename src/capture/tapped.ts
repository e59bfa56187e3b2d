import type { Sink } from './sink.js';

/** A sink that shows everything it takes to somebody else as well, e.g. to a counter of conversations. */
export function tappedSink(sink: Sink, tap: (chunk: Uint8Array) => void): Sink {
  return {
    write(chunk) {
      tap(chunk);
      return sink.write(chunk);
    },
    close: () => sink.close(),
    abort: (reason) => sink.abort(reason),
    gone: sink.gone,
    releases: sink.releases,
  };
}
