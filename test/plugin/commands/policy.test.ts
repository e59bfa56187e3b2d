import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { parsePolicy, policyCommand } from '../../../plugin/commands/policy.js';
import { parseWords } from '../../../plugin/options/parse.js';
import { runWords } from '../environment.js';

const file = fileURLToPath(new URL('../../fixtures/policy/shop.yaml', import.meta.url));
const policy = (...words: string[]) => runWords(['policy', ...words, '-f', file]);
const read = (line: string) => parsePolicy(parseWords('policy', line.split(' '), policyCommand.flags), {});

describe('the words of policy', () => {
  test('ask for one flow or for all pairs', () => {
    expect(read('web-0 svc/api:80 -n shop -f a -f b')).toMatchObject({
      question: { kind: 'flow', from: 'web-0', to: 'svc/api:80' },
      files: ['a', 'b'],
      kube: { namespace: 'shop' },
    });
    expect(read('--all-pairs -A -o dot')).toMatchObject({
      question: { kind: 'all-pairs', allNamespaces: true },
      output: { format: 'dot' },
    });
  });

  test.each([
    ['web-0', 'TO is missing'],
    ['a b c', 'unexpected argument "c"'],
    ['a b -o dot', 'cannot print "dot"'],
    ['--all-pairs a', 'unexpected argument "a"'],
    ['a b -A', '--all-namespaces goes with --all-pairs'],
  ])('%s is refused', (line, sentence) => {
    expect(() => read(line)).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringContaining(sentence) }),
    );
  });
});

describe('policy FROM TO', () => {
  test('denies with the nearest rule, the term that fails and the patch that mends it', async () => {
    const { code, out, err } = await policy('web/deploy/front', 'shop/svc/api:80');
    expect(code).toBe(1);
    expect(err).toBe('');
    expect(out).toBe(
      `deny   web/front-1 → shop/api-1  TCP 8080 (port 80 of the Service)
  egress    allow    no NetworkPolicy isolates web/front-1
  ingress   deny     NetworkPolicy shop/allow-front, NetworkPolicy shop/default-deny isolate shop/api-1; no rule admits web/front-1
  nearest   NetworkPolicy shop/allow-front spec.ingress[0].ports lists 80, the port of the Service; policies see the pod's port, TCP 8080 (ND204)
  fix       kubectl -n shop patch networkpolicy allow-front --type=json -p '[{"op":"add","path":"/spec/ingress/0/ports/-","value":{"protocol":"TCP","port":8080}}]'
            tried on a copy: with it the verdict is allow
`,
    );
  });

  test('allows with the rule that admits', async () => {
    const { code, out } = await policy('shop/deploy/api', 'shop/svc/db', '-o', 'wide');
    expect(code).toBe(0);
    expect(out).toBe(
      `allow   shop/api-1 → shop/db-1  TCP 5432
  egress    allow    no NetworkPolicy isolates shop/api-1
  ingress   allow    NetworkPolicy shop/allow-api spec.ingress[0]
            walk: [NetworkPolicy] Allow (allow-api spec.ingress[0])
`,
    );
  });

  test.each(['json', 'yaml'])('says the same as %s', async (format) => {
    const { code, out } = await policy('web/deploy/front', 'shop/svc/api:80', '-o', format);
    expect(code).toBe(1);
    expect(parse(out)).toMatchObject({
      apiVersion: 'netdebug/v1',
      kind: 'PolicyVerdict',
      verdict: 'deny',
      from: { kind: 'pod', namespace: 'web', name: 'front-1' },
      protocol: 'TCP',
      port: 8080,
      servicePort: 80,
      egress: { verdict: 'allow', policies: [], rule: null, nearest: null, fix: null },
      ingress: {
        verdict: 'deny',
        policies: [
          { kind: 'NetworkPolicy', namespace: 'shop', name: 'allow-front' },
          { kind: 'NetworkPolicy', namespace: 'shop', name: 'default-deny' },
        ],
        rule: null,
        nearest: {
          rule: { field: 'spec.ingress[0]' },
          failed: [{ code: 'ND204', field: 'spec.ingress[0].ports' }],
        },
        fix: { patch: [{ op: 'add', path: '/spec/ingress/0/ports/-' }] },
      },
      verdictWithFixes: 'allow',
      flows: [{ verdict: 'deny' }],
    });
  });

  test('is undetermined, with the reason, where Kubernetes leaves it open', async () => {
    const { code, out } = await policy('external', 'kube-system/pod/none:80', '-o', 'json');
    expect({ code, out }).toEqual({ code: 6, out: '' });
    const oracle = fileURLToPath(
      new URL('../../fixtures/oracles/kubernetes-e2e/egress-to-cidr/objects.yaml', import.meta.url),
    );
    const open = await runWords(['policy', 'x/pod/a', 'y/pod/b:80', '-f', oracle]);
    expect(open.code).toBe(3);
    expect(open.out).toMatch(
      /^unknown {3}x\/a → y\/b {2}TCP 80\n {2}egress {4}unknown .*\n {12}because only an ipBlock /,
    );
  });

  test('fails with the exit code of what is wrong', async () => {
    expect(await policy('web/deploy/front', 'shop/svc/apy:80')).toMatchObject({
      code: 6,
      out: '',
      err: 'error: There is no shop/service/apy.\nhint: Did you mean api?\n',
    });
    expect((await runWords(['policy', 'a', 'pod/b:1', '-f', '/nonexistent'])).code).toBe(2);
  });
});

