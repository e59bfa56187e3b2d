/** From here on memory is collected early; an idle program has 80 MB. */
const CALM_BYTES = 130e6;
const LOOK_MS = 100;

/** The part of Bun's global that is used here. Source: bun.com/docs, Bun.gc. */
interface Bun {
  gc(force: boolean): void;
}

/**
 * Keeps the executable small while much flows through it. What a stream leaves behind are buffers outside of the heap, of which
 * JavaScriptCore, Bun's engine, lets hundreds of megabytes pile up before it collects: 500 MB where 130 MB are in use. Does nothing on Node.
 * @param residentBytes What the program has now.
 */
export function collectEarly(residentBytes: () => number): void {
  const { Bun: bun } = globalThis as { readonly Bun?: Bun };
  if (bun === undefined) return;
  setInterval(() => {
    if (residentBytes() > CALM_BYTES) bun.gc(true);
  }, LOOK_MS).unref();
}
