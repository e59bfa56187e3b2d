import type { Readable } from 'node:stream';
import type { ExecSession } from '../kube/api.js';
import { cleanText } from '../kube/text.js';
import { ExitCode, NetdebugError } from '../errors.js';
import type { LocalProgram } from './program.js';
import {
  checkMachine,
  checkRaw,
  doesNotRun,
  noPlace,
  noShell,
  notWhole,
  type Unfit,
} from './upload-failure.js';

/** A program that was taken in, and the connection that keeps it there. */
export interface Kept {
  readonly session: ExecSession;
  readonly folder: string;
  /** Of the program. */
  readonly path: string;
  /** The first line of what --version said. */
  readonly version: string;
  /** The connection has ended, and the program is removed. */
  readonly gone: () => boolean;
}

const mostSaidBytes = 64 * 1024;

/**
 * The other side of the keeper script (upload-script.ts): reads what it finds, sends the program when it is ready, and judges what came
 * of it. Throws a {@link NetdebugError}; then the session is to be left, and the script removes what there is.
 */
export async function takenIn(
  session: ExecSession,
  program: LocalProgram,
  packed: Uint8Array,
  container: string,
): Promise<Kept> {
  let ended = false;
  void session.done.then(() => (ended = true));
  session.stdin.on('error', () => undefined);
  session.stderr.resume();
  const unfit: Unfit[] = [];
  const state = { folder: '', code: undefined as number | undefined, said: [] as string[], sum: '' };
  for await (const line of linesOf(session.stdout)) {
    if (state.code !== undefined && line !== 'end') {
      state.said.push(line);
      continue;
    }
    const [word = '', first = '', second = '', third = ''] = line.split('\t');
    switch (word) {
      case 'machine':
        checkMachine(program, first, container);
        break;
      case 'caps':
        checkRaw(first, container);
        break;
      case 'no':
        if (first === 'head') throw noHead(container);
        unfit.push({ why: first, folder: second, words: third });
        break;
      case 'none':
        throw noPlace(container, program.bytes.length, unfit);
      case 'ready':
        state.folder = second;
        session.stdin.write(first === 'tar' ? packed : program.bytes);
        break;
      case 'got':
        if (first !== String(program.bytes.length)) throw notWhole(container, program, first, second);
        break;
      case 'sum':
        state.sum = first;
        if (first !== '' && first !== program.sha256) {
          throw notWhole(container, program, 'other', 'the sha256 of what arrived is another one');
        }
        break;
      case 'ran':
        state.code = Number(first);
        break;
      case 'end':
        return judged(state, session, program, container, () => ended);
    }
  }
  const end = await session.done;
  if (end.kind === 'failed') throw noShell(container, end.error);
  if (end.kind === 'lost') throw end.error;
  throw new NetdebugError(`The upload into container ${container} ended with exit code ${end.exitCode}.`, {
    exitCode: ExitCode.incomplete,
  });
}

function judged(
  {
    folder,
    code,
    said,
  }: { readonly folder: string; readonly code: number | undefined; readonly said: readonly string[] },
  session: ExecSession,
  program: LocalProgram,
  container: string,
  gone: () => boolean,
): Kept {
  const words = said.join('\n').trim();
  if (code !== 0) throw doesNotRun(program, container, code ?? -1, words);
  // Nothing more is said; what comes all the same must not stop the connection.
  session.stdout.resume();
  const version = cleanText(said[0] ?? '', 100);
  return { session, folder, path: `${folder}/tcpdump`, version, gone };
}

function noHead(container: string): NetdebugError {
  return new NetdebugError(`Container ${container} has no head, which takes the program in.`, {
    exitCode: ExitCode.target,
    hint: 'Name another container of the pod with --container: all of them share its network.',
  });
}

/** Lines as they come, without destroying the stream when the reader leaves. More than a script can mean to say is the end. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let bytes = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > mostSaidBytes) return;
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
