import type { MadePacket } from './arbitrary.js';

/** pcapng blocks for tests, written by hand from the specification, little endian. */
export function block(type: number, body: Uint8Array): Uint8Array {
  const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
  const bytes = Buffer.alloc(12 + padded.length);
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt32LE(bytes.length, 4);
  padded.copy(bytes, 8);
  bytes.writeUInt32LE(bytes.length, bytes.length - 4);
  return bytes;
}

export function sectionHeader(sectionLength = -1n): Uint8Array {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(0x1a2b3c4d, 0);
  body.writeUInt16LE(1, 4);
  body.writeBigInt64LE(sectionLength, 8);
  return block(0x0a0d0d0a, body);
}

function option(code: number, value: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

/** An interface with nanoseconds. */
export function interfaceDescription(name: string, linktype = 1): Uint8Array {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(linktype, 0);
  body.writeUInt32LE(262_144, 4);
  return block(
    1,
    Buffer.concat([body, option(2, Buffer.from(name)), option(9, Uint8Array.of(9)), Buffer.alloc(4)]),
  );
}

export function nameResolution(address: string, name: string): Uint8Array {
  const value = Buffer.from([...address.split('.').map(Number), ...Buffer.from(name), 0]);
  return block(4, Buffer.concat([option(1, value), Buffer.alloc(4)]));
}

export function interfaceStatistics(id: number): Uint8Array {
  const body = Buffer.alloc(12);
  body.writeUInt32LE(id, 0);
  return block(5, body);
}

export function enhancedPacket(interfaceId: number, packet: MadePacket): Uint8Array {
  const { seconds, nanoseconds, data, originalLength } = packet;
  const time = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
  const head = Buffer.alloc(20);
  head.writeUInt32LE(interfaceId, 0);
  head.writeUInt32LE(Number(time >> 32n), 4);
  head.writeUInt32LE(Number(time & 0xffffffffn), 8);
  head.writeUInt32LE(data.length, 12);
  head.writeUInt32LE(originalLength, 16);
  return block(6, Buffer.concat([head, data]));
}
