import type { AskedPort } from '../../src/matrix/plan.js';
import { usageError } from './usage.js';

/** Most ports of one `--port` list. */
const mostPorts = 50;

/** `80,53/udp,http` → ports; numbers, or names that containers and Services give theirs. Throws a usage error. */
export function parsePorts(words: readonly string[]): AskedPort[] {
  const parts = words.flatMap((word) => word.split(',')).map((part) => part.trim());
  if (parts.length > mostPorts) throw usageError(`--port: more than ${mostPorts} ports`);
  const ports = parts.map((part): AskedPort => {
    const [, port = '', protocol = 'tcp'] = /^([a-z0-9-]{1,15})(?:\/(tcp|udp|sctp))?$/i.exec(part) ?? [];
    const known = (['tcp', 'udp', 'sctp'] as const).find((one) => one === protocol.toLowerCase());
    const number = /^\d+$/.test(port) ? Number(port) : undefined;
    const isName = /[a-z]/i.test(port);
    if (known === undefined || (number === undefined ? !isName : number < 1 || number > 65_535))
      throw usageError(
        `--port: ${JSON.stringify(part)} is no port`,
        undefined,
        'expected a number or a name, with a protocol if it is not TCP: 8080, 53/udp, http',
      );
    return { port: number ?? port, protocol: known };
  });
  const distinct = new Map(ports.map((one) => [`${one.port}/${one.protocol}`, one]));
  return [...distinct.values()];
}
