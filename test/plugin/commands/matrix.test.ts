import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
// jest cannot load two modules at a time that import a third; loaded here, they are there when the command asks for them.
import '../../../plugin/matrix.js';
import '../../../plugin/print/pairsdocument.js';
import '../../../src/report/matrix-junit.js';
import '../../../src/report/matrix-page.js';
import { matrixCommand, parseMatrix } from '../../../plugin/commands/matrix.js';
import { parseWords } from '../../../plugin/options/parse.js';
import { runWords } from '../environment.js';

const file = fileURLToPath(new URL('../../fixtures/policy/shop.yaml', import.meta.url));
const read = (line: string) =>
  parseMatrix(parseWords('matrix', line.split(' ').filter(Boolean), matrixCommand.flags), {});

describe('the words of matrix', () => {
  test('targets, ports and limits', () => {
    expect(
      read('deploy/web svc/api -l tier=x -p 80,53/udp --port http --parallel 3 --connections 5'),
    ).toMatchObject({
      mode: 'live',
      targets: [
        { kind: 'reference', reference: { kind: 'deployment', name: 'web' } },
        { kind: 'reference', reference: { kind: 'service', name: 'api' } },
        { kind: 'labels', selector: 'tier=x' },
      ],
      ports: [
        { port: 80, protocol: 'tcp' },
        { port: 53, protocol: 'udp' },
        { port: 'http', protocol: 'tcp' },
      ],
      sourcesAtOnce: 3,
      connectionsAtOnce: 5,
      timeoutMs: 2_000,
      mostPods: 100,
    });
  });

  test('policies alone need no target; files mean policies alone', () => {
    expect(read('--static -A')).toMatchObject({
      mode: 'static',
      targets: 'all',
      allNamespaces: true,
    });
    expect(read('-f a')).toMatchObject({
      mode: 'static',
      targets: 'all',
      files: ['a'],
    });
    expect(read('web --compare')).toMatchObject({ mode: 'compare' });
  });

  test.each([
    ['', 'matrix needs a TARGET'],
    ['web --static --compare', '--static and --compare exclude each other'],
    ['web --compare -f a', '-f and --compare exclude each other'],
    ['web -A', '-A goes with -l'],
    ['web -p 0', '"0" is no port'],
    ['web -p 65536', '"65536" is no port'],
    ['web -p 80/icmp', '"80/icmp" is no port'],
    ['web -p 80,', '"" is no port'],
    ['web -p --', '--port'],
    ['web --parallel 0', '"0" is not a whole number'],
    ['web --static --dry-run', 'no debug container is needed'],
    ['web -o dot', 'cannot print "dot"'],
  ])('%s is refused', (line, sentence) => {
    expect(() => read(line)).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: expect.stringContaining(sentence),
      }),
    );
  });
});

describe('matrix of files', () => {
  const matrix = (...words: string[]) => runWords(['matrix', '-f', file, ...words]);

  test('everything there is, by policies', async () => {
    const { code, out, err } = await matrix();
    expect(err).toBe('');
    expect(out).toMatchInlineSnapshot(`
     "FROM         shop/api-1:8080  shop/db-1:5432  web/front-1:8080  shop/svc/api:80  shop/svc/db:5432
     shop/api-1   .                +               +                 ?                +
     shop/db-1    N                .               +                 N                ?
     web/front-1  N                N               .                 N                N

     + allowed   N denied   ? left open by Kubernetes, or not known   . the pod itself

     12 pairs: 6 denied, 4 allowed, 2 left open by Kubernetes, or not known (by policies alone, no packet was sent)
     "
    `);
    expect(code).toBe(1);
  });

  test('only what is named, or has these labels', async () => {
    const named = await matrix('shop/deploy/api', 'shop/sts/db', '-o', 'json');
    expect(JSON.parse(named.out)).toMatchObject({
      kind: 'Matrix',
      mode: 'static',
      counts: { pairs: 2 },
      pairs: [
        { from: 'shop/api-1', to: 'shop/db-1:5432' },
        { from: 'shop/db-1', to: 'shop/api-1:8080' },
      ],
    });
    const labelled = await matrix('-l', 'app in (api,db)', '-A', '-o', 'json');
    expect(JSON.parse(labelled.out)).toEqual(JSON.parse(named.out));
    expect(await matrix('-l', 'app=none', '-A')).toMatchObject({
      code: 6,
      err: 'error: No pod in the files has the labels app=none.\n',
    });
  });

  test('as JUnit and as a page', async () => {
    const junit = await matrix('-o', 'junit');
    expect(junit.out).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<testsuites name="matrix static"/);
    const page = await matrix('-o', 'html');
    expect(page.out).toMatch(/^<!doctype html>/);
    expect(page.out).toContain('policies alone: no packet was sent');
    expect([junit.code, page.code]).toEqual([1, 1]);
  });
});
