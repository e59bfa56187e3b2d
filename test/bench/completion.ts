import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startNamesServer } from '../plugin/completion/names-server.js';
import { inTurn, measure, median } from './measure.js';
import type { Programs } from './programs.js';
import type { Row } from './table.js';

const PAIRS = 15;
const PODS = 5_000;

/**
 * How long Tab takes: on a command, and in a namespace of 5,000 pods when the API server is asked over TLS and when it was a moment ago.
 * kubectl tells its version, or gets the same answer of the same server. Milliseconds of wall time.
 */
export async function completion({ kubectl, ours }: Programs): Promise<Row[]> {
  const pods = Array.from({ length: PODS }, (_, at) => `web-7d4b9c6f5d-${at.toString(36).padStart(5, '0')}`);
  const server = await startNamesServer({ names: { 'shop/pods': pods } });
  const cache = join(server.home, 'cache');
  const env = { KUBECONFIG: server.kubeconfig, XDG_CACHE_HOME: cache };
  const version = () => timed([kubectl, 'version', '--client'], env);
  const raw = () => timed([kubectl, 'get', '--raw', '/api/v1/namespaces/shop/pods'], env);
  try {
    const rows: Row[] = [];
    for (const { name, argv } of ours) {
      const tab = (...words: string[]) => timed([...argv, '__complete', ...words], env);
      const among = () => tab('capture', 'web-7d4b9c6f5d-000');
      const asked = async () => {
        await rm(cache, { recursive: true, force: true });
        return among();
      };
      const add = async (what: string, mine: () => Promise<number>, theirs: () => Promise<number>) => {
        const [a, b] = await inTurn(PAIRS, mine, theirs);
        rows.push({
          what: `${what}, ${name}`,
          unit: 'ms',
          ours: median(a),
          kubectl: median(b),
          reach: wanted,
        });
      };
      const wanted = 'under 150 ms';
      await add('Tab on a command', () => tab('cap'), version);
      await add('Tab among 5,000 pods', asked, raw);
      await add('Tab again within 20 s', among, version);
    }
    return rows;
  } finally {
    await server.remove();
  }
}

async function timed(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const started = performance.now();
  const { stdoutBytes } = await measure(argv, { env });
  const elapsedMs = performance.now() - started;
  // Nothing but the directive: the answer did not come, so its time says nothing.
  if (stdoutBytes < 10) throw new Error(`${argv.join(' ')} gave no answer`);
  return elapsedMs;
}
