import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatCorefile, parseCorefile, zoneOf } from '../../../src/diagnose/snapshot/corefile.js';
import { reduced, reducedList } from '../../../src/diagnose/snapshot/reduce.js';

const secret = 's3cr3t';
const corefile = `# ${secret}
(snip) {
  errors
}
.:53, tls://k8s.corp.:853 {
    import snip
    etcd shop {
        credentials user ${secret}
    }
    route53 example.org.:Z1 {
        aws_access_key AKIA ${secret} # the key
    }
    kubernetes cluster.local in-addr.arpa {
        tls cert ${secret} ca
        pods insecure
    }
    template IN ANY corp.example {
        answer "{{ .Name }} 60 IN A 10.0.0.1"
    }
    forward . /etc/resolv.conf 10.0.0.2 { # two
        max_concurrent 1000
    }
}
`;

function configMap(name: string, data: Record<string, string>, namespace = 'kube-system') {
  return { metadata: { name, namespace, annotations: { secret } }, data };
}

test('a Corefile is read block by block', () => {
  const [snippet, server] = parseCorefile(corefile);
  expect(snippet).toEqual({ keys: ['(snip)'], lines: [{ words: ['errors'], block: [] }] });
  expect(server?.keys.map((key) => zoneOf(key))).toEqual(['', 'k8s.corp']);
  expect(server?.lines.map(({ words }) => words.join(' '))).toEqual([
    'import snip',
    'etcd shop',
    'route53 example.org.:Z1',
    'kubernetes cluster.local in-addr.arpa',
    'template IN ANY corp.example',
    'forward . /etc/resolv.conf 10.0.0.2',
  ]);
  expect(server?.lines[4]?.block).toEqual([{ words: ['answer', '{{ .Name }} 60 IN A 10.0.0.1'], block: [] }]);
});

test('what was read of a Corefile is read again alike, whatever text it is', () => {
  const word = fc.constantFrom('.:53', 'forward', '{', '}', '"a b"', '#', 'x', '\n', '\n', '"', ',');
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), (words) => {
      const once = formatCorefile(parseCorefile(words.join(' ')));
      expect(formatCorefile(parseCorefile(once))).toBe(once);
    }),
  );
});

test('of ConfigMaps only what checks read is kept, and nothing secret', () => {
  const kept = reducedList('configmaps', [
    configMap('coredns', { Corefile: corefile, other: secret }),
    configMap('kube-proxy', {
      'config.conf': `mode: ipvs\nclientConnection: { kubeconfig: ${secret} }\n`,
      'kubeconfig.conf': secret,
    }),
    configMap('kubelet-config', { kubelet: `clusterDomain: k8s.corp\nauthentication: ${secret}\n` }),
    configMap('cilium-config', { 'kube-proxy-replacement': 'true', 'etcd-config': secret }),
    configMap('settings', { token: secret }),
    configMap('coredns', { Corefile: secret }, 'shop'),
  ]);
  expect(JSON.stringify(kept)).not.toContain(secret);
  expect(kept.map(({ metadata }) => metadata.name)).toEqual([
    'coredns',
    'kube-proxy',
    'kubelet-config',
    'cilium-config',
  ]);
  expect(kept.slice(1)).toMatchObject([
    { data: { 'config.conf': '{"mode":"ipvs"}' } },
    { data: { kubelet: '{"clusterDomain":"k8s.corp"}' } },
    { data: { 'kube-proxy-replacement': 'true' } },
  ]);
  expect(reducedList('configmaps', kept)).toEqual(kept);
});

test('of events the warnings are kept, the latest thousand, without what a probe printed', () => {
  const event = (name: string, type: string, message: string, lastTimestamp: string) => ({
    metadata: { name, namespace: 'shop', managedFields: [secret] },
    ...{ type, reason: 'Unhealthy', message, lastTimestamp, source: { host: secret } },
  });
  expect(reduced('events', event('a', 'Normal', 'Started', ''))).toBeUndefined();
  const said = (message: string): unknown => reduced('events', event('b', 'Warning', message, ''));
  expect(said(`Readiness probe failed: ${secret}`)).toEqual({
    ...{ apiVersion: 'v1', kind: 'Event', metadata: { name: 'b', namespace: 'shop' }, involvedObject: {} },
    ...{ type: 'Warning', reason: 'Unhealthy', message: 'Readiness probe failed', lastTimestamp: '' },
  });
  const refused = 'Readiness probe failed: dial tcp 10.1.2.7:8081: connect: connection refused';
  expect(said(refused)).toMatchObject({ message: refused });
  const many = Array.from({ length: 1200 }, (_, index) =>
    event(`e${index}`, 'Warning', 'x'.repeat(5000), `2025-01-01T00:00:${String(index).padStart(6, '0')}Z`),
  );
  const kept = reducedList('events', many) as readonly { metadata: { name: string }; message?: string }[];
  expect([kept.length, kept[0]?.metadata.name, kept[0]?.message?.length]).toEqual([1000, 'e1199', 400]);
});
