import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { asksCluster, namesService } from '../model/dns-use.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** A resolver that does not know the names of the cluster, or is not told how to complete them. */
export const dnsConfig: Check = {
  name: 'dns-config',
  codes: ['ND401', 'ND402'],
  reads: [...inputs('source', 'pods'), ...inputs('system', 'services')],
  concerns: namesService,
  find: (facts) => {
    const { sources, dns, destination } = facts;
    const name = `${destination.service?.name ?? ''}.${destination.service?.namespace ?? ''}`;
    return sources.flatMap(({ pod, key, text }): Finding[] => {
      if (pod === undefined || dns === undefined) return [];
      const { namespace = '', name: podName } = pod.metadata;
      const { dnsPolicy = 'ClusterFirst', dnsConfig: own, hostNetwork } = pod.spec;
      const servers = own?.nameservers ?? [];
      const common = {
        severity: 'error',
        confidence: 'likely',
        hop: 'dns',
        touches: [objectKey('pod', pod.metadata), 'dns'],
        blocks: { model: 'fail', sources: [key] },
      } as const;
      const ofNode = dnsPolicy === 'Default' || (hostNetwork === true && dnsPolicy === 'ClusterFirst');
      // 169.254.20.10 and other link-local addresses are those of a cache on the node.
      const known = servers.some((one) => dns.addresses.includes(one) || one.startsWith('169.254.'));
      if (asksCluster(facts, pod) || known) {
        const { host } = destination.service ?? {};
        const searches = own?.searches ?? [];
        const short = host !== undefined && !/\.svc(\.|$)/.test(host);
        if (
          dnsPolicy !== 'None' ||
          !short ||
          searches.some(
            (one) => one.startsWith(`${namespace}.svc`) || (host.includes('.') && one.startsWith('svc.')),
          )
        )
          return [];
        return [
          {
            ...common,
            code: 'ND402',
            object: {
              kind: 'Pod',
              namespace,
              name: podName,
              fieldPath: 'spec.dnsConfig.searches',
              value: searches.join(' '),
            },
            message: `the search list of ${text} (${searches.join(' ') || 'empty'}) lacks ${namespace}.svc.<cluster domain>: ${host} is looked up as it stands`,
            evidence: [
              fromApi(`pod ${text}`, `dnsPolicy: None, searches: ${searches.join(' ') || '(none)'}`),
            ],
            fix: {
              text: `add the search domains of the cluster, or call ${name}.svc.<cluster domain>`,
              commands: [],
            },
          },
        ];
      }
      if (!ofNode && dnsPolicy !== 'None') return [];
      const meant = hostNetwork === true && dnsPolicy !== 'None' ? 'ClusterFirstWithHostNet' : 'ClusterFirst';
      return [
        {
          ...common,
          code: 'ND401',
          object: { kind: 'Pod', namespace, name: podName, fieldPath: 'spec.dnsPolicy', value: dnsPolicy },
          message: ofNode
            ? `${text} asks the DNS of its node (${hostNetwork === true ? 'hostNetwork with ' : ''}dnsPolicy ${dnsPolicy}), which does not know ${name}; addresses work`
            : `${text} asks ${servers.join(', ') || 'no server'} (dnsPolicy None), and not the DNS of the cluster (${dns.addresses.join(', ')}), for ${name}`,
          evidence: [
            fromApi(
              `pod ${text}`,
              `dnsPolicy: ${dnsPolicy}${hostNetwork === true ? ', hostNetwork: true' : ''}${servers.length === 0 ? '' : `, nameservers: ${servers.join(' ')}`}`,
            ),
          ],
          fix: { text: `set dnsPolicy: ${meant} in the template of the pod`, commands: [] },
        },
      ];
    });
  },
};
