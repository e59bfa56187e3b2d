import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { extract, type Extract } from 'tar-stream';
import { nameKey, parentOf, refused, staysInside, treeName } from './names.js';
import type { FileFacts, LocalNames, Skipped, TransferLimits, TreeTarget } from './types.js';

/** One entry of a tar: its header, and a stream of its bytes. */
type Entry = Extract extends AsyncIterable<infer Source> ? Source : never;

/** A folder that came out of a tar. */
export interface Tree {
  /** sha256 (hex) and length of every file, by its name; one that came by a second name is not listed twice. */
  readonly files: ReadonlyMap<string, { readonly sha256: string; readonly bytes: number }>;
  readonly entries: number;
  readonly bytes: number;
  readonly skipped: readonly Skipped[];
}

export interface TreeOptions {
  readonly limits: TransferLimits;
  readonly local: LocalNames;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** All names together: what is remembered of a tree must not fill the memory. */
const mostNamesBytes = 64 * 1024 * 1024;

interface State {
  readonly seen: Map<string, 'folder' | 'file' | 'link'>;
  readonly files: Map<string, { readonly sha256: string; readonly bytes: number }>;
  readonly links: { readonly name: string; readonly to: string }[];
  readonly skipped: Skipped[];
  entries: number;
  bytes: number;
  namesBytes: number;
}

/**
 * Reads a tar and gives its entries to a target, one at a time and at its pace. Rejects with a NetdebugError (8) at the first entry that no
 * honest tar sends; what only cannot be transferred (devices, links that lead out) is skipped and named. Rejects with
 * tar-stream's own error when the tar is cut or is none.
 */
export async function readTree(source: Readable, target: TreeTarget, options: TreeOptions): Promise<Tree> {
  const state: State = {
    seen: new Map([['', 'folder']]),
    files: new Map(),
    links: [],
    skipped: [],
    entries: 0,
    bytes: 0,
    namesBytes: 0,
  };
  const tar = extract();
  const fed = feed(source, tar);
  for await (const entry of tar) {
    await takeEntry(entry, target, state, options);
    // What was not read of an entry is passed over.
    entry.resume();
  }
  await fed;
  await makeLinks(target, state, options.local);
  return state;
}

/** Never rejects: what goes wrong with the source goes wrong with the tar. */
async function feed(source: Readable, tar: Extract): Promise<void> {
  try {
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      if (tar.destroyed) return;
      if (!tar.write(chunk)) await takesMore(tar);
    }
    tar.end(null);
  } catch (error) {
    tar.destroy(error as Error);
  }
}

function takesMore(tar: Extract): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      tar.off('drain', go);
      tar.off('close', go);
      resolve();
    };
    tar.once('drain', go);
    tar.once('close', go);
    if (tar.destroyed) go();
  });
}

async function takeEntry(
  entry: Entry,
  target: TreeTarget,
  state: State,
  { limits, local, onBytes }: TreeOptions,
): Promise<void> {
  const { header } = entry;
  const raw = header.name;
  const name = treeName(raw, local);
  state.namesBytes += raw.length + linkOf(entry).length;
  if (++state.entries > limits.entries || state.namesBytes > mostNamesBytes) {
    throw refused(raw, `more than ${limits.entries} entries, or names beyond all measure`);
  }
  // Spoilt by decoding: it would be written under another name than it has.
  if (raw.includes('\ufffd')) {
    skip(state, name, 'its name is not UTF-8');
    return;
  }
  const facts = factsOf(entry);
  switch (header.type) {
    case 'directory':
      if (name === '') return target.folder('', facts);
      claim(raw, name, 'folder', state, local);
      await makeParents(name, target, state, local);
      return target.folder(name, facts);
    case 'file':
    case 'contiguous-file': {
      if (isSparse(entry)) {
        skip(state, name, 'it is stored as a sparse file');
        return;
      }
      claim(raw, name, 'file', state, local);
      const bytes = header.size;
      if (state.bytes + bytes > limits.bytes) throw refused(raw, tooMuch(limits.bytes));
      state.bytes += bytes;
      await makeParents(name, target, state, local);
      return takeFile(entry, name, bytes, target, state, onBytes);
    }
    case 'link': {
      const of = treeName(linkOf(entry), local);
      claim(raw, name, 'file', state, local);
      if (!state.files.has(of)) throw refused(raw, 'a hard link to something that is not in the folder');
      await makeParents(name, target, state, local);
      return target.hardLink(name, of);
    }
    case 'symlink':
      claim(raw, name, 'link', state, local);
      await makeParents(name, target, state, local);
      // Made when everything else is there, so that nothing can be written through one.
      state.links.push({ name, to: linkOf(entry) });
      return;
    case 'character-device':
    case 'block-device': {
      skip(state, name, 'it is a device');
      return;
    }
    case 'fifo': {
      skip(state, name, 'it is a pipe');
      return;
    }
    default: {
      skip(state, name, 'it is of no kind that is known here');
      return;
    }
  }
}

