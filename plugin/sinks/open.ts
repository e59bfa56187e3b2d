import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Sink } from '../../src/capture/sink.js';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import type { Environment } from '../environment.js';
import type { CaptureDestination } from '../options/capture.js';
import type { Rotation } from '../options/files.js';
import type { Setting } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { openFiles } from './files.js';
import { gzipSink, isGzipName } from './gzip.js';
import { patternOfSet } from './names.js';
import { isPipe, openPipeSink } from './pipe.js';
import { openStdoutSink } from './stdout.js';
import { findWireshark, hasDesktop, type WiresharkFound } from './wireshark-find.js';

/** A destination that was looked at before anything is injected, and is opened when packets come. */
export interface ReadySink {
  /** For the summary: a file's name, `stdout`, `Wireshark`. */
  readonly name: string;
  /** True when packets go to stdout, so that nothing else may. */
  readonly takesStdout: boolean;
  /** Called once, when packets come. */
  readonly open: () => Promise<Sink>;
  /** Leaves nothing behind if it was never opened; does nothing otherwise. */
  readonly discard: () => Promise<void>;
}

/**
 * Finds the destination and makes sure that it can take packets. Throws a usage error when it cannot: no such directory, a
 * terminal, no Wireshark or one that is too old. `any`: packets of all interfaces. `rotation`: of files only.
 */
export async function prepareSink(
  destination: CaptureDestination,
  wireshark: Setting | undefined,
  environment: Environment,
  any: boolean,
  rotation?: Rotation,
): Promise<ReadySink> {
  switch (destination.kind) {
    case 'stdout':
      return opened('stdout', openStdoutSink(environment), true);
    case 'file': {
      const { path } = destination;
      const at = resolve(environment.cwd, path);
      const name = rotation === undefined ? path : patternOfSet(path);
      return opened(name, await openPath(at, path, rotation, environment), false);
    }
    case 'wireshark': {
      const found = lookForWireshark(wireshark, environment);
      if (found === undefined) throw noWireshark(wireshark);
      return wiresharkSink(found, any);
    }
    case 'unsaid': {
      const found = hasDesktop(environment) ? lookForWireshark(wireshark, environment) : undefined;
      if (found !== undefined) return wiresharkSink(found, any);
      throw usageError(
        'it is not said where the packets are to go, and there is no Wireshark to show them',
        'capture',
        'give -w FILE, -w - for stdout, or --wireshark',
      );
    }
  }
}

async function openPath(
  at: string,
  name: string,
  rotation: Rotation | undefined,
  environment: Environment,
): Promise<Sink> {
  if (!(await isPipe(at))) return openFiles(at, name, rotation, environment);
  if (rotation !== undefined)
    throw usageError(`${name} is a named pipe, which cannot go on in another file`, 'capture');
  const pipe = await openPipeSink(at, name, environment);
  return isGzipName(at) ? gzipSink(pipe, name, environment.clock) : pipe;
}

function opened(name: string, sink: Sink, takesStdout: boolean): ReadySink {
  let taken = false;
  return {
    name,
    takesStdout,
    open() {
      taken = true;
      return Promise.resolve(sink);
    },
    discard: () => (taken ? Promise.resolve() : sink.abort(new Error('nothing was captured'))),
  };
}

function lookForWireshark(
  setting: Setting | undefined,
  environment: Environment,
): WiresharkFound | undefined {
  return findWireshark({ ...environment, exists: existsSync }, setting?.text);
}

function noWireshark(setting: Setting | undefined): NetdebugError {
  const where = setting === undefined ? '' : ` at ${setting.text} (${setting.origin})`;
  return new NetdebugError(`Wireshark was not found${where}`, {
    exitCode: ExitCode.usage,
    hint: 'write a file with -w FILE and open it anywhere, or name the program with NETDEBUG_WIRESHARK',
  });
}

async function wiresharkSink(found: WiresharkFound, any: boolean): Promise<ReadySink> {
  const { checkWireshark, openWiresharkSink, wiresharkVersion } = await import('./wireshark.js');
  checkWireshark(await wiresharkVersion(found), any);
  return {
    name: 'Wireshark',
    takesStdout: false,
    open: () => openWiresharkSink(found),
    discard: () => Promise.resolve(),
  };
}
