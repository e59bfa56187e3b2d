import { access, constants, mkdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { Sink } from '../../src/capture/sink.js';
import type { SourcePlace } from '../../src/capture/source.js';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import type { Environment } from '../environment.js';
import type { FileFormat, Rotation } from '../options/files.js';
import { reasonOf } from './file.js';
import { nameForFile, splitEnding } from './names.js';
import { openFiles } from './files.js';

/** A file for each source, where one after the other may come. */
export interface SplitFiles {
  /** For the summary: what the person gave. */
  readonly name: string;
  /** Opens the file of a source; `name` is for the summary. Rejects with a NetdebugError (2). */
  readonly open: (
    place: SourcePlace,
    interfaceName: string,
  ) => Promise<{ readonly name: string; readonly sink: Sink }>;
  /** Removes the folder when it was made for this and is still empty. */
  readonly discard: () => Promise<void>;
}

/**
 * `--split`: `-w web.pcap` becomes `web-POD.pcap` for each pod, `-w FOLDER/` `FOLDER/POD.pcapng` (the folder is made). Where a name is
 * taken in this capture, namespace and interface are added. Throws a usage error when nothing can be written there.
 * @param format For files in a folder, whose names say nothing.
 */
export async function prepareSplit(
  path: string,
  format: FileFormat,
  rotation: Rotation | undefined,
  environment: Pick<Environment, 'cwd' | 'clock'>,
): Promise<SplitFiles> {
  const at = resolve(environment.cwd, path);
  const asFolder = path.endsWith('/') || path.endsWith(sep) || (await isFolder(at));
  const made = asFolder && (await makeFolder(at, path));
  const folder = asFolder ? at : dirname(at);
  await access(folder, constants.W_OK | constants.X_OK).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
  const { stem, ending } = splitEnding(path);
  const nameOf = asFolder ? splitNamer(join(path, sep), `.${format}`) : splitNamer(`${stem}-`, ending);
  return {
    name: path,
    async open(place, interfaceName) {
      const name = nameOf(place, interfaceName);
      return { name, sink: await openFiles(resolve(environment.cwd, name), name, rotation, environment) };
    },
    discard: () => (made ? rmdir(at).catch(() => undefined) : Promise.resolve()),
  };
}

/** Gives each source a name of its own: the pod's, and as much more as makes it one. */
export function splitNamer(
  start: string,
  ending: string,
): (place: SourcePlace, interfaceName: string) => string {
  const taken = new Set<string>();
  return (place, interfaceName) => {
    const [who, whole] =
      place.kind === 'pod'
        ? [nameForFile(place.pod), `${nameForFile(place.namespace)}-${nameForFile(place.pod)}`]
        : [`node-${nameForFile(place.node)}`, `node-${nameForFile(place.node)}`];
    const device = nameForFile(interfaceName);
    const names = [who, whole, `${who}-${device}`, `${whole}-${device}`];
    let name = names.find((one) => !taken.has(one));
    for (let number = 2; name === undefined; number++) {
      const numbered = `${whole}-${device}-${number}`;
      if (!taken.has(numbered)) name = numbered;
    }
    taken.add(name);
    return `${start}${name}${ending}`;
  };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Whether the folder was made now. */
async function makeFolder(path: string, name: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST' && (await isFolder(path))) return false;
    throw unwritable(name, cause);
  }
}

function unwritable(name: string, cause: unknown): NetdebugError {
  return new NetdebugError(`cannot write to ${name}: ${reasonOf(cause)}`, {
    exitCode: ExitCode.usage,
    hint: 'with --split, give -w a folder that can be written (out/), or the beginning of the names (web.pcap)',
    cause,
  });
}
