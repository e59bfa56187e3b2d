import { ADDRCONFIG, V4MAPPED } from 'node:dns';
import { lookup, Resolver } from 'node:dns/promises';
import { interrupted } from '../../tools/run.js';
import type { ObservedDns } from '../observed.js';
import { codeOf, type HereOptions, rounded } from './here.js';

/** c-ares' words → rcode or outcome. */
const answersByCode: Readonly<
  Record<string, { readonly rcode?: string; readonly outcome: ObservedDns['answers'][number]['outcome'] }>
> = {
  ENODATA: { rcode: 'NOERROR', outcome: 'answered' },
  ENOTFOUND: { rcode: 'NXDOMAIN', outcome: 'answered' },
  ESERVFAIL: { rcode: 'SERVFAIL', outcome: 'answered' },
  EREFUSED: { rcode: 'REFUSED', outcome: 'answered' },
  ENOTIMP: { rcode: 'NOTIMP', outcome: 'answered' },
  EFORMERR: { rcode: 'FORMERR', outcome: 'answered' },
  ETIMEOUT: { outcome: 'timeout' },
  ECONNREFUSED: { outcome: 'refused' },
};

/**
 * Looks a name up from this machine: at each server (default: those that this machine uses), and as programs here do (files and all).
 * The name is asked for as it is: the search list of this machine plays no part. Throws a NetdebugError (130) when the signal came.
 */
export async function hereDns(
  name: string,
  { servers, ...options }: HereOptions & { readonly servers?: readonly string[] },
): Promise<ObservedDns> {
  const { timeoutMs, now, signal } = options;
  const own = new Resolver().getServers();
  const asked = servers ?? own;
  const absolute = name.endsWith('.') ? name : `${name}.`;
  const began = now();
  const whole = lookup(name.replace(/\.$/, ''), { all: true, hints: ADDRCONFIG | V4MAPPED }).then(
    (found) => ({
      addresses: [...new Set(found.map(({ address }) => address))],
      ms: rounded(now() - began),
    }),
    () => ({ addresses: [], ms: rounded(now() - began) }),
  );
  const questions = asked.flatMap((server) => (['A', 'AAAA'] as const).map((type) => ({ server, type })));
  const answers = Promise.all(
    questions.map(async ({ server, type }): Promise<ObservedDns['answers'][number]> => {
      const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
      const stop = (): void => resolver.cancel();
      const timer = setTimeout(stop, timeoutMs + 500);
      signal?.addEventListener('abort', stop, { once: true });
      const start = now();
      const about = { name: absolute, server, type, transport: 'udp' } as const;
      try {
        resolver.setServers([server]);
        const addresses = await (type === 'A' ? resolver.resolve4(absolute) : resolver.resolve6(absolute));
        const ms = rounded(now() - start);
        return { ...about, rcode: 'NOERROR', addresses, ms, outcome: 'answered' };
      } catch (error) {
        const known = answersByCode[codeOf(error)];
        const late = codeOf(error) === 'ECANCELLED';
        const ms = rounded(now() - start);
        return { ...about, addresses: [], ms, ...(known ?? { outcome: late ? 'timeout' : 'failed' }) };
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', stop);
      }
    }),
  );
  const told = await answers;
  // getaddrinfo(3) cannot be ended: it is left alone when it takes longer than anybody would wait.
  const late = { addresses: [] as readonly string[] };
  const libc = await soonest(whole, late, timeoutMs * 2, signal);
  if (signal?.aborted === true) throw interrupted();
  return {
    from: 'here',
    name,
    resolvConf: { nameservers: own, search: [], ndots: 1 },
    answers: told,
    libc,
  };
}

function soonest<T>(promise: Promise<T>, otherwise: T, ms: number, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve) => {
    const end = (value: T): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      resolve(value);
    };
    const stop = (): void => end(otherwise);
    const timer = setTimeout(stop, ms);
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop, { once: true });
    void promise.then(end);
  });
}
