import { isIP } from 'node:net';
import { collectWithin, parseTimed, ran, timedArgv, type ProbeOptions } from './probe.js';
import type { RunTool } from './run.js';

/** What the C library of the debug container says of a name; its search list and order of families apply. */
export type LookUp =
  | {
      readonly kind: 'addresses';
      readonly addresses: readonly string[];
      readonly canonical: string | undefined;
      readonly ms: number | undefined;
    }
  | { readonly kind: 'unknown'; readonly ms: number | undefined }
  | { readonly kind: 'timeout' }
  /** There is no getent in the container (busybox has none). */
  | { readonly kind: 'noTool' };

/** resolv.conf(5): 5 s, twice, for each server and each candidate; more than this is a broken resolver. */
const TIMEOUT_MS = 45_000;

/** Looks a name up as programs in the pod do: getaddrinfo(3), by `getent ahosts`. */
export async function lookUp(
  run: RunTool,
  name: string,
  options: ProbeOptions,
  how: 'any way' | 'libc only' = 'any way',
  timeoutMs: number = TIMEOUT_MS,
): Promise<LookUp> {
  const said = await collectWithin(run, timedArgv(['getent', 'ahosts', '--', name]), {
    ...options,
    timeoutMs,
    limitBytes: 256 * 1024,
  });
  if (said === 'timeout') return { kind: 'timeout' };
  if (!ran(said)) return how === 'any way' ? askServer(run, name, options) : { kind: 'noTool' };
  const { text, ms, code } = parseTimed(said.stdout);
  const { addresses, canonical } = parseGetent(text);
  if (addresses.length > 0) return { kind: 'addresses', addresses, canonical, ms };
  // 2: one or more supplied keys could not be found. Others are usage (1) or no enumeration (3).
  return code === 2 ? { kind: 'unknown', ms } : { kind: 'noTool' };
}

/** busybox has no getent. Its nslookup asks the name server only, so that what it does not find may still stand in /etc/hosts. */
async function askServer(run: RunTool, name: string, options: ProbeOptions): Promise<LookUp> {
  const said = await collectWithin(run, ['nslookup', name], {
    ...options,
    timeoutMs: TIMEOUT_MS,
    limitBytes: 256 * 1024,
  });
  if (said === 'timeout' || said.stdout.includes('connection timed out')) return { kind: 'timeout' };
  const [, ...answers] = said.stdout.split(/^Name:/m);
  const addresses = answers.flatMap((one) =>
    [...one.matchAll(/^Address(?: \d+)?:\s*(\S+)/gm)].map(([, ip = '']) => ip),
  );
  const valid = [...new Set(addresses)].filter((address) => isIP(address) !== 0);
  return valid.length > 0
    ? { kind: 'addresses', addresses: valid, canonical: undefined, ms: undefined }
    : { kind: 'noTool' };
}

/** Reads `getent ahosts`: each address once, in the order in which programs try them; the name stands in the first line. */
export function parseGetent(text: string): {
  readonly addresses: readonly string[];
  readonly canonical: string | undefined;
} {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  const addresses = lines.flatMap(([address = '']) =>
    isIP(address.split('%')[0] ?? '') === 0 ? [] : [address],
  );
  return { addresses: [...new Set(addresses)], canonical: lines[0]?.[2] };
}
