import type { IncomingMessage } from 'node:http';
import { parse as parseYaml } from 'yaml';
import { selectedName } from './selectors.js';
import { badRequest, StatusError } from './status.js';

/** What a request asks for, as the API server's RequestInfo; the words authorization speaks in. */
export interface RequestInfo {
  readonly path: string;
  readonly verb: string;
  /** Set for paths under /api/v1 and /apis/GROUP/VERSION that name a resource. */
  readonly resource?: ResourceRequest | undefined;
}

export interface ResourceRequest {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string | undefined;
  /** Empty for collections; for a list the name that its fieldSelector asks for. */
  readonly name: string;
  readonly collection: boolean;
}

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** A query parameter as the API server reads booleans: absent, `false` and `0` are false, anything else is true. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

/** Takes method and URL apart. Throws 400 for a path with broken escapes. */
export function requestInfo(method: string, url: URL): RequestInfo {
  const verb = verbs[method] ?? method.toLowerCase();
  const path = url.pathname;
  let parts: string[];
  try {
    parts = path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    throw badRequest('invalid URL escape');
  }
  const core = parts[0] === 'api';
  if (!core && parts[0] !== 'apis') return { path, verb };
  const [group, version, ...rest] = core ? ['', ...parts.slice(1)] : parts.slice(1);
  if (group === undefined || version === undefined || rest.length === 0) return { path, verb };

  let namespace: string | undefined;
  let names = rest;
  if (rest[0] === 'namespaces') {
    namespace = rest[1];
    const deeper = rest[2];
    if (deeper !== undefined && deeper !== 'finalize' && deeper !== 'status') names = rest.slice(2);
  }
  const [resource = '', name, subresource = ''] = names;
  const collection = name === undefined;
  const wanted =
    collection && verb === 'get' ? selectedName(url.searchParams.get('fieldSelector')) : undefined;
  return {
    path,
    verb: collection ? collectionVerb(verb, url) : verb,
    resource: { group, version, resource, subresource, namespace, name: name ?? wanted ?? '', collection },
  };
}

function collectionVerb(verb: string, url: URL): string {
  if (verb === 'get') return flag(url.searchParams, 'watch') ? 'watch' : 'list';
  return verb === 'delete' ? 'deletecollection' : verb;
}

const bodyLimit = 3 * 1024 * 1024;

/** The whole body, at most 3 MiB. */
export async function readBody(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) {
      throw new StatusError({
        code: 413,
        reason: 'RequestEntityTooLarge',
        message: `Request entity too large: limit is ${bodyLimit}`,
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What Go says of text that is not JSON. */
function goJsonError(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const said = error instanceof Error ? error.message : '';
    const token = /^Unexpected token (?:'(.)'|(.) in)/u.exec(said);
    const character = token?.[1] ?? token?.[2];
    return character === undefined
      ? 'unexpected end of JSON input'
      : `invalid character '${character}' looking for beginning of value`;
  }
}

/** Content type of a request without its parameters, in lower case. */
export function mediaType(req: IncomingMessage): string {
  return (req.headers['content-type'] ?? '').split(';', 1).join('').trim().toLowerCase();
}

/** Text as JSON or YAML, by its media type. Throws 400 with `prefix` in front of what Go would say. */
export function parseText(text: string, media: string, prefix: (said: string) => string): unknown {
  if (media === 'application/yaml' || media.endsWith('+yaml')) {
    try {
      return parseYaml(text) as unknown;
    } catch (error) {
      throw badRequest(
        prefix(`error converting YAML to JSON: ${error instanceof Error ? error.message : ''}`),
      );
    }
  }
  const wrong = goJsonError(text);
  if (wrong !== undefined) throw badRequest(prefix(wrong));
  return JSON.parse(text) as unknown;
}
