import { PassThrough, Readable } from 'node:stream';
import { pack } from 'tar-stream';
import type { LocalNames, TreeTarget } from '../../src/transfer/types.js';

/** One entry, as tar-stream takes it; `data` is a file's. */
export type Entry = Parameters<ReturnType<typeof pack>['entry']>[0] & { readonly data?: string | Uint8Array };

export const linux: LocalNames = { foldsCase: false, windows: false };
export const limits = { bytes: 1024 ** 3, entries: 1000 };

/** A tar of these entries, as tar-stream writes it. */
export async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { data, ...header } of entries) {
    if (data === undefined) tar.entry(header).end(null);
    else tar.entry(header, data);
  }
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** One header by hand, for what no library writes; the checksum is made right. */
export function header(fields: {
  readonly name: string | Uint8Array;
  readonly type?: string;
  readonly size?: number | string;
  readonly linkname?: string;
  readonly prefix?: string;
}): Buffer {
  const block = Buffer.alloc(512);
  Buffer.from(fields.name).copy(block, 0, 0, 100);
  for (const [at, octal] of [
    [100, '0000644'],
    [108, '0000000'],
    [116, '0000000'],
  ] as const)
    block.write(octal, at);
  const { size = 0 } = fields;
  block.write(typeof size === 'string' ? size : size.toString(8).padStart(11, '0'), 124, 12, 'latin1');
  block.write('00000000000\0', 136);
  block.write(fields.type ?? '0', 156);
  block.write(fields.linkname ?? '', 157, 100);
  block.write('ustar\u000000', 257);
  block.write(fields.prefix ?? '', 345, 155);
  block.write('        ', 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** A file's bytes, filled up to whole blocks. */
export function blocks(data: string | Uint8Array): Buffer {
  const bytes = Buffer.from(data);
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

/** The end of a tar. */
export const endOfTar = Buffer.alloc(1024);

/** A stream that gives bytes in pieces of this size. */
export function inPieces(bytes: Uint8Array, size = 700): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(Buffer.from(bytes.subarray(at, at + size)));
  const stream = new PassThrough();
  Readable.from(pieces, { objectMode: false }).pipe(stream);
  return stream;
}

/** A target that notes what it is told, in order. */
export interface NotingTarget extends TreeTarget {
  readonly told: string[];
  readonly data: Map<string, string>;
}

/** @param slow Called before every write. */
export function notingTarget(slow?: () => Promise<void>): NotingTarget {
  const told: string[] = [];
  const data = new Map<string, string>();
  const tell = (text: string): Promise<void> => {
    told.push(text);
    return Promise.resolve();
  };
  return {
    told,
    data,
    folder: (name) => tell(`folder ${name}`),
    file: async (name, bytes) => {
      await tell(`file ${name} ${bytes}`);
      data.set(name, '');
      return {
        write: async (chunk) => {
          await slow?.();
          data.set(name, (data.get(name) ?? '') + Buffer.from(chunk).toString('latin1'));
        },
        close: () => Promise.resolve(),
      };
    },
    hardLink: (name, of) => tell(`hard ${name} ${of}`),
    symbolicLink: (name, to) => tell(`link ${name} ${to}`),
  };
}
