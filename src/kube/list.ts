import type { ListOptions, ListResult, Query } from './api.js';
import type { Clock } from './deadline.js';
import { isApiError } from './status.js';
import type { KubeList } from './types.js';

const PAGE_SIZE = 500;

/**
 * Reads a list page by page. When the server has forgotten the snapshot between two pages (410 on `continue`), the list is read anew in
 * one piece, which cannot expire: a list glued together from two snapshots would have no resourceVersion to watch from.
 * The deadline holds for all pages together.
 */
export async function listAll<T>(
  getPage: (query: Query, timeoutMs: number) => Promise<KubeList<T>>,
  options: ListOptions,
  limits: { readonly timeoutMs: number; readonly clock: Pick<Clock, 'now'> },
): Promise<ListResult<T>> {
  const { clock } = limits;
  const endsAt = clock.now() + (options.timeoutMs ?? limits.timeoutMs);
  const page = (more: Query) =>
    getPage({ ...listQuery(options), ...more }, Math.max(1, endsAt - clock.now()));
  const limit = options.limit ?? PAGE_SIZE;
  const items: T[] = [];
  let token: string | undefined;
  let resourceVersion: string | undefined;
  do {
    const next: KubeList<T> | undefined = await page({ limit, continue: token }).catch((error: unknown) => {
      if (token === undefined || !isApiError(error, 410)) throw error;
      return undefined;
    });
    if (!next) {
      const whole = await page({});
      return { items: whole.items ?? [], resourceVersion: whole.metadata.resourceVersion };
    }
    items.push(...(next.items ?? []));
    // Pages of one snapshot all carry its version.
    resourceVersion = next.metadata.resourceVersion;
    token = next.metadata.continue || undefined;
  } while (token !== undefined);
  return { items, resourceVersion };
}

/** Query of a list or a watch: the caller's, with the selectors. */
export function listQuery(options: ListOptions): Query {
  return { ...options.query, labelSelector: options.labelSelector, fieldSelector: options.fieldSelector };
}
