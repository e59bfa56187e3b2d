/** What the head of an ELF file tells of where it can run. Source: elf(5). */
export interface ElfFacts {
  /** The machine as `uname -m` names it, e.g. `x86_64`; `machine 258` where it has no name here. */
  readonly machine: string;
  /** The loader that it asks for (PT_INTERP): with one it is not static. */
  readonly interpreter: string | undefined;
}

/** e_machine, little or big endian, to `uname -m` and its other names. The first is what it is called. */
const machines: Readonly<Record<number, readonly string[]>> = {
  3: ['i686', '386', 'i386', 'i486', 'i586'],
  20: ['ppc'],
  21: ['ppc64le', 'ppc64'],
  22: ['s390x'],
  40: ['armv7l', 'arm', 'armv6l', 'armv8l'],
  62: ['x86_64', 'amd64'],
  183: ['aarch64', 'arm64'],
  243: ['riscv64'],
  258: ['loongarch64'],
};

const interpreterType = 3;
const longestInterpreter = 4096;

/** Reads an ELF program; undefined when the bytes are none, or are cut. */
export function readElf(bytes: Uint8Array): ElfFacts | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 52 || view.getUint32(0) !== 0x7f454c46) return undefined;
  const [wide, little] = [bytes[4] === 2, bytes[5] === 1];
  const number = view.getUint16(18, little);
  try {
    return {
      machine: machines[number]?.[0] ?? `machine ${number}`,
      interpreter: interpreterOf(view, bytes, wide, little),
    };
  } catch {
    // An offset that points behind the end.
    return undefined;
  }
}

function interpreterOf(
  view: DataView,
  bytes: Uint8Array,
  wide: boolean,
  little: boolean,
): string | undefined {
  const word = (at: number): number =>
    wide ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
  const table = word(wide ? 32 : 28);
  const entryBytes = view.getUint16(wide ? 54 : 42, little);
  const entries = view.getUint16(wide ? 56 : 44, little);
  for (let index = 0; index < entries; index++) {
    const at = table + index * entryBytes;
    if (view.getUint32(at, little) !== interpreterType) continue;
    const offset = word(at + (wide ? 8 : 4));
    const length = Math.min(longestInterpreter, word(at + (wide ? 32 : 16)));
    return new TextDecoder().decode(bytes.subarray(offset, offset + length)).replace(/\0.*$/s, '');
  }
  return undefined;
}

/** Machines that run programs of another one as a rule. */
const alsoRuns: Readonly<Record<string, readonly string[]>> = { x86_64: ['i686'], aarch64: ['armv7l'] };

/**
 * Whether a program can run where `uname -m` (or the node's label kubernetes.io/arch) says this. Undefined when the words are
 * not known here: then only trying tells.
 */
export function runsOn(elf: ElfFacts, there: string): boolean | undefined {
  const known = Object.values(machines).find((names) => names.includes(there))?.[0];
  if (known === undefined) return undefined;
  return known === elf.machine || alsoRuns[known]?.includes(elf.machine) === true;
}
