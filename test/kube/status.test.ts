import { describe, expect, test } from '@jest/globals';
import { ApiError, isApiError, parseStatus, retryAfter } from '../../src/kube/status.js';
import { parseRefusal } from '../../src/debugger/admission.js';
import type { Exchange } from './transcripts.js';
import { exchanges } from './transcripts.js';

const SERVER = 'https://fake:6443';

function errorOf(exchange: Exchange): ApiError {
  const { status = 0, headers, body } = exchange.response ?? {};
  const type = headers?.['content-type'];
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? '');
  const parsed = parseStatus(status, type, body === undefined || body === null ? '' : text);
  return new ApiError(status, parsed, { server: SERVER, ...exchange.request });
}

function made(
  code: number,
  message: string,
  path = '/api/v1/namespaces/rec/pods/multi',
  method = 'GET',
): ApiError {
  return new ApiError(
    code,
    { kind: 'Status', status: 'Failure', code, message },
    { server: SERVER, method, path },
  );
}

const refused = [...exchanges('errors'), ...exchanges('exec-errors'), ...exchanges('pod-list')].filter(
  (each) => (each.response?.status ?? 0) >= 400,
);

describe('recorded refusals', () => {
  test('are many', () => expect(refused.length).toBeGreaterThan(40));

  test.each(refused.map((each) => [`${each.response?.status ?? 0} ${each.note}`, each] as const))(
    '%s: has the code, a sentence and an exit code',
    (_name, each) => {
      const error = errorOf(each);
      const code = each.response?.status ?? 0;
      expect(isApiError(error, code)).toBe(true);
      expect(error.message.length).toBeGreaterThan(10);
      const expected: Partial<Record<number, number[]>> = {
        401: [4],
        403: [5],
        404: [6],
        409: [6],
        422: [6],
        410: [4],
        504: [4],
      };
      const nobody = error.status.message?.includes('system:anonymous') === true;
      expect(nobody ? [4] : (expected[code] ?? [2, 4, 6])).toContain(error.exitCode);
      // Whoever is refused by RBAC is told the rule to ask for.
      if (code === 403 && !nobody && error.status.message?.includes('cannot')) {
        expect(error.forbidden).toBeDefined();
        expect(error.hint).toContain('apiVersion: rbac.authorization.k8s.io/v1');
      }
    },
  );
});

describe('403', () => {
  test('of a server that takes us for nobody: credentials are missing, not a Role', () => {
    const error = made(
      403,
      'pods "multi" is forbidden: User "system:anonymous" cannot get resource "pods" in API group "" in the namespace "rec"',
    );
    expect(error.message).toContain('got no credentials that it knows');
    expect(error.exitCode).toBe(4);
    expect(error.forbidden).toBeUndefined();
    expect(parseRefusal(error)).toBeUndefined();
  });

  test.each([403, 404])('%i that is no Status is not the API server', (code) => {
    const page = parseStatus(code, 'text/html', '<h1>Access denied by gateway</h1>');
    const error = new ApiError(code, page, { server: SERVER, method: 'GET', path: '/api/v1/pods' });
    expect(error.message).toBe(
      `What answers at ${SERVER} does not speak for a Kubernetes API server (HTTP ${code}): Access denied by gateway.`,
    );
    expect(error.exitCode).toBe(4);
    expect(parseRefusal(error)).toBeUndefined();
  });

  test('names user, verb, resource and namespace, and gives the Role', () => {
    const error = made(
      403,
      'pods "multi" is forbidden: User "rec-none" cannot patch resource "pods/ephemeralcontainers" in API group "" in the namespace "rec"',
    );
    expect(error.message).toBe('User rec-none may not patch pods/ephemeralcontainers in namespace rec.');
    expect(error.forbidden).toEqual({
      user: 'rec-none',
      verbs: ['patch'],
      group: '',
      resource: 'pods/ephemeralcontainers',
      namespace: 'rec',
    });
    expect(error.hint).toBe(
      [
        'Ask an administrator for this rule:',
        'apiVersion: rbac.authorization.k8s.io/v1',
        'kind: Role',
        'metadata: {name: netdebug, namespace: rec}',
        'rules:',
        '- {apiGroups: [""], resources: [pods/ephemeralcontainers], verbs: [patch]}',
      ].join('\n'),
    );
  });

  test('at the cluster scope asks for a ClusterRole', () => {
    const error = made(
      403,
      'nodes is forbidden: User "rec-none" cannot list resource "nodes" in API group "" at the cluster scope',
      '/api/v1/nodes',
    );
    expect(error.message).toBe('User rec-none may not list nodes in the cluster.');
    expect(error.hint).toContain('kind: ClusterRole');
  });

  test('exec refused with an empty reason needs get and create', () => {
    const error = made(403, 'pods "multi" is forbidden: ', '/api/v1/namespaces/rec/pods/multi/exec');
    expect(error.forbidden).toEqual({
      verbs: ['get', 'create'],
      group: '',
      resource: 'pods/exec',
      namespace: 'rec',
    });
    expect(error.message).toBe('You may not get and create pods/exec in namespace rec.');
    expect(error.hint).toContain('resources: [pods/exec], verbs: [get, create]}');
  });

  test('Pod Security is no matter of RBAC: the words stay, no Role is proposed', () => {
    const words =
      'pods "multi" is forbidden: violates PodSecurity "baseline:latest": non-default capabilities';
    const error = made(403, words, '/api/v1/namespaces/rec/pods/multi/ephemeralcontainers', 'PATCH');
    expect(error.exitCode).toBe(5);
    expect(error.forbidden).toBeUndefined();
    expect(error.hint).toBeUndefined();
    expect(error.message).toBe(words);
  });

  test('a hostile message cannot write YAML or escape sequences into the hint', () => {
    const error = made(
      403,
      'x is forbidden: User "a\u001b[31m" cannot get resource "pods]\nrules: evil" in API group "" in the namespace "r"',
    );
    expect(`${error.message}${error.hint ?? ''}`).not.toContain('\u001b');
    expect(error.hint ?? '').not.toMatch(/^rules: evil/m);
  });
});

