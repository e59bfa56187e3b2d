/** Reads a Mach-O program as macOS does before it runs one, and says what macOS would refuse (Apple: mach-o/loader.h, cs_blobs.h). */
import { createHash } from 'node:crypto';

export interface MachO {
  readonly cpu: 'amd64' | 'arm64' | 'other';
  readonly segments: readonly Segment[];
  /** Undefined when there is none. */
  readonly signature?: Signature;
}

interface Segment {
  readonly name: string;
  readonly fileOffset: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

interface Signature {
  readonly identifier: string;
  /** CS_ADHOC is 0x2. */
  readonly flags: number;
  /** Blobs of the super blob, by type: 0 is the code directory, 0x10000 a signature by a certificate. */
  readonly slots: readonly number[];
  readonly codeLimit: number;
  readonly pages: number;
  /** Pages whose sha256 is another than the code directory says. */
  readonly brokenPages: number;
  /** Where the main program starts in the file and how long it is: what __TEXT says. */
  readonly executableSegment: readonly [number, number];
  readonly fileOffset: number;
  readonly fileSize: number;
}

/** Throws when it is no 64-bit little-endian Mach-O program. */
export function readMachO(program: Buffer): MachO {
  if (program.readUInt32LE(0) !== 0xfeedfacf || program.readUInt32LE(12) !== 2)
    throw new Error('no 64-bit Mach-O program');
  const segments: Segment[] = [];
  let signature: Signature | undefined;
  let at = 32;
  for (let left = program.readUInt32LE(16); left > 0; left--) {
    const command = program.readUInt32LE(at);
    if (command === 0x19) segments.push(readSegment(program, at));
    if (command === 0x1d)
      signature = readSignature(program, program.readUInt32LE(at + 8), program.readUInt32LE(at + 12));
    at += program.readUInt32LE(at + 4);
  }
  const cpu = program.readUInt32LE(4);
  return {
    cpu: cpu === 0x01000007 ? 'amd64' : cpu === 0x0100000c ? 'arm64' : 'other',
    segments,
    ...(signature && { signature }),
  };
}

function readSegment(program: Buffer, at: number): Segment {
  const word = (offset: number): number => Number(program.readBigUInt64LE(at + offset));
  return {
    name: program.toString('latin1', at + 8, at + 24).replace(/\0.*$/s, ''),
    memorySize: word(32),
    fileOffset: word(40),
    fileSize: word(48),
  };
}

function readSignature(program: Buffer, fileOffset: number, fileSize: number): Signature {
  const blob = program.subarray(fileOffset, fileOffset + fileSize);
  if (blob.readUInt32BE(0) !== 0xfade0cc0 || blob.readUInt32BE(4) > blob.length)
    throw new Error('the signature is no super blob, or longer than its place');
  const slots = new Map<number, number>();
  for (let at = 12, left = blob.readUInt32BE(8); left > 0; left--, at += 8)
    slots.set(blob.readUInt32BE(at), blob.readUInt32BE(at + 4));
  const directory = blob.subarray(slots.get(0) ?? NaN);
  if (directory.readUInt32BE(0) !== 0xfade0c02) throw new Error('the signature has no code directory');
  const [length, , flags, hashes, identifier, , pages, codeLimit] = Array.from({ length: 8 }, (_, index) =>
    directory.readUInt32BE(4 + index * 4),
  ) as [number, number, number, number, number, number, number, number];
  const [hashSize, hashType, , pageShift] = directory.subarray(36, 40) as unknown as [
    number,
    number,
    number,
    number,
  ];
  if (hashSize !== 32 || hashType !== 2)
    throw new Error('the code directory holds other digests than sha256');
  if (hashes + pages * hashSize > length) throw new Error('the code directory is too short for its pages');
  let brokenPages = 0;
  for (let page = 0; page < pages; page++) {
    const end = Math.min((page + 1) << pageShift, codeLimit);
    const digest = createHash('sha256')
      .update(program.subarray(page << pageShift, end))
      .digest();
    const told = directory.subarray(hashes + page * hashSize, hashes + (page + 1) * hashSize);
    if (!digest.equals(told)) brokenPages++;
  }
  if (pages !== Math.ceil(codeLimit / 2 ** pageShift)) throw new Error('the pages do not cover the code');
  return {
    identifier: directory.toString('latin1', identifier, directory.indexOf(0, identifier)),
    flags,
    slots: [...slots.keys()],
    codeLimit,
    pages,
    brokenPages,
    executableSegment: [Number(directory.readBigUInt64BE(64)), Number(directory.readBigUInt64BE(72))],
    fileOffset,
    fileSize,
  };
}
