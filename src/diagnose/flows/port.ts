import { ExitCode, NetdebugError } from '../../errors.js';
import type { End } from '../policy/end.js';
import type { Protocol } from '../policy/objects.js';

/** A port of an end by number or, of a pod, by name; undefined when it has no port of that name. */
export function podPort(end: End, port: number | string, protocol: Protocol): number | undefined {
  if (typeof port === 'number') return port;
  return end.kind === 'pod' ? end.namedPorts.get(`${protocol}/${port}`) : undefined;
}

/** The port of a destination that is no Service. Throws a NetdebugError: none given (2), or no port of that name (6). */
export function requiredPort(
  end: End,
  { port, protocol }: { readonly port?: number | string; readonly protocol: Protocol },
  shown: string,
): number {
  if (port === undefined) {
    throw new NetdebugError(`${shown}: say which port, as in ${shown}:80.`, {
      exitCode: ExitCode.usage,
      hint: 'What passes depends on the port; `kubectl netdebug policy --all-pairs` shows which ports policies leave open.',
    });
  }
  const number = podPort(end, port, protocol);
  if (number !== undefined) return number;
  const names =
    end.kind === 'pod'
      ? [...end.namedPorts].map(([name, value]) => `${name.split('/')[1] ?? ''} (${value})`)
      : [];
  throw new NetdebugError(`${shown}: it has no port named ${port} for ${protocol}.`, {
    exitCode: ExitCode.target,
    hint: names.length === 0 ? 'None of its ports has a name.' : `It has ${names.join(', ')}.`,
  });
}
