import { describe, expect, test } from '@jest/globals';
import { ensureDebugContainer, previewDebugContainer } from '../../src/debugger/ensure.js';
import { debugContainerSpec } from '../../src/debugger/spec.js';
import type { NetdebugError } from '../../src/errors.js';
import type { KubeEvent } from '../../src/kube/types.js';
import { base, FakeServer, options, type Patch } from './fake-server.js';
import { apiError } from './fakes.js';
import { statusOf, transcript } from './transcripts.js';

/** Waits for the container while the test plays the kubelet; failures are values, so that none goes unhandled in between. */
function ensure(server: FakeServer, request = server.request()) {
  return ensureDebugContainer(server.api, request).then(
    (container) => ({ container }),
    (error: unknown) => ({ error: error as NetdebugError }),
  );
}

const refuse = (note: string): never => {
  const exchange = transcript('inject-rejected').find((one) => one.note === note);
  if (exchange === undefined) throw new Error(note);
  const status = statusOf(exchange);
  throw apiError(
    exchange.response?.status ?? 0,
    status.message ?? '',
    status,
    'PATCH',
    exchange.request?.path,
  );
};

const adds = ({ container }: Patch) => (container.securityContext?.capabilities?.add?.length ?? 0) > 0;
const isRoot = ({ container }: Patch) => container.securityContext?.runAsUser === 0;
const baselineNamespace = (patch: Patch) =>
  adds(patch) ? refuse('PodSecurity baseline: netadmin profile') : patch.container;
const restrictedNamespace = (patch: Patch) =>
  adds(patch)
    ? refuse('PodSecurity restricted: netadmin profile')
    : isRoot(patch)
      ? refuse('PodSecurity restricted: no securityContext')
      : patch.container;

const own = '/api/v1/namespaces/shop/pods/web-0';
const running = { running: { startedAt: '2026-01-01T00:00:00Z' } };

