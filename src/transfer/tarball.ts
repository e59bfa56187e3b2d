import { pack } from 'tar-stream';
import type { FileFacts, TreeTarget } from './types.js';

/** A tree that becomes a tar again. */
export interface TarTarget extends TreeTarget {
  /** Writes the end of the tar; resolves when all of it was taken. */
  end(): Promise<void>;
}

/** What a stream of streamx tells of its pace. */
interface Paced {
  write(chunk: Uint8Array): boolean;
  once(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
  readonly destroyed: boolean;
}

/** Packs what was checked into a new tar, at the pace of `write`. */
export function tarTarget(write: (chunk: Uint8Array) => Promise<void>): TarTarget {
  const tar = pack();
  const pumped = (async () => {
    for await (const chunk of tar as unknown as AsyncIterable<Uint8Array>) await write(chunk);
  })();
  // Told by end(), or by the entry that could not be written.
  pumped.catch(() => undefined);
  const small = (header: Parameters<typeof tar.entry>[0]): Promise<void> =>
    Promise.race([
      new Promise<void>((resolve, reject) => {
        tar.entry(header, (error) => (error ? reject(error) : resolve())).end(null);
      }),
      pumped,
    ]);
  return {
    folder: (name, facts) => small({ ...head(name === '' ? '.' : name, facts, 0o755), type: 'directory' }),
    file(name, bytes, facts) {
      let written: Promise<void> = Promise.resolve();
      const stream = tar.entry({ ...head(name, facts, 0o644), size: bytes, type: 'file' });
      written = new Promise((resolve, reject) => {
        stream.on('error', reject);
        stream.on('close', resolve);
      });
      written.catch(() => undefined);
      return Promise.resolve({
        write: (chunk) =>
          stream.write(chunk) ? Promise.resolve() : Promise.race([takesMore(stream), pumped]),
        close: async () => {
          stream.end(null);
          await Promise.race([written, pumped]);
        },
      });
    },
    hardLink: (name, of) => small({ name, linkname: of, type: 'link' }),
    symbolicLink: (name, to) => small({ name, linkname: to, type: 'symlink' }),
    async end() {
      tar.finalize();
      await pumped;
    },
  };
}

/**
 * One file as a tar, for `tar xf -` in a container; its length is known beforehand.
 * @param name Of the file there; at most 100 bytes, plain ASCII.
 */
export async function packOne(name: string, bytes: Uint8Array, mode: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const target = tarTarget((chunk) => {
    chunks.push(chunk);
    return Promise.resolve();
  });
  const file = await target.file(name, bytes.length, { mode, mtimeSeconds: undefined });
  await file.write(bytes);
  await file.close();
  await target.end();
  return Buffer.concat(chunks);
}

function head(name: string, { mode, mtimeSeconds }: FileFacts, otherwise: number) {
  return { name, mode: mode ?? otherwise, mtime: new Date((mtimeSeconds ?? 0) * 1000) };
}

function takesMore(stream: Paced): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      stream.off('drain', go);
      stream.off('close', go);
      resolve();
    };
    stream.once('drain', go);
    stream.once('close', go);
    if (stream.destroyed) go();
  });
}
