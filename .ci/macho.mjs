// Signs a Mach-O executable ad hoc, as linkers do (Apple: cs_blobs.h; the same layout as ld, lld and Go's linker write).
import { createHash } from 'node:crypto';

const magic64 = 0xfeedfacf;
const lcSegment64 = 0x19;
const lcCodeSignature = 0x1d;
const embeddedSignature = 0xfade0cc0;
const codeDirectory = 0xfade0c02;
const adhocLinkerSigned = 0x20002;
const mainBinary = 1;
const hashSize = 32;
const hashTypeSha256 = 2;
const pageShift = 12;
const directoryBytes = 88;
const superBlobBytes = 20;

/**
 * The same program (64 bits, little-endian, with room for a signature at its end, as a linker leaves it) with a new ad hoc
 * signature in place of the old one.
 */
export function signAdHoc(program, identifier) {
  const { text, linkedit, signature } = readCommands(program);
  const codeLimit = program.readUInt32LE(signature + 8);
  const linkeditStart = Number(program.readBigUInt64LE(linkedit + 40));
  const pages = Math.ceil(codeLimit / 2 ** pageShift);
  const name = Buffer.from(`${identifier}\0`);
  const directorySize = directoryBytes + name.length + pages * hashSize;
  const size = superBlobBytes + directorySize;

  const code = Buffer.from(program.subarray(0, codeLimit));
  code.writeUInt32LE(size, signature + 12);
  const linkeditSize = codeLimit + size - linkeditStart;
  // Segments are mapped in pages, of 16 KiB at most.
  code.writeBigUInt64LE(BigInt(Math.ceil(linkeditSize / 0x4000) * 0x4000), linkedit + 32);
  code.writeBigUInt64LE(BigInt(linkeditSize), linkedit + 48);

  const blob = Buffer.alloc(size);
  const words = [embeddedSignature, size, 1, 0, superBlobBytes];
  const hashes = directoryBytes + name.length;
  words.push(
    codeDirectory,
    directorySize,
    0x20400,
    adhocLinkerSigned,
    hashes,
    directoryBytes,
    0,
    pages,
    codeLimit,
  );
  words.forEach((word, at) => blob.writeUInt32BE(word, at * 4));
  const directory = blob.subarray(superBlobBytes);
  directory.set([hashSize, hashTypeSha256, 0, pageShift], 36);
  directory.writeBigUInt64BE(program.readBigUInt64LE(text + 40), 64);
  directory.writeBigUInt64BE(program.readBigUInt64LE(text + 48), 72);
  directory.writeBigUInt64BE(BigInt(mainBinary), 80);
  directory.set(name, directoryBytes);
  for (let page = 0; page < pages; page++) {
    const bytes = code.subarray(page << pageShift, (page + 1) << pageShift);
    directory.set(createHash('sha256').update(bytes).digest(), hashes + page * hashSize);
  }
  return Buffer.concat([code, blob]);
}

/** Where the load commands stand that a signature changes or describes. */
function readCommands(program) {
  if (program.readUInt32LE(0) !== magic64) throw new Error('not a 64-bit Mach-O program');
  const found = {};
  let last = 0;
  for (let at = 32, left = program.readUInt32LE(16); left > 0; left--, at += program.readUInt32LE(at + 4)) {
    const command = program.readUInt32LE(at);
    if (command === lcCodeSignature) found.signature = at;
    if (command !== lcSegment64) continue;
    const name = program.toString('latin1', at + 8, at + 24).replace(/\0+$/, '');
    if (name === '__TEXT') found.text = at;
    if (name === '__LINKEDIT') found.linkedit = at;
    last = Math.max(last, Number(program.readBigUInt64LE(at + 40)));
  }
  const { text, linkedit, signature } = found;
  if (text === undefined || linkedit === undefined || signature === undefined)
    throw new Error('a Mach-O program without __TEXT, __LINKEDIT or a place for a signature');
  if (Number(program.readBigUInt64LE(linkedit + 40)) !== last)
    throw new Error('__LINKEDIT is not the last segment');
  const end = program.readUInt32LE(signature + 8) + program.readUInt32LE(signature + 12);
  if (end !== program.length) throw new Error('the signature is not the end of the program');
  return { text, linkedit, signature };
}
