/** OIDC on both runtimes: an expired token is refreshed at its issuer, over TLS, by the runtime's own fetch. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FakeServer, json, startFakeServer, testPki } from '../kube/fake-server.js';
import { makeHome, programs, runProgram } from './program.js';

const { home, remove } = makeHome();
const authority = join(home, 'ca.pem');
let issuer: FakeServer;
let api: FakeServer;
/** What the issuer hands out. */
let fresh: string;

const jwt = (claims: object): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2ln`;
};

beforeAll(async () => {
  const pki = await testPki();
  const tls = await pki.server();
  writeFileSync(authority, pki.ca);
  issuer = await startFakeServer({
    tls,
    respond: ({ path, method }, response) => {
      if (path === '/.well-known/openid-configuration') {
        json(response, 200, {
          issuer: `${issuer.url}/`,
          authorization_endpoint: `${issuer.url}/auth`,
          token_endpoint: `${issuer.url}/token`,
          jwks_uri: `${issuer.url}/keys`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        });
      } else if (path === '/token' && method === 'POST') {
        const seconds = Math.floor(Date.now() / 1000);
        fresh = jwt({
          iss: `${issuer.url}/`,
          aud: 'netdebug',
          sub: 'ada',
          iat: seconds,
          exp: seconds + 3600,
        });
        json(response, 200, { access_token: 'a', token_type: 'Bearer', expires_in: 3600, id_token: fresh });
      } else json(response, 404, {});
    },
  });
  api = await startFakeServer({
    tls,
    respond: ({ headers }, response) => {
      if (headers.authorization !== `Bearer ${fresh}`) json(response, 401, { kind: 'Status', code: 401 });
      else json(response, 200, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [] });
    },
  });
});
afterAll(async () => {
  await Promise.all([issuer.close(), api.close()]);
  remove();
});

test.each(Object.entries(programs))('%s', async (_, program) => {
  fresh = '';
  const config = {
    'id-token': jwt({ exp: 1 }),
    'refresh-token': 'refresh-me',
    'client-id': 'netdebug',
    'idp-issuer-url': `${issuer.url}/`,
  };
  const kubeconfig = join(home, 'config');
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: api.url, 'certificate-authority': authority } }],
      users: [{ name: 'u', user: { 'auth-provider': { name: 'oidc', config } } }],
    }),
  );
  const before = issuer.seen.length;
  const result = await runProgram(['list'], {
    program,
    kubeconfig,
    env: { HOME: home, NODE_EXTRA_CA_CERTS: authority },
  });
  expect(result).toMatchObject({ code: 0, stderr: 'no debug containers found in namespace default\n' });
  const asked = issuer.seen.slice(before).filter(({ path }) => path === '/token');
  expect(asked.map(({ body }) => new URLSearchParams(body).get('refresh_token'))).toEqual(['refresh-me']);
});