describe('policy --all-pairs', () => {
  test('lists every ordered pair of two pods', async () => {
    const { code, out, err } = await policy('--all-pairs', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      apiVersion: 'netdebug/v1',
      kind: 'PolicyMatrix',
      pairs: [
        { src: 'shop/api-1', dst: 'shop/db-1', allowed: ['TCP 5432'], unknown: [] },
        { src: 'shop/api-1', dst: 'web/front-1', allowed: ['ALL'], unknown: [] },
        { src: 'shop/db-1', dst: 'shop/api-1', allowed: [], unknown: [] },
        { src: 'shop/db-1', dst: 'web/front-1', allowed: ['ALL'], unknown: [] },
        { src: 'web/front-1', dst: 'shop/api-1', allowed: ['TCP 80'], unknown: [] },
        { src: 'web/front-1', dst: 'shop/db-1', allowed: [], unknown: [] },
      ],
    });
    expect(err).toBe(
      '6 pairs of pods: 2 allowed on every port, 2 on some, 0 left open by Kubernetes on some, 2 denied\n',
    );
  });

  test('says the same as YAML, and of one namespace with -n', async () => {
    const [json, yaml] = await Promise.all(
      ['json', 'yaml'].map((format) => policy('--all-pairs', '-o', format)),
    );
    expect(parse(yaml?.out ?? '')).toEqual(JSON.parse(json?.out ?? ''));
    const one = await policy('--all-pairs', '-n', 'web', '-o', 'yaml', '-q');
    expect(parse(one.out)).toEqual({ apiVersion: 'netdebug/v1', kind: 'PolicyMatrix', pairs: [] });
    expect(one.err).toBe('');
  });

  test('prints what is open as a table, wide all', async () => {
    const { out } = await policy('--all-pairs');
    expect(out).toBe(
      `FROM          TO            ALLOWED                    UNKNOWN
shop/api-1    shop/db-1     TCP 5432
shop/api-1    web/front-1   ALL
shop/db-1     web/front-1   ALL
web/front-1   shop/api-1    TCP 80
`,
    );
    expect((await policy('--all-pairs', '-o', 'wide')).out).toContain('web/front-1   shop/db-1     <none>\n');
  });

  test('draws a graph for dot and for mermaid', async () => {
    expect((await policy('--all-pairs', '-o', 'dot')).out).toBe(
      `digraph policy {
  rankdir=LR;
  node [shape=box];
  subgraph cluster_0 {
    label="shop";
    p0 [label="api-1"];
    p1 [label="db-1"];
  }
  subgraph cluster_1 {
    label="web";
    p2 [label="front-1"];
  }
  p0 -> p1 [label="TCP 5432"];
  p0 -> p2 [label="ALL"];
  p1 -> p2 [label="ALL"];
  p2 -> p0 [label="TCP 80"];
}
`,
    );
    expect((await policy('--all-pairs', '-o', 'mermaid')).out).toContain('  p0 -->|"TCP 5432"| p1\n');
  });
});
