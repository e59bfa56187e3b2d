import type { StoreEvent, Stored } from '../../types.js';
import type { JsonObject } from '../json.js';
import type { Representation } from '../negotiate.js';
import { flag } from '../request.js';
import type { ResourceType } from '../resources.js';
import type { Predicate } from '../selectors.js';
import { expired, field, internal, invalid } from '../status.js';
import { representation, type ResourceExchange } from './exchange.js';
import { parseRevision, selection, untilRevision, warnOfDeprecation } from './read.js';
import { external, representObject } from './represent.js';
import { setWarnings } from './respond.js';

/** More than this unread by the client, and the watch is cut: the real one closes a watcher that is too slow as well. */
const unreadLimit = 16 * 1024 * 1024;

interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Stored;
}

/** How a change of the store looks to a watch that selects: objects come and go as they begin or cease to match. */
function seen(event: StoreEvent, belongs: Predicate): Change | undefined {
  const after = event.type !== 'DELETED' && belongs(event.object);
  const before = event.previous !== undefined && belongs(event.previous);
  if (event.type === 'DELETED') return before ? { type: 'DELETED', object: event.object } : undefined;
  if (after) return { type: before ? 'MODIFIED' : 'ADDED', object: event.object };
  return before ? { type: 'DELETED', object: event.object } : undefined;
}

/** Checks that sendInitialEvents comes with what it needs. */
function checkStreamingList(query: URLSearchParams): boolean {
  const wanted = query.get('sendInitialEvents');
  if (wanted !== null && query.get('resourceVersionMatch') !== 'NotOlderThan') {
    const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    throw invalid('ListOptions', 'meta.k8s.io', '', [field.forbidden('resourceVersionMatch', why)]);
  }
  return wanted === 'true';
}

/** An object that says nothing but how far the watch has come. */
function bookmarkOf(
  type: ResourceType,
  form: Representation,
  resourceVersion: string,
  annotations?: JsonObject,
): JsonObject {
  const metadata = { resourceVersion, ...(annotations === undefined ? {} : { annotations }) };
  if (form.as === 'Table')
    return { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata, columnDefinitions: null, rows: [] };
  const { kind, apiVersion } = external(type, { metadata } as unknown as Stored);
  const empty = type.resource === 'pods' ? { spec: { containers: null }, status: {} } : {};
  return { kind, apiVersion, metadata, ...empty };
}

/** GET of a collection with watch=1: events, one JSON a line, until the client or the time limit ends it. */
export async function watchObjects(exchange: ResourceExchange): Promise<void> {
  const { api, query, res, type, wanted } = exchange;
  const form = representation(exchange, { streaming: true });
  const { predicate } = selection(exchange);
  const namespace = type.namespaced ? wanted.namespace : undefined;
  const belongs: Predicate = (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) && predicate(object);
  const streamingList = checkStreamingList(query);
  const from = parseRevision(query.get('resourceVersion'), internal) ?? 0;
  await untilRevision(exchange, from);

  let first = true;
  const write = (event: JsonObject): void => {
    res.write(`${JSON.stringify(event)}\n`);
    if (res.writableLength > unreadLimit) res.destroy();
  };
  const send = (kind: string, object: Stored): void => {
    const options = {
      now: api.store.now(),
      includeObject: query.get('includeObject'),
      withoutColumns: !first,
    };
    write({ type: kind, object: representObject(type, object, form, options) });
    first = false;
  };
  const bookmark = (annotations?: JsonObject): void => {
    write({ type: 'BOOKMARK', object: bookmarkOf(type, form, String(api.store.revision), annotations) });
  };

  warnOfDeprecation(exchange);
  setWarnings(exchange);
  const events = from === 0 || streamingList ? [] : api.store.since(from);
  res.writeHead(200, { 'Content-Type': 'application/json' });
  res.flushHeaders();
  if (events === undefined || exchange.gone) {
    const { status } = expired(
      `too old resource version: ${from} (${exchange.gone ? api.store.revision : api.store.compacted})`,
    );
    write({ type: 'ERROR', object: { ...status } });
    res.end();
    return;
  }
  const bookmarks = flag(query, 'allowWatchBookmarks');
  if (from === 0 || streamingList) {
    for (const object of api.store.list(type.key, namespace)) if (predicate(object)) send('ADDED', object);
    if (streamingList && bookmarks) bookmark({ 'k8s.io/initial-events-end': 'true' });
  }
  const onEvent = (event: StoreEvent): void => {
    if (event.key.group !== type.key.group || event.key.resource !== type.key.resource) return;
    const change = seen(event, belongs);
    if (change !== undefined) send(change.type, change.object);
  };
  events.forEach(onEvent);

  const end = api.store.subscribe(onEvent);
  const timers = bookmarks ? [setInterval(() => bookmark(), api.bookmarkMs)] : [];
  const seconds = Number(query.get('timeoutSeconds') ?? 0);
  const limit = setTimeout(() => res.end(), (seconds > 0 ? seconds : 1800 + Math.random() * 1800) * 1000);
  res.once('close', () => {
    end();
    clearTimeout(limit);
    for (const timer of timers) clearInterval(timer);
  });
}