describe('others', () => {
  test('401 says where, and to log in', () => {
    const error = made(401, 'Unauthorized');
    expect(error.exitCode).toBe(4);
    expect(error.message).toBe(
      `The API server ${SERVER} did not accept your credentials (401 Unauthorized).`,
    );
    expect(error.hint).toContain('Log in');
  });

  test('a policy that denies with 422 is "not allowed"', () => {
    const denied = made(
      422,
      "pods \"m\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
    );
    expect(denied.exitCode).toBe(5);
    expect(made(422, 'Pod "x" is invalid: spec: Forbidden').exitCode).toBe(6);
  });

  test('a bad selector is a usage error', () => {
    expect(made(400, "unable to parse requirement: found '(', expected: identifier").exitCode).toBe(2);
    expect(made(400, 'field label not supported: spec.nosuch').exitCode).toBe(2);
  });

  test('a container that does not run is told in the kubelet’s words', () => {
    const status = parseStatus(500, 'text/plain; charset=utf-8', 'container not found ("c")');
    const error = new ApiError(500, status, { server: SERVER, method: 'GET', path: '/x' });
    expect(error.exitCode).toBe(6);
    expect(error.message).toBe('container not found ("c").');
  });

  test('a page of a proxy becomes one line of text', () => {
    const status = parseStatus(
      502,
      'text/html',
      '<html><script>alert(1)</script><h1>Bad\n Gateway</h1>\u001b[2J</html>',
    );
    expect(status.message).toBe('Bad Gateway [2J');
  });

  test('JSON that is no Status is text', () => {
    expect(parseStatus(400, 'application/json', '{"message":{"a":1}}').message).toBe('{"message":{"a":1}}');
    expect(parseStatus(400, 'application/json', 'not json').message).toBe('not json');
  });

  test('long messages are cut', () => {
    expect(made(404, 'x'.repeat(100_000)).message.length).toBeLessThan(1100);
  });

  test('Retry-After comes from the header or the Status', () => {
    expect(retryAfter('3', undefined)).toBe(3000);
    expect(retryAfter(undefined, { details: { retryAfterSeconds: 2 } })).toBe(2000);
    expect(retryAfter('Wed, 21 Oct 2026 07:28:00 GMT', undefined)).toBeUndefined();
    expect(retryAfter(undefined, undefined)).toBeUndefined();
  });
});