describe('ensureDebugContainer', () => {
  test('one that runs costs one GET', async () => {
    const server = new FakeServer();
    const spec = debugContainerSpec('netdebug-there', base, 'netadmin', options);
    server.pod = {
      ...base,
      spec: { ...base.spec, ephemeralContainers: [spec] },
      status: { ephemeralContainerStatuses: [{ name: spec.name, state: running }] },
    };
    expect(await ensure(server)).toEqual({
      container: {
        namespace: 'shop',
        pod: 'web-0',
        container: 'netdebug-there',
        image: 'toolbox:1',
        profile: 'netadmin',
        reused: true,
        limits: [],
        warnings: [],
      },
    });
    expect(server.requests).toEqual([`GET ${own}`]);
  });

  test('a new one is tried, injected and waited for', async () => {
    const server = new FakeServer();
    const result = ensure(server);
    await server.clock.advance(0);
    await server.status({ waiting: { reason: 'ContainerCreating' } });
    await server.status(running);
    expect(await result).toMatchObject({
      container: { profile: 'netadmin', reused: false, container: expect.stringMatching(/^netdebug-/) },
    });
    expect(server.requests).toEqual([
      `GET ${own}`,
      `PATCH ${own}/ephemeralcontainers?dryRun=All`,
      `PATCH ${own}/ephemeralcontainers`,
      'WATCH',
    ]);
    expect(server.patches[0]?.container).toEqual(server.patches[1]?.container);
    expect(server.progress.map(({ kind }) => kind)).toEqual(['injecting', 'running']);
  });

  test.each(['auto', 'netadmin'] as const)(
    'who may not exec is told before anything is put into the pod, under %s',
    async (profile) => {
      const server = new FakeServer();
      server.mayExec = false;
      const { error } = (await ensure(server, server.request({ options: { profile } }))) as {
        error: NetdebugError;
      };
      expect(error).toMatchObject({
        exitCode: 5,
        message: 'You may not get and create pods/exec in namespace shop.',
        hint: expect.stringContaining('resources: [pods/ephemeralcontainers]') as unknown,
      });
      expect(server.patches.filter(({ dryRun }) => !dryRun)).toEqual([]);
    },
  );

  test('where access reviews are refused the exec is left to tell', async () => {
    const server = new FakeServer();
    server.mayExec = undefined;
    const result = ensure(server);
    await server.clock.advance(0);
    await server.status(running);
    expect(await result).toMatchObject({ container: { reused: false } });
  });

  test('a named profile that allows no capture is refused before anything is asked', async () => {
    const server = new FakeServer();
    const named = server.request({ options: { profile: 'restricted' } });
    expect(await ensure(server, named)).toMatchObject({
      error: { exitCode: 2, message: 'With the profile restricted no packets can be captured.' },
    });
    await expect(previewDebugContainer(server.api, named)).rejects.toMatchObject({ exitCode: 2 });
    expect(server.requests).toEqual([]);
  });

  test('under baseline it takes the baseline profile and says so', async () => {
    const server = new FakeServer();
    server.admit = baselineNamespace;
    const result = ensure(server);
    await server.clock.advance(0);
    await server.status(running);
    const { container } = (await result) as { container: { profile: string; limits: readonly string[] } };
    expect(container.profile).toBe('baseline');
    expect(container.limits).toHaveLength(2);
    expect(server.progress[0]).toEqual({
      kind: 'rung-refused',
      profile: 'netadmin',
      why: 'Pod Security "baseline": non-default capabilities',
    });
  });

  test('under restricted a tool without raw sockets still gets its container', async () => {
    const server = new FakeServer();
    server.admit = restrictedNamespace;
    const result = ensure(server, server.request({ need: 'none' }));
    await server.clock.advance(0);
    await server.status(running);
    expect(await result).toMatchObject({ container: { profile: 'restricted' } });
  });

  test('under restricted a capture is refused with level, label, fields and what still works; nothing is injected', async () => {
    const server = new FakeServer();
    server.admit = restrictedNamespace;
    const { error } = (await ensure(server)) as { error: NetdebugError };
    expect(error.exitCode).toBe(5);
    expect(error.message).toBe('Pod Security "restricted" in namespace shop allows no packet capture.');
    expect(error.details[0]).toBe('label of namespace shop: pod-security.kubernetes.io/enforce=restricted');
    expect(error.details).toContain(
      'netadmin: unrestricted capabilities: container "d" must set securityContext.capabilities.drop=["ALL"]; container "d" must not include "NET_ADMIN", "NET_RAW" in securityContext.capabilities.add',
    );
    expect(error.hint).toMatch(
      /still works here: ping, netstat, connect and other ordinary connections \(profile restricted\)/,
    );
    expect(server.patches.every(({ dryRun }) => dryRun)).toBe(true);
  });

  test('a profile that was named is not replaced by a lower one', async () => {
    const server = new FakeServer();
    server.admit = baselineNamespace;
    const { error } = (await ensure(server, server.request({ options: { profile: 'netadmin' } }))) as {
      error: NetdebugError;
    };
    expect(error).toMatchObject({
      exitCode: 5,
      message: 'Pod Security "baseline" in namespace shop does not allow the profile netadmin.',
    });
    expect(server.patches).toHaveLength(1);
  });

  test('a policy that refuses everything is named with its words', async () => {
    const server = new FakeServer();
    server.admit = () => {
      throw apiError(
        422,
        `pods "web-0" is forbidden: ValidatingAdmissionPolicy 'no-debug' with binding 'b' denied request: ask the platform team`,
      );
    };
    const { error } = (await ensure(server)) as { error: NetdebugError };
    expect(error).toMatchObject({
      exitCode: 5,
      message: 'ValidatingAdmissionPolicy no-debug in namespace shop allows no debug container.',
    });
  });

  test('missing rights: the Role to ask for', async () => {
    const server = new FakeServer();
    server.admit = () => {
      throw apiError(
        403,
        'pods "web-0" is forbidden: User "rec-min" cannot patch resource "pods/ephemeralcontainers" in API group "" in the namespace "shop"',
      );
    };
    const { error } = (await ensure(server)) as { error: NetdebugError };
    expect(error.exitCode).toBe(5);
    expect(error.message).toBe('User rec-min may not patch pods/ephemeralcontainers in namespace shop.');
    expect(error.hint).toContain(
      '- {apiGroups: [""], resources: [pods/ephemeralcontainers], verbs: [patch]}',
    );
    expect(error.hint).toContain('- {apiGroups: [""], resources: [pods/exec], verbs: [get, create]}');
  });

  test('a name that is taken, or a pod that changed: read again and decide again', async () => {
    const server = new FakeServer();
    let clashes = 2;
    server.admit = ({ dryRun, container }) => {
      if (dryRun || clashes === 0) return container;
      clashes--;
      throw apiError(409, 'the object has been modified');
    };
    const result = ensure(server);
    await server.clock.advance(0);
    await server.status(running);
    expect(await result).toMatchObject({ container: { reused: false } });
    const names = server.patches.filter(({ dryRun }) => !dryRun).map(({ container }) => container.name);
    expect(new Set(names).size).toBe(3);
    expect(server.requests.filter((one) => one.startsWith('GET'))).toHaveLength(3);
  });

  test('gives up after five clashes', async () => {
    const server = new FakeServer();
    server.admit = () => {
      throw apiError(409, 'the object has been modified');
    };
    expect(await ensure(server)).toMatchObject({ error: { code: 409 } });
    expect(server.patches).toHaveLength(5);
  });

  test('what a webhook changed is said, and its name is used', async () => {
    const server = new FakeServer();
    server.warnings = ['recorded for audit'];
    server.admit = ({ container }) => ({
      ...container,
      name: 'renamed',
      image: 'mirror/toolbox:1',
      securityContext: { runAsUser: 0, capabilities: { drop: ['ALL'] } },
    });
    const result = ensure(server);
    await server.clock.advance(0);
    await server.status(running);
    expect(await result).toMatchObject({
      container: {
        container: 'renamed',
        image: 'mirror/toolbox:1',
        warnings: ['recorded for audit'],
        limits: [expect.stringContaining('cannot be captured')],
      },
    });
    expect(server.progress.filter(({ kind }) => kind === 'warning')).toEqual([
      { kind: 'warning', text: 'recorded for audit' },
      {
        kind: 'warning',
        text: 'the cluster changed the debug container: the name is renamed, the image is mirror/toolbox:1 instead of toolbox:1, securityContext.runAsNonRoot is absent instead of false, securityContext.capabilities is {"drop":["ALL"]} instead of {"add":["NET_ADMIN","NET_RAW"]}',
      },
    ]);
  });

  test('a webhook that takes the container out', async () => {
    const server = new FakeServer();
    server.admit = ({ dryRun, container }) => (dryRun ? container : undefined);
    expect(await ensure(server)).toMatchObject({ error: { exitCode: 5 } });
  });

  test('preview asks by dry run only', async () => {
    const server = new FakeServer();
    const preview = await previewDebugContainer(server.api, server.request());
    expect(preview).toMatchObject({
      kind: 'inject',
      injection: {
        method: 'PATCH',
        path: `${own}/ephemeralcontainers`,
        contentType: 'application/strategic-merge-patch+json',
      },
    });
    expect(server.patches.map(({ dryRun }) => dryRun)).toEqual([true]);
    expect(preview.kind === 'inject' && preview.injection.body.spec.ephemeralContainers[0]).toEqual(
      server.patches[0]?.container,
    );
  });
});

