import { ExitCode } from '../../src/errors.js';
import type { Command } from '../command.js';
import type { Settings } from '../options/setting.js';
import type { Words } from '../options/words.js';
import { coloursFor } from '../print/colour.js';
import { parseProbe, probeFlags, probeIn } from '../probe.js';
import type { PodAddress, SessionContext } from '../context.js';
import { inPod, type PodCommandRequest } from '../target.js';

/** `kubectl netdebug interfaces POD`. */
export const interfacesCommand: Command = {
  name: 'interfaces',
  usage: 'POD [FLAGS]',
  summary: 'addresses, routes, neighbours and counters of a pod',
  about:
    'Shows the network of a pod as its kernel has it: interfaces with addresses, MTU and counters, routes, neighbours, and resolv.conf. Read by ip with JSON, else by the ip of busybox, else from /proc/net.',
  examples: [
    { about: 'Of a pod', words: 'interfaces web-0' },
    { about: 'For programs', words: 'interfaces deploy/web -o json' },
  ],
  flags: probeFlags({}),
  prepare: (words, settings) => {
    const request = parseInterfaces(words, settings);
    return (environment) => inPod(request, environment, interfacesIn);
  },
};

/** Words → request. Throws a usage error. */
function parseInterfaces(words: Words, settings: Settings): PodCommandRequest {
  return parseProbe(words, settings, []).request;
}

async function interfacesIn(context: SessionContext, at: PodAddress): Promise<number> {
  const { environment, output } = context;
  const { interfaces, interfacesArgv } = await import('../../src/tools/interfaces.js');
  return probeIn(context, at, {
    argv: () => interfacesArgv(),
    doing: 'reading the interfaces',
    probe: (run, options) => interfaces(run, options),
    print: async (result) =>
      (await import('../print/interfaces.js')).interfacesText(
        result,
        coloursFor('stdout', output.color, environment),
      ),
    exit: () => ExitCode.ok,
  });
}
