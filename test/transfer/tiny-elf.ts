/** The smallest static programs for Linux, made by hand: there is no compiler here, and none is wanted. */

export interface TinyElf {
  /** What it prints before it ends with exit code 0. */
  readonly says: string;
  /** e_machine; default that of this machine. */
  readonly machine?: number;
  /** Adds a PT_INTERP: it is no longer static. */
  readonly interpreter?: string;
}

const base = 0x400000n;
const own = process.arch === 'arm64' ? 183 : 62;

/** write(1, message, length); exit(0) */
function code(length: number): Buffer {
  if (own === 183) {
    const words = [0xd2800808, 0xd2800020, 0x100000c1, 0xd2800002 + length * 32, 0xd4000001, 0xd2800ba8];
    words.push(0xd2800000, 0xd4000001);
    const bytes = Buffer.alloc(32);
    words.forEach((word, index) => bytes.writeUInt32LE(word, index * 4));
    return bytes;
  }
  const bytes = Buffer.from('b801000000bf01000000488d3510000000ba000000000f05b83c00000031ff0f05', 'hex');
  bytes.writeUInt32LE(length, 18);
  return bytes;
}

/** An ELF file of 64 bit, little endian. */
export function tinyElf({ says, machine = own, interpreter }: TinyElf): Buffer {
  const message = Buffer.from(says);
  const headers = interpreter === undefined ? 1 : 2;
  const text = Buffer.concat([code(message.length), message]);
  const path = Buffer.from(interpreter === undefined ? '' : `${interpreter}\0`);
  const start = 64 + 56 * headers;
  const size = start + text.length + path.length;
  const head = Buffer.alloc(start);
  head.write('7f454c46020101', 'hex');
  head.writeUInt16LE(2, 16);
  head.writeUInt16LE(machine, 18);
  head.writeUInt32LE(1, 20);
  head.writeBigUInt64LE(base + BigInt(start), 24);
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(64, 52);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(headers, 56);
  const program = (at: number, type: number, offset: number, length: number): void => {
    head.writeUInt32LE(type, at);
    head.writeUInt32LE(5, at + 4);
    head.writeBigUInt64LE(BigInt(offset), at + 8);
    head.writeBigUInt64LE(base + BigInt(offset), at + 16);
    head.writeBigUInt64LE(BigInt(length), at + 32);
    head.writeBigUInt64LE(BigInt(length), at + 40);
    head.writeBigUInt64LE(0x1000n, at + 48);
  };
  program(64, 1, 0, size);
  if (interpreter !== undefined) program(120, 3, start + text.length, path.length);
  return Buffer.concat([head, text, path]);
}