async function takeFile(
  entry: Entry,
  name: string,
  bytes: number,
  target: TreeTarget,
  state: State,
  onBytes: TreeOptions['onBytes'],
): Promise<void> {
  const writer = await target.file(name, bytes, factsOf(entry));
  const hash = createHash('sha256');
  try {
    for await (const chunk of entry as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      await writer.write(chunk);
      onBytes?.(chunk.length);
    }
  } finally {
    await writer.close();
  }
  state.files.set(name, { sha256: hash.digest('hex'), bytes });
}

/** Remembers a name. Throws when it was there already: the second would overwrite the first, or go through it. */
function claim(
  raw: string,
  name: string,
  kind: 'folder' | 'file' | 'link',
  { seen }: State,
  local: LocalNames,
): void {
  if (name === '') throw refused(raw, 'another thing in place of the folder');
  const key = nameKey(name, local);
  const before = seen.get(key);
  if (before !== undefined && !(before === 'folder' && kind === 'folder' && !local.foldsCase)) {
    throw refused(
      raw,
      local.foldsCase
        ? 'a name that is there already (case does not count here)'
        : 'a name that is there already',
    );
  }
  seen.set(key, kind);
}

/** Makes the folders above a name that the tar did not tell of. Throws when one of them is no folder. */
async function makeParents(name: string, target: TreeTarget, state: State, local: LocalNames): Promise<void> {
  const parent = parentOf(name);
  const kind = state.seen.get(nameKey(parent, local));
  if (kind === 'folder') return;
  if (kind !== undefined)
    throw refused(name, kind === 'link' ? 'a name that goes through a link' : 'a name below a file');
  await makeParents(parent, target, state, local);
  state.seen.set(nameKey(parent, local), 'folder');
  await target.folder(parent, { mode: undefined, mtimeSeconds: undefined });
}

async function makeLinks(target: TreeTarget, state: State, local: LocalNames): Promise<void> {
  const all = new Map(state.links.map(({ name, to }) => [nameKey(name, local), to]));
  for (const { name, to } of state.links) {
    if (staysInside(name, to, all, local)) await target.symbolicLink(name, to);
    else skip(state, name, `it is a link that leads out of the folder, to ${to.slice(0, 200)}`);
  }
}

function factsOf({ header }: Entry): FileFacts {
  const seconds = Math.floor(header.mtime.getTime() / 1000);
  return {
    mode: header.mode & 0o777,
    mtimeSeconds: seconds > 0 && seconds < 2 ** 33 ? seconds : undefined,
  };
}

/** The types of the package promise a word; a header without one has null. */
function linkOf({ header }: Entry): string {
  const { linkname } = header as { readonly linkname: string | null };
  return linkname ?? '';
}

/** GNU tar's sparse files of the pax format; those of the old format are of an unknown kind. */
function isSparse({ header }: Entry): boolean {
  return Object.keys((header.pax as object | null) ?? {}).some((key) => key.startsWith('GNU.sparse.'));
}

function skip(state: State, name: string, why: string): void {
  state.skipped.push({ name, why });
}

function tooMuch(bytes: number): string {
  return `with it, it would be more than ${bytes} bytes (--max-size)`;
}
