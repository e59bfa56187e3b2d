/**
 * Replays what was recorded on a real cluster (test/fixtures/transcripts) and compares answers, modulo what differs
 * between any two clusters: uids, resourceVersions, times, random names.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { KeyPair } from '../cluster/api/pki.js';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  /** Absent: cluster-admin. */
  readonly user?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Not recorded: leave once the head of the answer is there. */
  readonly hangUp?: boolean;
}

export interface RecordedResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Exchange {
  readonly note?: string;
  /** Remarks of the recorder have an empty one. */
  readonly request?: Partial<RecordedRequest>;
  readonly response?: RecordedResponse;
  readonly watch?: readonly { readonly tMs: number; readonly type: string; readonly object: unknown }[];
  readonly rules?: readonly unknown[];
  readonly observed?: unknown;
  readonly endedBy?: string;
}

/** The exchanges of a transcript. */
export function readTranscript(name: string): readonly Exchange[] {
  const file = new URL(`../fixtures/transcripts/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { exchanges: readonly Exchange[] }).exchanges;
}

/** An exchange that has a request and an answer. Throws when the transcript is not as it was. */
export function answered(exchange: Exchange | undefined): {
  request: RecordedRequest;
  response: RecordedResponse;
} {
  const { request, response } = exchange ?? {};
  if (request?.method === undefined || request.path === undefined || response === undefined) {
    throw new Error('the transcript has no such exchange');
  }
  return { request: { ...request, method: request.method, path: request.path }, response };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed where it is JSON, else text. */
  readonly body: unknown;
}

export interface Target {
  readonly port: number;
  readonly ca: string;
  /** A client certificate by user name; undefined: none is sent. */
  readonly certificates: ReadonlyMap<string, KeyPair>;
}

/** A client of the server under test. One connection per user. */
export interface Client {
  send(recorded: RecordedRequest): Promise<Answer>;
  /** The lines of a watch until the server ends it. */
  watch(recorded: RecordedRequest): Promise<{ status: number; events: { type: string; object: unknown }[] }>;
  close(): void;
}

/** `nobody` sends no certificate. */
export const nobody = 'nobody';

function queryText(query: RecordedRequest['query'] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const item of [value].flat()) parameters.append(name, item);
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

function parsed(text: string, type: string | undefined): unknown {
  return type?.startsWith('application/json') ? (JSON.parse(text) as unknown) : text;
}

/** A client for recorded requests. */
export function createClient(target: Target): Client {
  const agents = new Map<string, Agent>();
  const agentOf = (user: string): Agent => {
    let agent = agents.get(user);
    if (agent === undefined) {
      const pair = target.certificates.get(user);
      agent = new Agent({
        keepAlive: true,
        maxSockets: 4,
        ca: target.ca,
        ...(pair ? { cert: pair.cert, key: pair.key } : {}),
      });
      agents.set(user, agent);
    }
    return agent;
  };
  const open = (recorded: RecordedRequest): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { method, path, query, headers = {}, user = 'admin', body } = recorded;
      const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
      const sent = request(
        {
          host: '127.0.0.1',
          port: target.port,
          method,
          path: path + queryText(query),
          headers: {
            ...headers,
            ...(text === '' ? {} : { 'content-length': String(Buffer.byteLength(text)) }),
          },
          agent: agentOf(user),
        },
        (res) => {
          if (recorded.hangUp && res.statusCode === 200) {
            resolve({ status: res.statusCode ?? 0, headers: res.headers, body: undefined });
            res.destroy();
            return;
          }
          const chunks: Buffer[] = [];
          res.on('data', (chunk: Buffer) => chunks.push(chunk));
          res.on('end', () => {
            const whole = Buffer.concat(chunks).toString();
            const watching = res.statusCode === 200 && query?.watch !== undefined;
            const type = watching ? undefined : res.headers['content-type'];
            resolve({ status: res.statusCode ?? 0, headers: res.headers, body: parsed(whole, type) });
          });
          res.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.on('upgrade', (res, socket) => {
        socket.destroy();
        resolve({ status: res.statusCode ?? 0, headers: res.headers, body: undefined });
      });
      sent.end(text);
    });
  return {
    send: open,
    async watch(recorded) {
      const { status, body } = await open(recorded);
      const lines = typeof body === 'string' ? body.split('\n').filter((line) => line !== '') : [];
      return { status, events: lines.map((line) => JSON.parse(line) as { type: string; object: unknown }) };
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

const volatile = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'continue',
  'lastTransitionTime',
  'startTime',
  'annotations',
]);

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const hunk = /@@ -\d+,\d+ \+\d+,\d+ @@/g;

function masked(text: string, masks: readonly RegExp[]): string {
  return [uuid, hunk, ...masks].reduce((rest, mask) => rest.replace(mask, '<masked>'), text);
}

export interface CompareOptions {
  /** Texts that differ by nature: each match is masked on both sides. */
  readonly masks?: readonly RegExp[];
  /** Paths (`status.resourceRules`) that are compared as sets. */
  readonly unordered?: readonly string[];
  /** Fields that the recorded body does not have are passed over: the recorder left some out without saying so. */
  readonly subset?: boolean;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON with its keys in order, to sort by. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    isRecord(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  );
}

function sortedJson(list: readonly unknown[]): unknown[] {
  return [...list].sort((a, b) => (canonical(a) < canonical(b) ? -1 : 1));
}

/** Where an answer differs from the recorded one, one line each; empty when they agree. */
export function differences(
  recorded: unknown,
  actual: unknown,
  options: CompareOptions = {},
  path = '',
): string[] {
  const here = path === '' ? '(all)' : path;
  if (typeof recorded === 'string' && typeof actual === 'string') {
    const [wanted, is] = [masked(recorded, options.masks ?? []), masked(actual, options.masks ?? [])];
    return wanted === is ? [] : [`${here}: recorded ${JSON.stringify(wanted)}, is ${JSON.stringify(is)}`];
  }
  if (Array.isArray(recorded) && Array.isArray(actual)) {
    const unordered = options.unordered?.includes(path) ?? false;
    const [wanted, is] = unordered
      ? [sortedJson(recorded), sortedJson(actual)]
      : [recorded as unknown[], actual as unknown[]];
    if (wanted.length !== is.length) return [`${here}: recorded ${wanted.length} items, are ${is.length}`];
    return wanted.flatMap((item, index) => differences(item, is[index], options, `${path}[${index}]`));
  }
  if (isRecord(recorded) && isRecord(actual)) return differencesOf(recorded, actual, options, path);
  return recorded === actual
    ? []
    : [`${here}: recorded ${JSON.stringify(recorded)}, is ${JSON.stringify(actual)}`];
}

function differencesOf(
  recorded: Record<string, unknown>,
  actual: Record<string, unknown>,
  options: CompareOptions,
  path: string,
): string[] {
  const trimmed = recorded['(trimmed)'] === true || options.subset === true;
  const names = new Set([...Object.keys(recorded), ...(trimmed ? [] : Object.keys(actual))]);
  names.delete('(trimmed)');
  return [...names].flatMap((name) => {
    const there = path === '' ? name : `${path}.${name}`;
    if (volatile.has(name)) {
      // Left out by the recorder where empty; its kind is compared, its value is not.
      return name === 'annotations' || typeof recorded[name] === typeof actual[name]
        ? []
        : [`${there}: recorded ${String(recorded[name])}, is ${String(actual[name])}`];
    }
    return differences(recorded[name], actual[name], options, there);
  });
}

/** Compares status code, content type and body. */
export function compare(recorded: RecordedResponse, actual: Answer, options: CompareOptions = {}): string[] {
  const wantedType = recorded.headers?.['content-type'];
  const isType = actual.headers['content-type'];
  const wantedWarning = recorded.headers?.warning;
  return [
    ...differences(recorded.status, actual.status, options, 'HTTP status'),
    ...(wantedType === undefined ? [] : differences(wantedType, isType, options, 'content-type')),
    ...differences(wantedWarning, actual.headers.warning, options, 'warning'),
    ...(recorded.body === undefined ? [] : differences(recorded.body, actual.body, options)),
  ];
}
