/** The parts of a Windows program that its loader looks at (Microsoft: PE Format). */
export interface PortableExecutable {
  readonly machine: number;
  /** 3 is a console program, 2 one with windows. */
  readonly subsystem: number;
  readonly sections: readonly {
    readonly name: string;
    readonly fileOffset: number;
    readonly fileSize: number;
    readonly address: number;
    readonly memorySize: number;
  }[];
  readonly sectionAlignment: number;
  readonly imageSize: number;
  /** Size of the certificate table: a signature. */
  readonly certificateBytes: number;
  /** What the header says, and what the bytes give. */
  readonly checksum: { readonly told: number; readonly computed: number };
}

/** Throws when it is no 64-bit PE program. */
export function readPortableExecutable(program: Buffer): PortableExecutable {
  const header = program.readUInt32LE(0x3c);
  if (
    program.toString('latin1', 0, 2) !== 'MZ' ||
    program.toString('latin1', header, header + 4) !== 'PE\0\0'
  )
    throw new Error('no PE program');
  const optional = header + 24;
  if (program.readUInt16LE(optional) !== 0x20b) throw new Error('no 64-bit PE program');
  const table = optional + program.readUInt16LE(header + 20);
  const sections = Array.from({ length: program.readUInt16LE(header + 6) }, (_, index) => {
    const at = table + 40 * index;
    return {
      name: program.toString('latin1', at, at + 8).replace(/\0+$/, ''),
      memorySize: program.readUInt32LE(at + 8),
      address: program.readUInt32LE(at + 12),
      fileSize: program.readUInt32LE(at + 16),
      fileOffset: program.readUInt32LE(at + 20),
    };
  });
  return {
    machine: program.readUInt16LE(header + 4),
    subsystem: program.readUInt16LE(optional + 68),
    sections,
    sectionAlignment: program.readUInt32LE(optional + 32),
    imageSize: program.readUInt32LE(optional + 56),
    certificateBytes: program.readUInt32LE(optional + 112 + 4 * 8 + 4),
    checksum: {
      told: program.readUInt32LE(optional + 64),
      computed: checksum(program, optional + 64),
    },
  };
}

/** The sum of all 16-bit words with the carries added back, without the field itself, plus the length (imagehlp's CheckSumMappedFile). */
function checksum(program: Buffer, field: number): number {
  let sum = 0;
  const whole = program.length & ~1;
  for (let at = 0; at < whole; at += 2) {
    if (at === field || at === field + 2) continue;
    sum += program.readUInt16LE(at);
  }
  if (whole < program.length) sum += program[whole] ?? 0;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return sum + program.length;
}
