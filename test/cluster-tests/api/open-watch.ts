import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { TestServer } from './server.js';

export interface WatchEvent {
  readonly type: string;
  readonly object: {
    readonly metadata?: { readonly name?: string; readonly resourceVersion?: string };
    readonly code?: number;
  };
}

export interface OpenWatch {
  /** The next event; undefined when the server has ended the body. Rejects when the connection breaks. */
  next(): Promise<WatchEvent | undefined>;
  end(): void;
}

async function* eventsOf(res: IncomingMessage): AsyncGenerator<WatchEvent, undefined> {
  let rest = '';
  for await (const chunk of res.setEncoding('utf8') as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) yield JSON.parse(part) as WatchEvent;
  }
  return undefined;
}

/** Watches the pods of namespace rec. Resolves when the head of the answer has come: from then on nothing is missed. */
export async function openWatch(
  server: TestServer,
  query: Readonly<Record<string, string>>,
  accept = 'application/json',
): Promise<OpenWatch> {
  const pair = await server.pki.client('admin', ['system:masters']);
  const path = `/api/v1/namespaces/rec/pods?${new URLSearchParams({ watch: '1', ...query }).toString()}`;
  const { port } = server.server;
  const sent = request({
    host: '127.0.0.1',
    port,
    path,
    ca: server.pki.ca,
    ...pair,
    headers: { accept },
    agent: false,
  });
  sent.end();
  const [res] = (await once(sent, 'response')) as [IncomingMessage];
  const events = eventsOf(res);
  return {
    async next() {
      const result = await events.next();
      return result.done === true ? undefined : result.value;
    },
    end: () => sent.destroy(),
  };
}