describe('waiting', () => {
  const event = (name: string, type: string, reason: string, message: string): KubeEvent => ({
    metadata: { name: reason },
    type,
    reason,
    message,
    involvedObject: { name: 'web-0', uid: 'u1', fieldPath: `spec.ephemeralContainers{${name}}` },
  });
  const injected = (server: FakeServer) => server.pod.spec.ephemeralContainers?.[0]?.name ?? '';

  test('tells every second what the kubelet is at', async () => {
    const server = new FakeServer();
    const result = ensure(server);
    await server.clock.advance(0);
    server.events = [event(injected(server), 'Normal', 'Pulling', 'Pulling image')];
    await server.clock.advance(2_500);
    expect(server.progress.filter(({ kind }) => kind === 'waiting')).toEqual([
      { kind: 'waiting', what: 'pulling image', elapsedMs: 400 },
      { kind: 'waiting', what: 'pulling image', elapsedMs: 1_400 },
      { kind: 'waiting', what: 'pulling image', elapsedMs: 2_400 },
    ]);
    await server.status(running);
    expect(await result).toHaveProperty('container');
    const reported = server.progress.length;
    await server.clock.advance(10_000);
    expect(server.progress).toHaveLength(reported);
  });

  test('an image that fails is known from its event, long before the status tells', async () => {
    const server = new FakeServer();
    const result = ensure(server);
    await server.clock.advance(0);
    server.events = [
      event(injected(server), 'Warning', 'Failed', 'Failed to pull image "toolbox:1": not found'),
    ];
    await server.clock.advance(400);
    expect(await result).toMatchObject({
      error: {
        exitCode: 7,
        message: expect.stringContaining('ErrImagePull: Failed to pull image "toolbox:1": not found'),
      },
    });
  });

  test('a status that is faster than the events: one look at them for the report', async () => {
    const server = new FakeServer();
    const result = ensure(server);
    await server.clock.advance(0);
    server.events = [event(injected(server), 'Warning', 'Failed', 'Error: no such file')];
    await server.status({ waiting: { reason: 'RunContainerError', message: 'no such file' } });
    expect(await result).toMatchObject({
      error: { exitCode: 7, details: ['event Failed: Error: no such file'] },
    });
  });

  test('the limit ends it with the last that was known', async () => {
    const server = new FakeServer();
    const result = ensure(server, server.request({ options: { startTimeoutMs: 5_000 } }));
    await server.clock.advance(0);
    server.events = [event(injected(server), 'Normal', 'Pulling', 'Pulling image')];
    await server.clock.advance(5_000);
    expect(await result).toMatchObject({
      error: {
        exitCode: 7,
        message: expect.stringMatching(/did not start within 5 s; last it was: pulling image\.$/),
        details: ['event Pulling: Pulling image'],
      },
    });
  });

  test('without the right to watch it reads the pod again and again', async () => {
    const server = new FakeServer();
    server.mayWatch = false;
    const result = ensure(server);
    await server.clock.advance(2_000);
    await server.status(running);
    await server.clock.advance(1_000);
    expect(await result).toHaveProperty('container');
    expect(server.requests.filter((one) => one.startsWith('GET')).length).toBeGreaterThan(3);
  });

  test('a pod that goes away', async () => {
    const server = new FakeServer();
    const result = ensure(server);
    await server.clock.advance(0);
    await server.status({ waiting: {} }, 'DELETED');
    expect(await result).toMatchObject({
      error: { exitCode: 6, message: expect.stringContaining('was deleted') },
    });
  });

  test('Ctrl-C', async () => {
    const server = new FakeServer();
    const interrupt = new AbortController();
    const result = ensure(server, server.request({ signal: interrupt.signal }));
    await server.clock.advance(0);
    interrupt.abort();
    expect(await result).toMatchObject({ error: { exitCode: 130 } });
  });

  test('one that another command has just injected is waited for, not doubled', async () => {
    const server = new FakeServer();
    const spec = debugContainerSpec('netdebug-other', base, 'netadmin', options);
    server.pod = { ...base, spec: { ...base.spec, ephemeralContainers: [spec] } };
    const result = ensure(server);
    await server.clock.advance(0);
    await server.status(running);
    expect(await result).toMatchObject({ container: { container: 'netdebug-other', reused: true } });
    expect(server.patches).toEqual([]);
  });
});
