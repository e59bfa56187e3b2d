import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { ExitCode, NetdebugError } from '../errors.js';
import { cleanText } from './text.js';

/** A kubeconfig as read: entries by name, relative paths already resolved against their file. */
export interface Kubeconfig {
  readonly currentContext: string | undefined;
  readonly contexts: ReadonlyMap<string, Fields>;
  readonly clusters: ReadonlyMap<string, Fields>;
  readonly users: ReadonlyMap<string, Fields>;
  /** The files it was read from, for messages. */
  readonly files: readonly string[];
}

/** One YAML mapping whose values are checked where they are read. */
export type Fields = Readonly<Record<string, unknown>>;

/** Where kubeconfigs are looked for. */
export interface KubeconfigPlaces {
  /** `--kubeconfig`: this file only, and it must exist. */
  readonly explicit?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
}

const MAX_FILE_BYTES = 16 * 1024 * 1024;
const CLUSTER_FILES = ['certificate-authority'];
const USER_FILES = ['client-certificate', 'client-key', 'tokenFile'];

/**
 * Reads and merges kubeconfigs as kubectl does (client-go, tools/clientcmd/loader.go): `--kubeconfig` alone, else the files of
 * `KUBECONFIG`, else `~/.kube/config`. The first file to name a cluster, user or context wins as a whole; files that do
 * not exist are skipped. undefined when there is no file at all.
 */
export async function readKubeconfig(places: KubeconfigPlaces): Promise<Kubeconfig | undefined> {
  if (places.explicit) {
    const only = await readOne(path.resolve(places.explicit));
    if (!only) throw configError(`There is no kubeconfig ${places.explicit}.`, 'Check --kubeconfig.');
    return only;
  }
  const listed = (places.env.KUBECONFIG ?? '').split(path.delimiter).filter((file) => file !== '');
  const files = listed.length > 0 ? [...new Set(listed)] : [path.join(places.homeDir, '.kube', 'config')];
  const read = await Promise.all(files.map((file) => readOne(path.resolve(file))));
  const found = read.filter((each) => each !== undefined);
  return found.length > 0 ? mergeKubeconfigs(found) : undefined;
}

/** First wins, entry by entry: an entry of a later file with the same name is dropped whole, also where it says more. */
function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const merged = (pick: (config: Kubeconfig) => ReadonlyMap<string, Fields>) =>
    new Map(configs.toReversed().flatMap((config) => [...pick(config)]));
  return {
    currentContext: configs.find((config) => config.currentContext !== undefined)?.currentContext,
    contexts: merged((config) => config.contexts),
    clusters: merged((config) => config.clusters),
    users: merged((config) => config.users),
    files: configs.flatMap((config) => config.files),
  };
}

/** Parses one kubeconfig; relative paths in it are relative to the file. Throws with the file and the key that is wrong. */
export function parseKubeconfig(text: string, file: string): Kubeconfig {
  let document: unknown;
  try {
    document = parse(text, { logLevel: 'error' });
  } catch (error) {
    const why = cleanText(error instanceof Error ? error.message : String(error), 300);
    throw configError(`The kubeconfig ${file} is not YAML: ${why}`, 'Check it with: kubectl config view');
  }
  // An empty file is an empty kubeconfig.
  const root = asFields(document ?? {}, file, 'the document');
  const folder = path.dirname(file);
  return {
    currentContext: optionalString(root, 'current-context', file) || undefined,
    contexts: entries(root, 'contexts', 'context', file, (fields) => fields),
    clusters: entries(root, 'clusters', 'cluster', file, (fields) =>
      resolveFiles(fields, CLUSTER_FILES, folder),
    ),
    users: entries(root, 'users', 'user', file, (fields) =>
      resolveCommand(resolveFiles(fields, USER_FILES, folder), folder),
    ),
    files: [file],
  };
}

/** A string field; undefined when absent, an error when it is something else. */
export function optionalString(fields: Fields, key: string, where: string): string | undefined {
  const value = fields[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw wrongType(where, key, 'a string');
  return value;
}

/** A boolean field; false when absent, an error when it is something else. */
export function optionalBoolean(fields: Fields, key: string, where: string): boolean {
  const value = fields[key];
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw wrongType(where, key, 'true or false');
  return value;
}

/** A list field; empty when absent, an error when it is something else. */
export function optionalList(fields: Fields, key: string, where: string): readonly unknown[] {
  const value = fields[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrongType(where, key, 'a list');
  return value;
}

/** A mapping field; undefined when absent, an error when it is something else. */
export function optionalFields(fields: Fields, key: string, where: string): Fields | undefined {
  const value = fields[key];
  return value === undefined || value === null ? undefined : asFields(value, where, key);
}

/** A list of strings; empty when absent, an error when it is something else. */
export function optionalStrings(fields: Fields, key: string, where: string): readonly string[] {
  return optionalList(fields, key, where).map((item) => {
    if (typeof item !== 'string') throw wrongType(where, key, 'a list of strings');
    return item;
  });
}

/** A mapping, or an error that says where one was expected. */
export function asFields(value: unknown, where: string, key: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrongType(where, key, 'a mapping');
  return value as Fields;
}

/** Something is wrong with the kubeconfig: exit 4, as the cluster cannot be reached with it. */
export function configError(sentence: string, hint: string, details: readonly string[] = []): NetdebugError {
  return new NetdebugError(sentence, { exitCode: ExitCode.unreachable, hint, details });
}

function wrongType(where: string, key: string, expected: string): NetdebugError {
  return configError(
    `In the kubeconfig ${where}, ${key} is not ${expected}.`,
    'Check it with: kubectl config view',
  );
}

async function readOne(file: string): Promise<Kubeconfig | undefined> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES)
      throw configError(`The kubeconfig ${file} is larger than 16 MiB.`, 'Check KUBECONFIG.');
    return parseKubeconfig(await readFile(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof NetdebugError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw configError(`The kubeconfig ${file} cannot be read (${code}).`, 'Check its owner and permissions.');
  }
}

function entries(
  root: Fields,
  list: string,
  item: string,
  file: string,
  resolve: (fields: Fields) => Fields,
): ReadonlyMap<string, Fields> {
  const found = new Map<string, Fields>();
  for (const value of optionalList(root, list, file)) {
    const entry = asFields(value, file, list);
    const name = optionalString(entry, 'name', `${file} (${list})`) ?? '';
    if (found.has(name))
      throw configError(
        `In the kubeconfig ${file}, ${list} names "${name}" twice.`,
        'Remove one of the two.',
      );
    found.set(name, resolve(asFields(entry[item] ?? {}, `${file} (${list} "${name}")`, item)));
  }
  return found;
}

function resolveFiles(fields: Fields, keys: readonly string[], folder: string): Fields {
  const relative = keys.filter((key) => typeof fields[key] === 'string' && fields[key] !== '');
  return {
    ...fields,
    ...Object.fromEntries(relative.map((key) => [key, path.resolve(folder, String(fields[key]))])),
  };
}

/** A plugin given by a relative path lies beside the kubeconfig; a bare name is looked up in PATH. */
function resolveCommand(fields: Fields, folder: string): Fields {
  const exec = fields.exec;
  if (typeof exec !== 'object' || exec === null) return fields;
  const { command } = exec as { command?: unknown };
  if (typeof command !== 'string' || !command.includes(path.sep)) return fields;
  return { ...fields, exec: { ...exec, command: path.resolve(folder, command) } };
}
