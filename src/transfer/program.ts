import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { ExitCode, NetdebugError } from '../errors.js';
import { readElf, type ElfFacts } from './elf.js';

/** A program of this machine that is to run in a container. */
export interface LocalProgram {
  /** As the person named it. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Hex. */
  readonly sha256: string;
  readonly elf: ElfFacts;
}

/** A static tcpdump has 2 to 8 MB. */
const mostBytes = 64 * 1024 * 1024;

/** Reads a program. Throws a {@link NetdebugError} (2) when it cannot be read, is no ELF file, or is beyond all measure. */
export async function readProgram(path: string, name: string): Promise<LocalProgram> {
  const bytes = await readAtMost(path, name);
  const elf = readElf(bytes);
  if (elf === undefined) {
    throw wrong(`${name} is not a program for Linux (no ELF file).`);
  }
  return { name, bytes, sha256: createHash('sha256').update(bytes).digest('hex'), elf };
}

async function readAtMost(path: string, name: string): Promise<Uint8Array> {
  try {
    const handle = await open(path);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw wrong(`${name} is not a file.`);
      if (stat.size > mostBytes) throw wrong(`${name} has more than ${mostBytes / 1024 / 1024} MiB.`);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof NetdebugError) throw cause;
    throw wrong(`${name} cannot be read: ${(cause as Error).message.split(',')[0] ?? ''}.`, cause);
  }
}

function wrong(sentence: string, cause?: unknown): NetdebugError {
  return new NetdebugError(sentence, {
    exitCode: ExitCode.usage,
    hint: 'Give --upload a static tcpdump for the architecture of the node.',
    cause,
  });
}
