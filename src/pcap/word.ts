/** True where the machine stores the lowest byte of a word first; nearly everywhere. */
export const littleEndianHost = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** An unsigned 32-bit word; by hand, because a DataView for each chunk and record would cost more. */
export function word(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  const a = bytes[at] ?? 0;
  const b = bytes[at + 1] ?? 0;
  const c = bytes[at + 2] ?? 0;
  const d = bytes[at + 3] ?? 0;
  return (littleEndian ? (d << 24) | (c << 16) | (b << 8) | a : (a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
