import { describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Entry, OutsideFacts } from '../../../src/diagnose/outside/facts.js';
import { outsideNames, planOutside } from '../../../src/diagnose/probes/outside-plan.js';
import { probeOutside } from '../../../src/diagnose/probes/outside-run.js';

function outside(entries: readonly Partial<Entry>[], url?: OutsideFacts['url']): OutsideFacts {
  const way = { key: 'way', kind: 'service', fronts: [] };
  const whole = entries.map((entry) => ({
    of: 'loadBalancer',
    port: 80,
    protocol: 'TCP',
    by: 'x',
    ...entry,
  }));
  return {
    client: 'outside',
    ...(url === undefined ? {} : { url }),
    ways: [{ ...way, entries: whole }],
  } as unknown as OutsideFacts;
}

const http = { scheme: 'http', host: 'shop.example', path: '/cart' } as const;

describe('what is tried from outside', () => {
  test('every address once, and what a name of a load balancer leads to', () => {
    const facts = outside([
      { address: '192.0.2.1' },
      { address: '192.0.2.1' },
      { address: 'lb.example', port: 443 },
      { address: '172.30.0.11', port: 30_080, node: 'node-1', of: 'nodePort' },
    ]);
    expect(outsideNames(facts)).toEqual(['lb.example']);
    const plan = planOutside(facts, new Map([['lb.example', ['192.0.2.7', '2001:db8::7']]]));
    expect(plan.connects.map(({ address, port, node }) => `${address} ${port} ${node ?? ''}`.trim())).toEqual(
      ['192.0.2.1 80', '192.0.2.7 443', '2001:db8::7 443', '172.30.0.11 30080 node-1'],
    );
    expect(plan.requests).toEqual([]);
  });

  test('a URL: what its name leads to as well, and the request goes to each address that serves its scheme', () => {
    const url = {
      text: 'http://shop.example/cart',
      scheme: 'http',
      host: 'shop.example',
      path: '/cart',
    } as const;
    const facts = outside(
      [
        { address: '192.0.2.1', http },
        { address: '192.0.2.1', port: 443, http: { ...http, scheme: 'https' } },
      ],
      url,
    );
    const plan = planOutside(facts, new Map([['shop.example', ['192.0.2.1', '192.0.2.99']]]));
    expect(plan.connects.map(({ address, port }) => `${address}:${port}`)).toEqual([
      '192.0.2.1:80',
      '192.0.2.1:443',
      '192.0.2.99:80',
    ]);
    expect(plan.requests.map(({ to, url: one }) => `${to.address} ${one}`)).toEqual([
      '192.0.2.1 http://shop.example/cart',
      '192.0.2.99 http://shop.example/cart',
    ]);
  });

  test('names of rules are looked up, wildcards are not; too many addresses are cut, and that is said', () => {
    const many = Array.from({ length: 20 }, (_, index) => ({ address: `192.0.2.${index}` }));
    const facts = outside([
      ...many,
      { address: '10.0.0.1', http: { ...http, host: '*.example' } },
      { address: '10.0.0.2', http },
    ]);
    expect(outsideNames(facts)).toEqual(['shop.example']);
    const plan = planOutside(facts, new Map());
    expect(plan.connects).toHaveLength(16);
    expect(plan.cut).toEqual([{ what: '6 of 22 addresses from outside', why: 'only 16 are tried' }]);
  });
});

describe('on this machine', () => {
  let server: Server;

  test('connects as often as asked for, and asks over HTTP', async () => {
    server = createServer((request, response) => {
      response.writeHead(404, { server: 'nginx' });
      response.end(request.headers.host);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const facts = outside([
      // No host: names would be asked for beyond this machine.
      { address: '127.0.0.1', port, http: { scheme: 'http', path: '/cart' } },
      { address: '127.0.0.1', port: 1 },
    ]);
    const seen = await probeOutside(facts, { count: 4, now: () => performance.now(), withinMs: 20_000 });
    server.close();
    expect(seen.connects.map(({ attempts }) => attempts.map(({ outcome }) => outcome))).toEqual([
      ['connected', 'connected', 'connected', 'connected'],
      ['refused', 'refused', 'refused', 'refused'],
    ]);
    expect(seen.http).toMatchObject([
      { status: 404, headers: { server: 'nginx' }, url: `http://127.0.0.1:${port}/cart` },
    ]);
    expect(seen.dns).toEqual([]);
  });

  test('names what there was no time for', async () => {
    const facts = outside([{ address: '127.0.0.1', port: 1 }]);
    const seen = await probeOutside(facts, { count: 1, now: () => performance.now(), withinMs: 0 });
    expect(seen).toEqual({
      dns: [],
      connects: [],
      http: [],
      failed: [{ what: 'TCP 127.0.0.1 port 1 from this machine', why: 'there was no time left for it' }],
    });
  });

  test('ends when the signal comes', async () => {
    const stop = AbortSignal.abort();
    const facts = outside([{ address: '127.0.0.1', port: 1 }]);
    await expect(
      probeOutside(facts, { count: 1, now: () => performance.now(), withinMs: 1000, signal: stop }),
    ).rejects.toMatchObject({ exitCode: 130 });
  });
});
