import { setTimeout as sleep } from 'node:timers/promises';
import type { Stored } from '../../types.js';
import { stringsOf, type JsonObject } from '../json.js';
import { fieldSelector, labelSelector, type Predicate } from '../selectors.js';
import { badRequest, expired, notFound, StatusError } from '../status.js';
import { representation, type Exchange, type ResourceExchange } from './exchange.js';
import { representList } from './represent.js';
import { sendJson, sendObject, setWarnings } from './respond.js';

const endpointsWarning = 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice';

/** Adds the warning that v1 Endpoints are deprecated. */
export function warnOfDeprecation(exchange: ResourceExchange): void {
  if (exchange.type.resource === 'endpoints') exchange.warnings.push(endpointsWarning);
}

/** The object a request names. Throws 404. */
export function theObject({ api, type, wanted }: ResourceExchange): Stored {
  const found = api.store.get(type.key, type.namespaced ? wanted.namespace : undefined, wanted.name);
  if (found === undefined) throw notFound(type, wanted.name);
  return found;
}

export function getObject(exchange: ResourceExchange): void {
  representation(exchange);
  warnOfDeprecation(exchange);
  sendObject(exchange, 200, theObject(exchange));
}

/** The labelSelector and fieldSelector of a list or watch. Throws 400. */
export function selection(exchange: ResourceExchange): { predicate: Predicate; selecting: boolean } {
  const labels = exchange.query.get('labelSelector') ?? '';
  const fields = exchange.query.get('fieldSelector') ?? '';
  const byLabels = labelSelector(labels);
  const byFields = fieldSelector(exchange.type, fields);
  return {
    predicate: (object) => byLabels(stringsOf(object.metadata.labels)) && byFields(object),
    selecting: labels !== '' || fields !== '',
  };
}

/** The resourceVersion parameter; undefined when absent or empty. */
export function parseRevision(
  text: string | null,
  refuse: (message: string) => StatusError,
): number | undefined {
  if (text === null || text === '') return undefined;
  if (!/^\d+$/.test(text)) {
    throw refuse(
      `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`,
    );
  }
  return Number(text);
}

interface Token {
  readonly revision: number;
  /** Objects from this key on. */
  readonly start: string;
}

function encodeToken(revision: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url');
}

function decodeToken(text: string): Token {
  const bytes = Buffer.from(text, 'base64url');
  try {
    const token = JSON.parse(bytes.toString()) as { rv?: unknown; start?: unknown };
    if (typeof token.rv === 'number' && typeof token.start === 'string') {
      return { revision: token.rv, start: token.start.replace(/^\//, '') };
    }
  } catch {
    const first = bytes[0] ?? 0;
    const shown =
      first < 0x20 || first > 0x7e ? `\\u${first.toString(16).padStart(4, '0')}` : String.fromCharCode(first);
    const words = `invalid character '${shown}' looking for beginning of value`;
    throw badRequest(`invalid continue token: continue key is not valid: ${words}`);
  }
  throw badRequest(
    'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
  );
}

const tooOldToken =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

function tooLarge(wanted: number, current: number): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${wanted}, current: ${current}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  });
}

/** Waits until the store has reached a revision, then throws 504 if it has not. */
export async function untilRevision({ api }: Exchange, revision: number): Promise<void> {
  if (revision > api.store.revision) await sleep(api.futureRevisionMs);
  if (revision > api.store.revision) throw tooLarge(revision, api.store.revision);
}

interface Page {
  readonly items: readonly Stored[];
  readonly revision: number;
  readonly more: number;
  readonly next: string | undefined;
}

/** The place of an object in the order of a list: its name, after its namespace where several are listed. */
function placeOf(exchange: ResourceExchange, object: Stored): string {
  const { name, namespace } = object.metadata;
  return namespace === undefined || exchange.wanted.namespace !== undefined ? name : `${namespace}/${name}`;
}

async function objectsAt(
  exchange: ResourceExchange,
  token: Token | undefined,
): Promise<{ objects: Stored[]; revision: number }> {
  const { api, type, query } = exchange;
  const namespace = type.namespaced ? exchange.wanted.namespace : undefined;
  const now = (): { objects: Stored[]; revision: number } => ({
    objects: api.store.list(type.key, namespace),
    revision: api.store.revision,
  });
  if (token !== undefined) {
    if (token.revision < 0) return now();
    const objects = api.store.at(type.key, namespace, token.revision);
    if (objects === undefined || exchange.gone) throw expired(tooOldToken, encodeToken(-1, token.start));
    return { objects, revision: token.revision };
  }
  const wanted =
    parseRevision(query.get('resourceVersion'), (said) => badRequest(`invalid resource version: ${said}`)) ??
    0;
  const tooOld = 'The resourceVersion for the provided list is too old.';
  if (exchange.gone) throw expired(tooOld);
  await untilRevision(exchange, wanted);
  if (query.get('resourceVersionMatch') !== 'Exact') return now();
  const objects = api.store.at(type.key, namespace, wanted);
  if (objects === undefined) throw expired(tooOld);
  return { objects, revision: wanted };
}

async function page(exchange: ResourceExchange, predicate: Predicate): Promise<Page> {
  const { query } = exchange;
  const continued = query.get('continue') ?? '';
  const exact = query.get('resourceVersion') ?? '';
  if (continued !== '' && exact !== '' && exact !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  const token = continued === '' ? undefined : decodeToken(continued);
  const { objects, revision } = await objectsAt(exchange, token);
  const rest =
    token === undefined ? objects : objects.filter((object) => placeOf(exchange, object) >= token.start);
  const chosen = rest.filter(predicate);
  // A list from the watch cache (resourceVersion=0) has no pages.
  const limit = exact === '0' ? 0 : Number(query.get('limit') ?? 0);
  const last = chosen[limit - 1];
  if (limit <= 0 || chosen.length <= limit || last === undefined)
    return { items: chosen, revision, more: 0, next: undefined };
  const next = encodeToken(revision, `/${placeOf(exchange, last)}\u0000`);
  return { items: chosen.slice(0, limit), revision, more: chosen.length - limit, next };
}

/** GET of a collection. */
export async function listObjects(exchange: ResourceExchange): Promise<void> {
  const form = representation(exchange, { streaming: true });
  const { predicate, selecting } = selection(exchange);
  warnOfDeprecation(exchange);
  const { items, revision, more, next } = await page(exchange, predicate);
  const metadata: JsonObject = { resourceVersion: String(revision) };
  if (next !== undefined) metadata.continue = next;
  if (next !== undefined && !selecting) metadata.remainingItemCount = more;
  const options = { now: exchange.api.store.now(), includeObject: exchange.query.get('includeObject') };
  setWarnings(exchange);
  sendJson(exchange.res, 200, representList(exchange.type, items, metadata, form, options), form.format);
}
