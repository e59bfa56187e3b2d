/** The bytes of an IPv4 (4) or IPv6 (16) address in text, in network order; undefined for anything else. A zone is none of its bytes. */
export function addressBytes(text: string): Uint8Array | undefined {
  return text.includes(':') ? ipv6(text.replace(/%.*$/s, '')) : ipv4(text);
}

/** An address of 4 or 16 bytes in text; IPv6 in the form of RFC 5952, without dotted decimals. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  // The longest run of two or more zero groups, the first of equals.
  let start = 0;
  let length = 1;
  for (let from = 0; from < 8; from++) {
    let end = from;
    while (groups[end] === '0') end++;
    if (end - from > length) [start, length] = [from, end - from];
  }
  if (length === 1) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function ipv4(text: string): Uint8Array | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const parts = match.slice(1).map(Number);
  return parts.every((part) => part <= 255) ? Uint8Array.from(parts) : undefined;
}

function ipv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? '');
  const tail = groups(halves[1] ?? '');
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  // `::` stands for at least one group; without it nothing may be missing.
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return Uint8Array.from([...head, ...new Uint8Array(missing), ...tail]);
}

/** The bytes of groups between colons, the last of which may be an IPv4 address. */
function groups(text: string): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    const embedded = i === parts.length - 1 ? ipv4(part) : undefined;
    if (embedded !== undefined) {
      bytes.push(...embedded);
      continue;
    }
    if (!/^[\da-f]{1,4}$/i.test(part)) return undefined;
    const value = parseInt(part, 16);
    bytes.push(value >> 8, value & 0xff);
  }
  return bytes;
}
