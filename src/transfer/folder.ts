import { ExitCode, NetdebugError } from '../errors.js';
import { cleanText } from '../kube/text.js';
import { eachLine } from '../tools/text.js';
import { attempt, fruitlessAttempts, isLoss, persistently, waitBefore, type Attempt } from './attempt.js';
import { readTree, type Tree } from './entries.js';
import type { PullOptions } from './file.js';
import { type RemotePath, remoteSum, scriptArgv } from './remote.js';
import type { Checked, LocalNames, Skipped, TreeTarget } from './types.js';

/** A folder that was pulled; it is as whole as it could be read there. */
export interface PulledFolder {
  readonly files: number;
  readonly bytes: number;
  readonly checked: Checked;
  readonly skipped: readonly Skipped[];
  /** What tar could not read there, in its own words. */
  readonly unread: readonly string[];
}

export interface FolderOptions extends PullOptions {
  readonly local: LocalNames;
}

/** So many files that seem changed are looked at again, up to where they were read. */
const mostSecondLooks = 200;
const harmless = /file changed as we read it$|socket ignored$|[Rr]emoving leading/;

/**
 * Pulls a folder by tar. After a lost connection it is begun anew: `begin` is called for each attempt, and forgets what came before; it
 * resolves undefined where that cannot be taken back. Rejects with a NetdebugError (8, 130) when the tar did not come to its end.
 */
export async function pullFolder(
  remote: RemotePath,
  begin: () => Promise<TreeTarget | undefined>,
  options: FolderOptions,
): Promise<PulledFolder> {
  if (!remote.has.tar) {
    throw new NetdebugError('The container has no tar, which a folder needs.', {
      exitCode: ExitCode.target,
      hint: 'Single files can be pulled without it. The debug image has one: leave -c out and name the container with --target.',
    });
  }
  for (let again = 1; ; again++) {
    const { tree, end } = await once(remote, begin, options, again > 1);
    if (end.kind === 'ended' && tree !== undefined) {
      const unread = end.exitCode === 0 ? [] : end.words.filter((line) => !harmless.test(line));
      if (end.exitCode > 1 && unread.length === 0) unread.push(`tar ended with exit code ${end.exitCode}`);
      const checked = await compare(remote, tree, options);
      return { files: tree.files.size, bytes: tree.bytes, checked, skipped: tree.skipped, unread };
    }
    const error = end.kind === 'lost' ? end.error : cutShort(remote.path);
    if (end.kind !== 'lost' || again > fruitlessAttempts) throw error;
    options.onNote?.('the connection was lost; beginning the folder anew');
    await waitBefore(again, options.clock, options.signal);
  }
}

async function once(
  remote: RemotePath,
  begin: () => Promise<TreeTarget | undefined>,
  options: FolderOptions,
  lost: boolean,
): Promise<{ readonly tree: Tree | undefined; readonly end: Attempt }> {
  const target = await begin();
  if (target === undefined) {
    throw new NetdebugError('The connection was lost, and what was written to stdout cannot be taken back.', {
      exitCode: ExitCode.incomplete,
      hint: 'Pull the folder to a place on the disk instead: that is begun anew.',
    });
  }
  let tree: Tree | undefined;
  let bytes = 0;
  const { limits, local } = options;
  const onBytes = (more: number): void => options.onBytes?.((bytes += more));
  try {
    const argv = ['tar', 'cf', '-', '-C', remote.path, '.'];
    const end = await attempt(
      argv,
      async (stdout) => {
        tree = await readTree(stdout, target, { limits, local, onBytes });
        return 'all';
      },
      options,
    );
    return { tree, end };
  } catch (error) {
    if (!lost || !isLoss(error)) throw error;
    return { tree, end: { kind: 'lost', error } };
  }
}

function cutShort(path: string): NetdebugError {
  return new NetdebugError(`The tar of ${cleanText(path, 200)} was cut short.`, {
    exitCode: ExitCode.incomplete,
  });
}

async function compare(remote: RemotePath, tree: Tree, options: FolderOptions): Promise<Checked> {
  if (tree.files.size === 0) return { kind: 'not-compared', why: 'there are no files' };
  if (!remote.has.sha256sum || !remote.has.find) {
    const missing = remote.has.sha256sum ? 'find' : 'sha256sum';
    return { kind: 'not-compared', why: `the container has no ${missing}` };
  }
  const sums = await persistently(() => readSums(remote.path, tree, options), options);
  const different: string[] = [];
  let same = 0;
  for (const [name, { sha256, bytes }] of tree.files) {
    const there = sums.get(name);
    if (there === undefined) continue;
    if (there === sha256 || (await stillBegins(remote, name, sha256, bytes, different.length, options)))
      same++;
    else different.push(name);
  }
  if (different.length > 0) return { kind: 'different', files: same, names: different };
  return same === 0
    ? { kind: 'not-compared', why: 'the files are gone there, or sha256sum failed' }
    : { kind: 'same', files: same };
}

/** A log that grew since is still the same up to where it was read. */
async function stillBegins(
  { path }: RemotePath,
  name: string,
  sha256: string,
  bytes: number,
  looked: number,
  options: FolderOptions,
): Promise<boolean> {
  if (looked >= mostSecondLooks) return false;
  return (await persistently(() => remoteSum(`${path}/${name}`, options, bytes), options)) === sha256;
}

/** The sums of all files there that are known here too: no more is kept than the tree already holds. */
async function readSums(path: string, tree: Tree, options: FolderOptions): Promise<Map<string, string>> {
  const sums = new Map<string, string>();
  const script = 'cd -- "$1" && exec find . -type f -exec sha256sum {} +';
  const end = await attempt(
    scriptArgv(script, path),
    async (stdout) => {
      await eachLine(stdout, (line) => {
        const read = readSum(line);
        if (read !== undefined && tree.files.has(read.name)) sums.set(read.name, read.sha256);
      });
      return 'all';
    },
    options,
  );
  if (end.kind === 'lost') throw end.error;
  return sums;
}

/** `HEX  ./name`; a name with a backslash has its line begin with one, and two in its place. */
export function readSum(line: string): { readonly name: string; readonly sha256: string } | undefined {
  const match = /^(\\?)([0-9a-f]{64}) [ *]\.\/(.+)$/.exec(line);
  if (match === null) return undefined;
  const [, escaped, sha256 = '', name = ''] = match;
  return { sha256, name: escaped === '' ? name : name.replaceAll('\\\\', '\\') };
}
