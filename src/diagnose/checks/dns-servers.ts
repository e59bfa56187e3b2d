import { kubectl } from '../command.js';
import { fromApi } from '../finding.js';
import { usesDns } from '../model/dns-use.js';
import { systemNamespace } from '../model/pods.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** DNS servers of the cluster, none of which is ready. */
export const dnsServers: Check = {
  name: 'dns-servers',
  codes: ['ND403'],
  reads: inputs('system', 'services', 'pods', 'endpointslices'),
  concerns: usesDns,
  find: ({ dns }) => {
    if (dns?.ready !== 0) return [];
    const { name } = dns.service.metadata;
    // Manifests of the DNS Service alone say nothing about its pods.
    if (dns.pods.every(({ status }) => status?.phase === undefined) && dns.pods.length > 0) return [];
    return [
      {
        code: 'ND403',
        severity: 'error',
        confidence: 'proven',
        object: { kind: 'Service', namespace: systemNamespace, name },
        message: `the DNS of the cluster (Service ${systemNamespace}/${name}) has no ready endpoint: no name resolves`,
        evidence:
          dns.pods.length === 0
            ? [fromApi(`pods of namespace ${systemNamespace}`, 'none that the Service selects')]
            : dns.pods
                .slice(0, 4)
                .map((pod) =>
                  fromApi(
                    `pod ${systemNamespace}/${pod.metadata.name}`,
                    `${pod.status?.phase ?? ''}, Ready=${pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? '(absent)'}`,
                  ),
                ),
        fix: {
          text: 'see why its pods are not Ready',
          commands: [
            kubectl(
              systemNamespace,
              'get',
              'pods',
              '-l',
              Object.entries(dns.service.spec.selector ?? {})
                .map(([key, value]) => `${key}=${value}`)
                .join(','),
            ),
          ],
        },
        hop: 'dns',
        touches: ['dns'],
        blocks: { model: 'fail' },
      },
    ];
  },
};
