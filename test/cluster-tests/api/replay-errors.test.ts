import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answered, compare, nobody, readTranscript, type RecordedRequest } from '../replay.js';
import { noKubelet, startTestServer, storeRecordedPods, type TestServer } from './server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ kubelet: (node) => (node === 'node-1' ? noKubelet : undefined) });
  storeRecordedPods(server.store);
});

afterAll(() => server.stop());

/** The recorder notes in words who sent no certificate. */
function asSent(request: RecordedRequest, note: string): RecordedRequest {
  return note.startsWith('no credentials') || note.includes('no client certificate')
    ? { ...request, user: nobody }
    : request;
}

describe('errors.json', () => {
  const upgrades = (request: RecordedRequest): boolean => request.headers?.upgrade !== undefined;

  for (const [index, exchange] of readTranscript('errors').entries()) {
    const { request, response } = answered(exchange);
    const note = exchange.note ?? '';
    test(`${index}: ${request.method} ${request.path} ${note}${upgrades(request) ? ' (upgrade)' : ''}`, async () => {
      const actual = await server.client.send(asSent(request, note));
      expect(compare(response, actual)).toEqual([]);
    });
  }
});
