import { describe, expect, test } from '@jest/globals';
import { planMatrix, type AskedPort } from '../../src/matrix/plan.js';
import { destinationName, sourceName } from '../../src/matrix/types.js';
import type { Pod, Service } from '../../src/kube/types.js';

const pod = (
  name: string,
  ports: NonNullable<Pod['spec']['containers'][number]['ports']> = [],
  more: object = {},
): Pod => ({
  metadata: { name, namespace: 'shop', labels: { app: name } },
  spec: { containers: [{ name: 'main', ports }], ...more },
  status: { podIP: `10.0.0.${name.length}` },
});
const service = (name: string, spec: Service['spec']): Service => ({
  metadata: { name, namespace: 'shop' },
  spec,
});

function planned(
  pods: readonly Pod[],
  more: { readonly services?: Service[]; readonly known?: Service[]; readonly ports?: AskedPort[] } = {},
): {
  readonly rows: string[];
  readonly columns: string[];
  readonly hosts: unknown[];
  readonly portless: string[];
} {
  const plan = planMatrix({ pods, services: [], known: [], ports: [], ...more });
  return {
    rows: plan.sources.map(sourceName),
    columns: plan.destinations.map(destinationName),
    hosts: plan.destinations.map(({ host }) => host),
    portless: plan.portless.map(sourceName),
  };
}

describe('rows and columns', () => {
  test('pods by name, numbers as numbers; their declared ports by number, each once', () => {
    const many = [
      pod('web-10', [{ containerPort: 80 }]),
      pod('web-2', [
        { containerPort: 9000, protocol: 'UDP' },
        { containerPort: 80 },
        { containerPort: 80, name: 'again' },
      ]),
    ];
    expect(planned(many)).toMatchObject({
      rows: ['shop/web-2', 'shop/web-10'],
      columns: ['shop/web-2:80', 'shop/web-2:9000/udp', 'shop/web-10:80'],
    });
  });

  test('a native sidecar has ports, another init container has none', () => {
    const init = (restartPolicy?: string) => ({
      initContainers: [
        {
          name: 'side',
          ports: [{ containerPort: 15001 }],
          ...(restartPolicy === undefined ? {} : { restartPolicy }),
        },
      ],
    });
    expect(planned([pod('a', [], init('Always'))]).columns).toEqual(['shop/a:15001']);
    expect(planned([pod('a', [], init())]).portless).toEqual(['shop/a']);
  });

  test('a pod that declares none has those that Services lead to; by name there is nothing to lead to', () => {
    const known = [
      service('one', {
        selector: { app: 'a' },
        ports: [
          { port: 80, targetPort: 8080 },
          { port: 53, protocol: 'UDP' },
        ],
      }),
      service('two', { selector: { app: 'a' }, ports: [{ port: 443, targetPort: 'https' }] }),
      service('others', { selector: { app: 'b' }, ports: [{ port: 1 }] }),
      service('none', { ports: [{ port: 2 }] }),
    ];
    expect(planned([pod('a')], { known }).columns).toEqual(['shop/a:53/udp', 'shop/a:8080']);
    expect(planned([pod('a', [{ containerPort: 7 }])], { known }).columns).toEqual(['shop/a:7']);
  });

  test('ports that were asked for replace all others; a name is looked for in each pod and Service', () => {
    const pods = [pod('a', [{ containerPort: 8080, name: 'http' }]), pod('bb', [{ containerPort: 1 }])];
    const services = [service('s', { clusterIP: '10.96.0.1', ports: [{ port: 80, name: 'http' }] })];
    expect(planned(pods, { services, ports: [{ port: 'http', protocol: 'tcp' }] })).toMatchObject({
      columns: ['shop/a:8080', 'shop/svc/s:80'],
      portless: ['shop/bb'],
    });
    expect(planned(pods, { services, ports: [{ port: 53, protocol: 'udp' }] }).columns).toEqual([
      'shop/a:53/udp',
      'shop/bb:53/udp',
      'shop/svc/s:53/udp',
    ]);
  });

  test('a Service is called by its address, or by name where it has none', () => {
    const ports = [{ port: 80 }];
    const services = [
      service('a', { clusterIPs: ['10.96.0.9', 'fd00::9'], clusterIP: '10.96.0.9', ports }),
      service('b', { clusterIP: 'None', ports }),
      service('c', { type: 'ExternalName', externalName: 'api.partner.example', ports }),
    ];
    expect(planned([], { services }).hosts).toEqual(['10.96.0.9', 'b.shop.svc', 'api.partner.example']);
  });
});
