import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startNamesServer } from '../plugin/completion/names-server.js';
import { inTurn, measure, median } from './measure.js';
import type { Programs } from './programs.js';
import type { Row } from './table.js';

const PAIRS = 15;
const PODS = 5_000;

/** How long Tab takes in a namespace of 5,000 pods: when the API server is asked over TLS, and when it was a moment ago. Milliseconds of wall time. */
export async function completion({ ours }: Programs): Promise<Row[]> {
  const pods = Array.from({ length: PODS }, (_, at) => `web-7d4b9c6f5d-${at.toString(36).padStart(5, '0')}`);
  const server = await startNamesServer({ names: { 'shop/pods': pods } });
  const cache = join(server.home, 'cache');
  const env = { KUBECONFIG: server.kubeconfig, XDG_CACHE_HOME: cache };
  try {
    const rows: Row[] = [];
    for (const { name, argv } of ours) {
      const tab = () => timed([...argv, '__complete', 'capture', 'web-7d4b9c6f5d-000'], env);
      const [asked, kept] = await inTurn(
        PAIRS,
        async () => {
          await rm(cache, { recursive: true, force: true });
          return tab();
        },
        tab,
      );
      const reach = 'under 150 ms';
      rows.push({ what: `Tab among 5,000 pods, ${name}`, unit: 'ms', ours: median(asked), reach });
      rows.push({ what: `Tab again within 20 s, ${name}`, unit: 'ms', ours: median(kept), reach });
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
  if (stdoutBytes < 10) throw new Error('completion gave no candidates');
  return elapsedMs;
}
