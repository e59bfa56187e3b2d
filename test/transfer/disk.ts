import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { join } from 'node:path';
import type { Pulled } from '../../plugin/print/pull.js';
import { pulledTo } from '../../plugin/pulled.js';
import type { StatusLine } from '../../plugin/print/statusline.js';
import { lookAt, type RemoteContext } from '../../src/transfer/remote.js';
import type { Environment } from '../../plugin/environment.js';
import { clock } from '../tools/local.js';

/** What lies in a folder: names with contents, targets of links, `/` for folders. */
export function listing(folder: string, prefix = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const [name, path] = [`${prefix}${entry.name}`, join(folder, entry.name)];
    if (entry.isSymbolicLink()) found[name] = `-> ${readlinkSync(path)}`;
    else if (entry.isDirectory()) Object.assign(found, { [`${name}/`]: '' }, listing(path, `${name}/`));
    else found[name] = lstatSync(path).isFile() ? readFileSync(path, 'latin1') : '?';
  }
  return found;
}

/** What a transfer was told and what it said. */
export interface Pulling {
  readonly result: Promise<Pulled>;
  readonly notes: string[];
  /** What went to stdout. */
  readonly out: () => Buffer;
}

export interface PullingOptions {
  readonly force?: boolean;
  readonly maxBytes?: number;
  readonly cwd: string;
  readonly onShow?: (line: string) => void;
}

/** The command `pull` from the words on, without a process around it. */
export function pulling(
  context: Pick<RemoteContext, 'run' | 'signal'>,
  remote: string,
  local: string,
  { force = false, maxBytes = 2 ** 40, cwd, onShow }: PullingOptions,
): Pulling {
  const notes: string[] = [];
  const chunks: Buffer[] = [];
  const stdout = new PassThrough().on('data', (chunk: Buffer) => chunks.push(chunk));
  const status: StatusLine = {
    note: (line) => notes.push(line),
    show: (_, line) => onShow?.(line),
    clear: () => undefined,
  };
  const environment = { clock: { ...clock, every: () => () => undefined }, stdout, platform: 'linux' };
  const to = pulledTo(join(cwd, local), { local, force, maxBytes }, environment as unknown as Environment);
  const all = { ...context, clock };
  return {
    notes,
    out: () => Buffer.concat(chunks),
    result: lookAt(remote, all).then((found) => to.pull(found, all, status)),
  };
}
