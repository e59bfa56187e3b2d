import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import { corefileOf, kubeletDns, zonesOf } from '../model/cluster-zone.js';
import type { Capture, DnsBlock } from '../model/corefile.js';
import { blockFor, captureOf, captureText, forwardsOf, serviceZones } from '../model/corefile.js';
import { asksCluster, hostAsked, namesService, usesDns } from '../model/dns-use.js';
import type { Facts } from '../model/facts.js';
import { systemNamespace } from '../model/pods.js';
import { parseAddress } from '../policy/address.js';
import { lineText } from '../snapshot/corefile.js';
import type { Check, Input } from './check.js';
import { inputs } from './check.js';

const configMap = { kind: 'ConfigMap', namespace: systemNamespace, name: 'coredns' } as const;
const about = `configmap ${systemNamespace}/coredns`;
const edit = kubectl(systemNamespace, 'edit', 'configmap', 'coredns');
/** Plugins that give no answers of their own but for Services. Any other might. */
export const silentPlugins: ReadonlySet<string> = new Set([
  ...[
    'kubernetes',
    'errors',
    'health',
    'ready',
    'log',
    'loop',
    'cache',
    'reload',
    'loadbalance',
    'prometheus',
  ],
  ...[
    'autopath',
    'bind',
    'minimal',
    'lameduck',
    'bufsize',
    'local',
    'acl',
    'header',
    'dnssec',
    'debug',
    'pprof',
  ],
]);

/** The Corefile as an input. */
export const corefileInput: Input = { kind: 'configmaps', where: 'system', name: 'coredns' };

/** A Corefile that answers for the names of Services with something else, leaves the zone to others, or forwards to itself. */
export const corefile: Check = {
  name: 'corefile',
  codes: ['ND404', 'ND405', 'ND406'],
  reads: [...inputs('source', 'pods'), ...inputs('system', 'services'), corefileInput],
  mayRead: [{ kind: 'configmaps', where: 'system', name: 'kubelet-config' }],
  concerns: usesDns,
  find: (facts) => {
    const blocks = corefileOf(facts);
    if (blocks === undefined) return [];
    return [...services(facts, blocks), ...outside(facts, blocks)];
  },
};

function common({ sources, ...facts }: Facts): Pick<Finding, 'hop' | 'touches' | 'confidence'> & {
  readonly object: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly fieldPath: string;
  };
  readonly asking: readonly string[];
} {
  const asking = sources.filter(({ pod }) => pod !== undefined && asksCluster({ sources, ...facts }, pod));
  return {
    hop: 'dns',
    touches: ['dns'],
    confidence: 'likely',
    object: { ...configMap, fieldPath: 'data.Corefile' },
    asking: asking.map(({ key }) => key),
  };
}

/** What stands between the name of the Service and its address. */
function services(facts: Facts, blocks: readonly DnsBlock[]): Finding[] {
  if (!namesService(facts)) return [];
  const { service } = facts.destination;
  const { domain } = kubeletDns(facts);
  const known = zonesOf(blocks);
  const { asking, ...base } = common(facts);
  const say = (
    finding: Pick<Finding, 'message' | 'evidence'> & Partial<Finding>,
    value: string,
  ): Finding => ({
    ...base,
    code: 'ND405',
    severity: 'error',
    object: { ...base.object, value },
    fix: { text: 'correct the Corefile; CoreDNS loads it again within a minute or two', commands: [edit] },
    blocks: { model: 'fail', sources: asking },
    ...finding,
  });
  if (known?.length === 0)
    return [
      say(
        {
          message: 'no server block of the Corefile has the plugin kubernetes: CoreDNS knows no Service',
          evidence: [
            fromApi(
              about,
              `server blocks: ${blocks.map(({ zones }) => zones.map((zone) => zone || '.').join(' ')).join('; ')}`,
            ),
          ],
        },
        '',
      ),
    ];
  if (known !== undefined && domain !== undefined && !known.includes(domain))
    return [
      say(
        {
          message: `the Corefile serves Services in ${known.join(', ')}, and kubelets tell pods that the domain of the cluster is ${domain}: names of Services do not resolve`,
          evidence: [
            fromApi(about, `kubernetes ${known.join(' ')}`),
            fromApi(`configmap ${systemNamespace}/kubelet-config`, `clusterDomain: ${domain}`),
          ],
        },
        known.join(' '),
      ),
    ];
  const zone = domain ?? known?.[0];
  if (zone === undefined || service === undefined) return [];
  const name = `${service.name}.${service.namespace}.svc.${zone}`;
  const block = blockFor(blocks, name);
  if (block === undefined) return [];
  if (serviceZones(block) === undefined && !block.open)
    return [
      say(
        {
          message: `the server block of ${block.zones.join(' ') || '.'} answers for ${name}, and it has no plugin kubernetes`,
          evidence: [
            fromApi(
              about,
              `${block.zones.join(' ') || '.'}: ${block.lines.map(({ words }) => words[0] ?? '').join(', ')}`,
            ),
          ],
        },
        block.zones.join(' '),
      ),
    ];
  const type = (service.object?.spec.clusterIP ?? '').includes(':') ? 'AAAA' : 'A';
  const capture = captureOf(block, name, type);
  if (capture === undefined || isRight(capture, facts)) return [];
  return [
    say(
      {
        message: `before CoreDNS looks for ${name} among the Services, line ${captureText(capture)}`,
        evidence: [
          fromApi(about, lineText(capture.line)),
          ...capture.line.block.slice(0, 4).map((line) => fromApi(about, lineText(line))),
        ],
        ...(capture.renames ? { severity: 'warning', blocks: { model: 'unknown', sources: asking } } : {}),
      },
      lineText(capture.line),
    ),
  ];
}

