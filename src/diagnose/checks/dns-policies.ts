import { patchCommand } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { asksCluster, usesDns } from '../model/dns-use.js';
import { podEndpoint } from '../model/endpoints.js';
import type { Facts } from '../model/facts.js';
import { systemNamespace } from '../model/pods.js';
import { endText } from '../policy/end.js';
import { policyText } from '../policy/rule.js';
import { Tri } from '../policy/tri.js';
import type { FlowVerdict } from '../policy/verdict.js';
import { explainFlow } from '../policy/verdict.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** Policies that keep the source from the DNS of the cluster, over UDP or only over TCP. */
export const dnsPolicies: Check = {
  name: 'dns-policies',
  codes: ['ND203', 'ND413'],
  reads: [
    ...inputs('source', 'pods', 'networkpolicies'),
    ...inputs('system', 'pods', 'services', 'networkpolicies'),
  ],
  concerns: usesDns,
  find: (facts) => {
    const { sources, dns, model } = facts;
    if (dns === undefined || model.objects.plugin.enforces === Tri.no) return [];
    const servers = dns.pods.map((pod) => podEndpoint(model, pod, dnsPort(facts)));
    const denied = (key: string, protocol: 'TCP' | 'UDP'): FlowVerdict | undefined => {
      const source = sources.find((one) => one.key === key);
      const verdicts = servers.map(({ end, port = 53 }) =>
        source === undefined
          ? undefined
          : explainFlow(model, {
              from: source.end,
              to: end,
              protocol,
              port,
              servicePort: 53,
              viaService: true,
            }),
      );
      // One server that answers is enough for a slow name; names that fail need all of them denied.
      return verdicts.length > 0 && verdicts.every((one) => one?.verdict === 'deny')
        ? verdicts[0]
        : undefined;
    };
    return sources.flatMap((source): Finding[] => {
      // A node-local cache or another resolver is none of the pods that were judged.
      if (source.pod === undefined || !asksCluster(facts, source.pod)) return [];
      const udp = denied(source.key, 'UDP');
      const tcp = denied(source.key, 'TCP');
      const verdict = udp ?? tcp;
      if (verdict === undefined) return [];
      const direction = verdict.egress.verdict === 'deny' ? 'egress' : 'ingress';
      const side = verdict[direction];
      const [policy] = side.policies;
      const where = udp === undefined ? 'TCP 53' : tcp === undefined ? 'UDP 53' : 'UDP and TCP 53';
      const port = dnsPort(facts) === 53 ? '' : ` (its pods listen on ${dnsPort(facts)})`;
      const rule = {
        to: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': systemNamespace } },
            podSelector: { matchLabels: dns.service.spec.selector ?? {} },
          },
        ],
        ports: (['UDP', 'TCP'] as const).map((protocol) => ({ protocol, port: dnsPort(facts) })),
      };
      const own = policy?.kind === 'NetworkPolicy' && direction === 'egress' ? policy : undefined;
      const path =
        own === undefined || emptyEgress(facts, own.namespace ?? '', own.name)
          ? '/spec/egress'
          : '/spec/egress/-';
      return [
        {
          code: udp === undefined ? 'ND413' : 'ND203',
          severity: udp === undefined ? 'warning' : 'error',
          confidence: 'likely',
          object: {
            kind: policy?.kind ?? 'NetworkPolicy',
            ...(policy?.namespace === undefined ? {} : { namespace: policy.namespace }),
            name: policy?.name ?? '',
            fieldPath: `spec.${direction}`,
          },
          message:
            udp === undefined
              ? `policies let ${source.text} ask the cluster's DNS over UDP, but not over TCP 53, which long answers need`
              : `${side.policies.map(policyText).join(', ')} ${side.policies.length === 1 ? 'keeps' : 'keep'} ${source.text} from the cluster's DNS (${where}${port}): names do not resolve, whatever else is open`,
          evidence: [
            fromApi(
              `service ${systemNamespace}/${dns.service.metadata.name}`,
              `DNS pods: ${servers.map(({ end }) => endText(end)).join(', ')}`,
            ),
            ...side.policies.map((one) =>
              fromApi(
                policyText(one),
                `isolates ${direction === 'egress' ? source.text : 'the DNS pods'} (${direction}), and no rule admits ${where}`,
              ),
            ),
          ],
          fix: {
            text: `allow UDP and TCP ${dnsPort(facts)} to the DNS pods`,
            commands:
              own === undefined
                ? []
                : [
                    patchCommand('networkpolicy', own, [
                      { op: 'add', path, value: path.endsWith('-') ? rule : [rule] },
                    ]),
                  ],
          },
          hop: 'dns',
          touches: [`egress ${source.text}`, objectKey('pod', source.pod.metadata)],
          ...(udp === undefined ? {} : { blocks: { model: 'fail', sources: [source.key] } as const }),
        },
      ];
    });
  },
};

function emptyEgress({ read }: Facts, namespace: string, name: string): boolean {
  const reading = read('networkpolicies', namespace);
  return (
    reading.state === 'there' &&
    reading.items.find(({ metadata }) => metadata.name === name)?.spec?.egress == null
  );
}

/** The port that DNS pods listen on, which policies see: 53, on OpenShift 5353. */
function dnsPort({ dns, model }: Facts): number {
  const target = dns?.service.spec.ports?.find(({ port }) => port === 53)?.targetPort ?? 53;
  if (typeof target === 'number') return target;
  const [pod] = dns?.pods ?? [];
  return (pod === undefined ? undefined : model.ends.pod(pod).namedPorts.get(`UDP/${target}`)) ?? 53;
}
