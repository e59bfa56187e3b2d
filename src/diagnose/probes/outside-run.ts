import { Resolver } from 'node:dns/promises';
import { inParallel } from '../../tools/probe.js';
import { interrupted } from '../../tools/run.js';
import type { Observed, ObservedConnect, ObservedDns, ObservedHttp, ProbeTo } from '../observed.js';
import type { OutsideFacts } from '../outside/facts.js';
import { hereDns } from './here-dns.js';
import { hereConnect, hereHttp, type HereOptions } from './here.js';
import { outsideNames, planOutside } from './outside-plan.js';

/** How the way from outside is tried. */
export interface OutsideProbeOptions {
  /** Attempts at each address. */
  readonly count: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  /** All of it is over after so long; what was not tried by then is named. Milliseconds. */
  readonly withinMs: number;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

/** What {@link probeOutside} adds to what was observed. */
export type ObservedOutside = Pick<Observed, 'connects' | 'dns' | 'http' | 'failed'>;

const attemptMs = 2000;
const requestMs = 5000;
const atOnce = 8;

/**
 * Tries every way in from this machine: names at its own resolvers and at the servers of their zones, TCP to every address, HTTP where a
 * way speaks it. Refused, silent and unknown are observations. Throws a NetdebugError (130) when the signal came.
 */
export async function probeOutside(
  outside: OutsideFacts,
  options: OutsideProbeOptions,
): Promise<ObservedOutside> {
  const { now, signal, count, withinMs } = options;
  const until = now() + withinMs;
  const over = (): boolean => now() >= until;
  const here: HereOptions = { timeoutMs: attemptMs, now, signal };
  const late: Observed['failed'][number][] = [];
  const names = outsideNames(outside);
  const dns = (await Promise.all(names.map((name) => lookUp(name, here)))).flat();
  const found = new Map(names.map((name) => [name, addressesOf(dns, name)] as const));
  const plan = planOutside(outside, found);
  const total = plan.connects.length + plan.requests.length;
  let done = 0;
  const told = (): void => options.onProgress?.(++done, total);
  const skip = (what: string): undefined => {
    late.push({ what, why: 'there was no time left for it' });
    return undefined;
  };
  const connects = await inParallel(
    plan.connects,
    atOnce,
    async (to): Promise<ObservedConnect | undefined> => {
      if (to.protocol !== 'TCP') return undefined;
      if (over()) {
        skip(`TCP ${to.address} port ${to.port} from this machine`);
        return;
      }
      const observed = await repeated(to, count, here, until);
      told();
      return observed;
    },
  );
  const requests = await inParallel(plan.requests, atOnce, async (one): Promise<ObservedHttp | undefined> => {
    if (over()) {
      skip(`HTTP ${one.url} at ${one.to.address} from this machine`);
      return;
    }
    const observed = await hereHttp(one.to, one.url, { ...here, timeoutMs: requestMs });
    told();
    return observed;
  });
  if (signal?.aborted === true) throw interrupted();
  return {
    dns,
    connects: connects.filter((one) => one !== undefined),
    http: requests.filter((one) => one !== undefined),
    failed: [...plan.cut, ...late],
  };
}

/** Whether everything that was tried answered, and no request met an error. */
export function isThrough({ connects, http }: ObservedOutside): boolean {
  return (
    connects.length > 0 &&
    connects.every(({ attempts }) => attempts.every(({ outcome }) => outcome === 'connected')) &&
    http.every(({ status, tls }) => status !== undefined && status < 400 && tls?.error === undefined)
  );
}

/** As many attempts as there is time for; what is silent is not waited for again and again. */
async function repeated(
  to: ProbeTo,
  count: number,
  here: HereOptions,
  until: number,
): Promise<ObservedConnect> {
  const first = await hereConnect(to, { ...here, count: 1 });
  const attempts = [...first.attempts];
  while (attempts.length < count && here.now() < until)
    attempts.push(...(await hereConnect(to, { ...here, count: 1 })).attempts);
  return { ...first, attempts };
}

/** Here, and at the servers that answer for the zone of the name. */
async function lookUp(name: string, here: HereOptions): Promise<ObservedDns[]> {
  const [own, servers] = await Promise.all([hereDns(name, here), authorities(name, here)]);
  if (servers.length === 0) return [own];
  const there = await hereDns(name, { ...here, servers });
  return [{ ...own, answers: [...own.answers, ...there.answers] }];
}

/** Addresses of the name servers of a zone, as this machine's resolvers know them: two at most. Empty when nobody tells. */
async function authorities(name: string, { timeoutMs, signal }: HereOptions): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
  const stop = (): void => resolver.cancel();
  const timer = setTimeout(stop, timeoutMs * 2);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const labels = name.replace(/\.$/, '').split('.');
    // The last label alone is a zone of the root's: its servers only send one on.
    for (let at = 0; at < labels.length - 1; at += 1) {
      const servers = await resolver.resolveNs(labels.slice(at).join('.')).catch(() => []);
      if (servers.length === 0) continue;
      const addresses = await Promise.all(
        servers.slice(0, 2).map((server) => resolver.resolve4(server).catch(() => [])),
      );
      return addresses.flatMap(([first]) => first ?? []);
    }
    return [];
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

/** Whatever any server said, in the order of the answers. */
function addressesOf(dns: readonly ObservedDns[], name: string): readonly string[] {
  const own = dns.filter((one) => one.name === name);
  return [
    ...new Set(
      own.flatMap(({ answers, libc }) => [
        ...libc.addresses,
        ...answers.flatMap(({ addresses }) => addresses),
      ]),
    ),
  ];
}