function isRight({ address }: Capture, { destination: { service } }: Facts): boolean {
  const text = address === undefined ? undefined : parseAddress(address)?.value.toString();
  const own = [service?.object?.spec.clusterIP ?? '', ...(service?.object?.spec.clusterIPs ?? [])];
  return text !== undefined && own.some((one) => parseAddress(one)?.value.toString() === text);
}

/** Where names outside go. */
function outside(facts: Facts, blocks: readonly DnsBlock[]): Finding[] {
  const host = hostAsked(facts);
  const { asking, ...base } = common(facts);
  const block = blockFor(blocks, host ?? 'example.com');
  if (block === undefined) return [];
  const servers = forwardsOf(block, host ?? 'example.com');
  if (servers === undefined) {
    if (
      host === undefined ||
      block.open ||
      block.lines.some(({ words }) => !silentPlugins.has(words[0] ?? ''))
    )
      return [];
    return [
      {
        ...base,
        code: 'ND406',
        severity: 'error',
        object: { ...base.object, value: block.zones.join(' ') || '.' },
        message: `the Corefile forwards nothing in the server block that answers for ${host}: CoreDNS knows no name outside the cluster`,
        evidence: [
          fromApi(
            about,
            `${block.zones.join(' ') || '.'}: ${block.lines.map(({ words }) => words[0] ?? '').join(', ')}`,
          ),
        ],
        fix: { text: 'add "forward . /etc/resolv.conf", or the servers that are meant', commands: [edit] },
        blocks: { model: 'fail', sources: asking },
      },
    ];
  }
  const own = facts.dns?.addresses.map((one) => parseAddress(one)?.value.toString()) ?? [];
  // In the network of its node another resolver may have the loopback address.
  const loopback = facts.dns?.pods.every(({ spec }) => spec.hostNetwork !== true) === true;
  const loops = servers.filter((server) => {
    const text = server
      .replace(/^dns:\/\//, '')
      .replace(/^\[(.*)\](?::53)?$/, '$1')
      .replace(/^([\d.]+):53$/, '$1');
    const address = parseAddress(text)?.value.toString();
    return address !== undefined && (own.includes(address) || (loopback && /^(127\.|::1$)/.test(address)));
  });
  // With a server besides that is none of its own some names resolve; without a name outside, only when DNS is down does it matter.
  if (loops.length < servers.length || loops.length === 0 || (host === undefined && facts.dns?.ready !== 0))
    return [];
  return [
    {
      ...base,
      code: 'ND404',
      severity: 'error',
      object: { ...base.object, value: `forward . ${servers.join(' ')}` },
      message: `the Corefile forwards to ${loops.join(', ')}, which is CoreDNS itself: a question for a name outside goes in a circle, and the plugin loop ends the process`,
      evidence: [
        fromApi(about, `forward to ${servers.join(' ')}`),
        fromApi('service of DNS', (facts.dns?.addresses ?? []).join(', ')),
      ],
      fix: {
        text: 'forward to the servers of the network instead, e.g. "forward . /etc/resolv.conf" where that names others',
        commands: [edit],
      },
      blocks: { model: 'fail', sources: asking },
    },
  ];
}
