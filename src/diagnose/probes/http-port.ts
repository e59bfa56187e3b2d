import type { Facts } from '../model/facts.js';
import type { ProbeTo } from '../observed.js';
import { runningContainers } from '../model/pods.js';
import { joined } from './task.js';
import { lookedUp } from './plan-name.js';

const plain: ReadonlySet<number> = new Set([80, 8080, 8000, 3000, 5000, 9090]);
const secure: ReadonlySet<number> = new Set([443, 8443, 6443]);

/** What to ask a port for that speaks HTTP, by its name, its appProtocol or its number; undefined where nothing says that it does. */
export function httpUrl(facts: Facts, to: ProbeTo): string | undefined {
  const { service } = facts.destination;
  const port: { readonly name?: string; readonly appProtocol?: string } | undefined = service?.port;
  const endpoint =
    facts.destination.endpoints.find(({ key }) => key === to.endpoint) ?? facts.destination.endpoints[0];
  const declared =
    endpoint?.pod === undefined ? [] : runningContainers(endpoint.pod).flatMap(({ ports }) => ports ?? []);
  const own = declared.find(({ containerPort }) => containerPort === endpoint?.port)?.name;
  const words = [port?.appProtocol, port?.name, own].filter((word) => word !== undefined);
  const scheme = schemeOf(words, [to.port, endpoint?.port ?? 0]);
  if (scheme === undefined) return undefined;
  const name = lookedUp(facts);
  const host = name !== undefined && /^[\w][\w.-]*$/.test(name) ? name.replace(/\.$/, '') : undefined;
  return `${scheme}://${host === undefined ? joined(to) : `${host}:${to.port}`}/`;
}

/** Words come before numbers: a port that is called `grpc` or `redis` speaks no HTTP/1.1, whatever its number. */
function schemeOf(words: readonly string[], numbers: readonly number[]): 'http' | 'https' | undefined {
  for (const word of words) {
    if (/(^|[-/.])(https|wss)([-/.]|$)/i.test(word)) return 'https';
    if (/(^|[-/.])(http|ws)([-/.]|$)/i.test(word)) return 'http';
  }
  if (words.some((word) => /grpc|h2c|tcp|redis|mysql|postgres|mongo|kafka|amqp|mqtt|dns/i.test(word)))
    return undefined;
  if (numbers.some((number) => secure.has(number))) return 'https';
  return numbers.some((number) => plain.has(number)) ? 'http' : undefined;
}
