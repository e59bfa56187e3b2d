import { kubectl } from '../command.js';
import { fromApi, objectKey } from '../finding.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** Labels that tell kube-proxy to leave a Service alone. Source: KEP-2447 and KEP-3636, pkg/proxy/config of Kubernetes. */
export const serviceProxyName: Check = {
  name: 'service-proxy-name',
  codes: ['ND323'],
  reads: inputs('destination', 'services'),
  concerns: ({ destination: { service } }) => service?.object !== undefined,
  find: ({ destination: { service } }) => {
    const object = service?.object;
    if (object === undefined || object.spec.clusterIP === 'None' || object.spec.type === 'ExternalName')
      return [];
    const { namespace = '', name, labels = {} } = object.metadata;
    const label = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless'].find((key) =>
      Object.hasOwn(labels, key),
    );
    if (label === undefined) return [];
    return [
      {
        code: 'ND323',
        severity: 'warning',
        confidence: 'possible',
        object: {
          kind: 'Service',
          namespace,
          name,
          fieldPath: `metadata.labels['${label}']`,
          value: labels[label] ?? '',
        },
        message: `label ${label} tells kube-proxy to leave Service ${namespace}/${name} alone: its address works only where ${labels[label] || 'another proxy'} serves it`,
        evidence: [fromApi(`service ${namespace}/${name}`, `${label}: ${labels[label] ?? ''}`)],
        fix: {
          text: 'take the label away, or see whether that proxy runs',
          commands: [kubectl(namespace, 'label', 'service', name, `${label}-`)],
        },
        hop: 'service',
        touches: [objectKey('service', object.metadata)],
        blocks: { model: 'unknown' },
      },
    ];
  },
};
