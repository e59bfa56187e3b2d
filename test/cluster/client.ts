/** The harness's own way to the API server: JSON over one kept-alive connection, with the administrator's certificate. */
import https from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Manifest } from './manifests.js';

/** An answer, parsed when it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- whatever the server said; tests look into it freely
  readonly body: any;
}

/** An object as the API gives it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- objects of any kind, looked into by tests
export type ApiObject = Record<string, any>;

/** A field of an object by its path (`status.containerStatuses.0.state`); undefined where the path ends early. */
export function at(object: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], object);
}

/** PEM texts and the address. */
export interface Credentials {
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Requests to one API server. */
export interface ApiClient {
  readonly request: (method: string, path: string, body?: unknown, contentType?: string) => Promise<Answer>;
  /** Lists, then watches; gives every state of the objects there until `seen` says true. Rejects after `timeoutMs`. */
  until(
    path: string,
    seen: (object: ApiObject, deleted: boolean) => boolean,
    timeoutMs: number,
    what: string,
  ): Promise<ApiObject>;
  close(): void;
}

const clusterScoped = new Set([
  'Namespace',
  'Node',
  'ClusterRole',
  'ClusterRoleBinding',
  'PersistentVolume',
  'PriorityClass',
  'StorageClass',
  'IngressClass',
  'GatewayClass',
]);

/** `networkpolicies` for NetworkPolicy. */
export function plural(kind: string): string {
  const lower = kind.toLowerCase();
  if (lower === 'endpoints') {
    return lower;
  }
  return lower.endsWith('y') && lower !== 'gateway'
    ? `${lower.slice(0, -1)}ies`
    : lower.endsWith('s')
      ? `${lower}es`
      : `${lower}s`;
}

/** The path of a collection, or of an object in it. */
export function pathOf(
  apiVersion: string,
  kind: string,
  namespace: string | undefined,
  name?: string,
): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = clusterScoped.has(kind) || namespace === undefined ? '' : `/namespaces/${namespace}`;
  return `${group}${scope}/${plural(kind)}${name === undefined ? '' : `/${name}`}`;
}

/** The path of a manifest's object; namespaced ones without a namespace go to `default`. */
export function pathOfManifest({ apiVersion, kind, metadata }: Manifest): {
  collection: string;
  object: string;
} {
  const namespace = clusterScoped.has(kind) ? undefined : (metadata.namespace ?? 'default');
  return {
    collection: pathOf(apiVersion, kind, namespace),
    object: pathOf(apiVersion, kind, namespace, metadata.name),
  };
}

async function text(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let all = '';
  for await (const chunk of response) {
    all += chunk as string;
  }
  return all;
}

async function* lines(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding('utf8');
  let rest = '';
  for await (const chunk of response) {
    const parts = (rest + (chunk as string)).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
}

/** Throws with the server's own words unless the answer is 2xx. */
export function expectOk(answer: Answer, what: string): Answer {
  if (answer.status >= 300) {
    const body: unknown = answer.body;
    throw new Error(`${what}: ${answer.status} ${typeof body === 'string' ? body : JSON.stringify(body)}`);
  }
  return answer;
}

/** A client; close() lets go of its connections. */
export function createApiClient(credentials: Credentials): ApiClient {
  const { ca, cert, key, server } = credentials;
  const agent = new https.Agent({ ca, cert, key, keepAlive: true });
  const send = (
    method: string,
    path: string,
    body: unknown,
    contentType: string,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        accept: 'application/json',
        ...(payload === undefined
          ? {}
          : { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) }),
      };
      https
        .request(new URL(path, server), { method, agent, headers, ...(signal ? { signal } : {}) }, resolve)
        .on('error', reject)
        .end(payload);
    });
  const request: ApiClient['request'] = async (method, path, body, contentType = 'application/json') => {
    const response = await send(method, path, body, contentType);
    const said = await text(response);
    const isJson = response.headers['content-type']?.includes('json') ?? false;
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: isJson ? (JSON.parse(said) as unknown) : said,
    };
  };
  const watch = async (
    path: string,
    seen: (object: ApiObject, deleted: boolean) => boolean,
    signal: AbortSignal,
    note: (object: ApiObject) => void,
  ): Promise<ApiObject> => {
    const list = expectOk(await request('GET', path), path).body as ApiObject;
    for (const item of list.items as ApiObject[]) {
      note(item);
      if (seen(item, false)) {
        return item;
      }
    }
    const version = String((list.metadata as ApiObject).resourceVersion);
    const join = path.includes('?') ? '&' : '?';
    const response = await send(
      'GET',
      `${path}${join}watch=true&resourceVersion=${version}`,
      undefined,
      '',
      signal,
    );
    try {
      for await (const line of lines(response)) {
        const { type, object } = JSON.parse(line) as { type: string; object: ApiObject };
        note(object);
        if (seen(object, type === 'DELETED')) {
          return object;
        }
      }
    } finally {
      response.destroy();
    }
    throw new Error(`${path}: the watch ended`);
  };
  return {
    request,
    until: async (path, seen, timeoutMs, what) => {
      const aborter = new AbortController();
      const timer = setTimeout(() => aborter.abort(), timeoutMs);
      let last: ApiObject | undefined;
      try {
        return await watch(path, seen, aborter.signal, (object) => (last = object));
      } catch (error) {
        const why = aborter.signal.aborted ? `not within ${timeoutMs} ms` : String(error);
        throw new Error(`${what}: ${why}; last seen: ${JSON.stringify(last?.status ?? last)}`, {
          cause: error,
        });
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => agent.destroy(),
  };
}
