import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { usesDns } from '../model/dns-use.js';
import type { Facts } from '../model/facts.js';
import { crashOf, readyCondition, statusesOf, systemNamespace } from '../model/pods.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import type { DnsAnswer, Lookup } from './live-dns-seen.js';
import { fromAnswer, fromLibc, isAnswered, isClusterServer, isNodeLocal, lookups } from './live-dns-seen.js';
import { dnsLogs, fromLog } from './live-log-lines.js';

/** The servers of DNS themselves: refused, dead on the node, without their upstream, without rights, overloaded, deaf over TCP. */
export const liveDnsServers: Check = {
  name: 'live-dns-servers',
  codes: ['ND403', 'ND404', 'ND406', 'ND407', 'ND408', 'ND413', 'ND416'],
  live: true,
  reads: [...inputs('source', 'pods'), ...inputs('system', 'services', 'pods', 'endpointslices')],
  concerns: (facts) => facts.observed !== undefined && usesDns(facts),
  find: (facts) => {
    const all = lookups(facts);
    return [
      ...all.flatMap((lookup) => [
        ...withoutServers(facts, lookup),
        ...upstream(facts, lookup),
        ...nodeLocal(facts, lookup),
        ...overTcp(facts, lookup),
      ]),
      ...loop(facts),
      ...withoutRights(facts, all),
      ...overloaded(facts, all),
    ];
  },
};

type Base = Pick<Finding, 'object' | 'hop' | 'touches'>;

function system(facts: Facts): Base {
  const { namespace = systemNamespace, name = 'kube-dns' } = facts.dns?.service.metadata ?? {};
  return { object: { kind: 'Service', namespace, name }, hop: 'dns', touches: ['dns'] };
}

/** Answers to the questions over UDP that went to a server of the cluster. */
function ofCluster(facts: Facts, { dns }: Lookup): readonly DnsAnswer[] {
  return dns.answers.filter(({ server, transport }) => transport === 'udp' && isClusterServer(facts, server));
}

function servers(answers: readonly DnsAnswer[]): string {
  return [...new Set(answers.map(({ server }) => server))].slice(0, 3).join(', ');
}

/** Every question is refused: that is what kube-proxy makes of a Service without endpoints. Silence has too many causes. */
function withoutServers(facts: Facts, lookup: Lookup): Finding[] {
  const answers = ofCluster(facts, lookup);
  const [first] = answers;
  if (first === undefined || !answers.every(({ outcome }) => outcome === 'refused')) return [];
  return [
    {
      ...system(facts),
      code: 'ND403',
      severity: 'error',
      confidence: facts.dns?.ready === 0 ? 'proven' : 'likely',
      message: `${servers(answers)} refuses every question of ${lookup.source.text}: no server stands behind the DNS of the cluster${facts.dns?.ready === undefined || facts.dns.ready === 0 ? '' : ` there, although ready endpoints: ${facts.dns.ready}`}`,
      evidence: [fromAnswer(lookup, first)],
      fix: {
        text: 'see whether its pods are Ready and kube-proxy of the node works',
        commands: [kubectl(systemNamespace, 'get', 'pods', '-o', 'wide')],
      },
      blocks: { model: 'fail', sources: [lookup.source.key] },
    },
  ];
}

/** A host outside is not found out, and the servers answer otherwise. */
function upstream(facts: Facts, lookup: Lookup): Finding[] {
  const { service } = facts.destination;
  if (service?.object !== undefined && service.object.spec.type !== 'ExternalName') return [];
  const { dns, source, zone } = lookup;
  const asked = service?.object?.spec.externalName ?? dns.name;
  const whole = `${asked.replace(/\.$/, '')}.`.toLowerCase();
  const own = (name: string): boolean => zone !== undefined && name.toLowerCase().endsWith(`.${zone}.`);
  const cluster = dns.answers.filter(({ server }) => isClusterServer(facts, server) || isNodeLocal(server));
  const about = cluster.filter(({ name }) => name.toLowerCase() === whole && !own(name));
  const bad = about.filter(({ rcode, outcome }) => outcome === 'timeout' || rcode === 'SERVFAIL');
  const [first] = bad;
  // An answer about a name of its own says that the server itself lives, and so does SERVFAIL.
  const alive = cluster.some((one) => isAnswered(one) && (own(one.name) || one.rcode === 'SERVFAIL'));
  if (first === undefined || bad.length < about.length || !alive) return [];
  const lines = dnsLogs(facts, 'coredns-upstream');
  const forwarder = lines.find(({ peer }) => peer !== undefined)?.peer?.host;
  return [
    {
      ...system(facts),
      code: 'ND406',
      severity: 'error',
      confidence: lines.length > 0 ? 'proven' : 'likely',
      message: `the DNS of the cluster answers ${source.text}, but finds nothing out about ${asked}: it does not reach ${forwarder ?? 'the servers that it forwards to'}`,
      evidence: [
        fromAnswer(lookup, first),
        ...cluster
          .filter((one) => isAnswered(one) && own(one.name))
          .slice(0, 1)
          .map((one) => fromAnswer(lookup, one)),
        ...lines.slice(0, 2).map(fromLog),
      ],
      fix: {
        text: 'see `forward` in the Corefile, and whether the nodes of its pods and policies of kube-system let them reach those servers',
        commands: ['kubectl -n kube-system get configmap coredns -o yaml'],
      },
      blocks: { model: 'fail', sources: [source.key] },
    },
  ];
}

/** The cache of the node is silent, and the servers of the cluster answer. */
function nodeLocal(facts: Facts, lookup: Lookup): Finding[] {
  const { dns, source } = lookup;
  const local = dns.answers.filter(({ server, transport }) => isNodeLocal(server) && transport === 'udp');
  const [dead] = local;
  const good = dns.answers.find((one) => isClusterServer(facts, one.server) && isAnswered(one));
  if (dead === undefined || local.some(isAnswered) || good === undefined) return [];
  const node = source.pod?.spec.nodeName;
  return [
    {
      ...system(facts),
      code: 'ND408',
      severity: 'error',
      confidence: 'proven',
      object:
        node === undefined
          ? { kind: 'DaemonSet', namespace: systemNamespace, name: 'node-local-dns' }
          : { kind: 'Node', name: node },
      message: `the DNS cache of node ${node ?? ''} (${dead.server}) does not answer ${source.text}, and ${good.server} does`,
      evidence: [fromAnswer(lookup, dead), fromAnswer(lookup, good)],
      fix: {
        text: 'restart its pod on that node',
        commands: [kubectl(systemNamespace, 'get', 'pods', '-l', 'k8s-app=node-local-dns', '-o', 'wide')],
      },
      touches: ['dns', ...(node === undefined ? [] : [objectKey('node', { name: node })])],
      blocks: { model: 'fail', sources: [source.key] },
    },
  ];
}

/** One server answers over UDP and not over TCP. */
function overTcp(facts: Facts, lookup: Lookup): Finding[] {
  const { dns, source } = lookup;
  const tcp = dns.answers.filter(({ transport }) => transport === 'tcp');
  const bad = tcp.find(
    (one) =>
      (one.outcome === 'timeout' || one.outcome === 'refused') &&
      dns.answers.some(
        (other) => other.transport === 'udp' && other.server === one.server && isAnswered(other),
      ) &&
      !tcp.some((other) => other.server === one.server && isAnswered(other)),
  );
  const good = dns.answers.find(
    (one) => one.transport === 'udp' && one.server === bad?.server && isAnswered(one),
  );
  if (bad === undefined || good === undefined) return [];
  return [
    {
      ...system(facts),
      code: 'ND413',
      severity: 'warning',
      confidence: 'likely',
      message: `${bad.server} answers ${source.text} over UDP and not over TCP 53 (${bad.outcome}), which long answers need`,
      evidence: [fromAnswer(lookup, bad), fromAnswer(lookup, good)],
      fix: { text: 'allow TCP 53 to the DNS pods as well', commands: [] },
      touches: [`egress ${source.text}`, source.key],
    },
  ];
}

function unready({ dns }: Facts): readonly SnapshotPod[] {
  return (dns?.pods ?? []).filter((pod) => pod.status?.phase !== undefined && !readyCondition(pod));
}

/** CoreDNS ended over a loop, and is not Ready now. */
function loop(facts: Facts): Finding[] {
  const down = unready(facts);
  const lines = dnsLogs(facts, 'coredns-loop').filter(({ pod }) =>
    down.some(({ metadata }) => objectKey('pod', metadata) === pod),
  );
  const [line] = lines;
  const pod = down.find(({ metadata }) => objectKey('pod', metadata) === line?.pod);
  if (line === undefined || pod === undefined) return [];
  const how = statusesOf(pod)
    .map(crashOf)
    .find((one) => one !== undefined);
  return [
    {
      ...system(facts),
      code: 'ND404',
      severity: facts.dns?.ready === 0 ? 'error' : 'warning',
      confidence: 'proven',
      object: { kind: 'Pod', namespace: systemNamespace, name: pod.metadata.name },
      message: `CoreDNS (pod ${pod.metadata.name}) forwards to itself and ends: the resolv.conf that it is given names an address of its own, such as 127.0.0.53`,
      evidence: [fromLog(line), fromApi(line.pod, how ?? 'Ready=False')],
      fix: {
        text: 'set resolvConf of the kubelet to the real file (/run/systemd/resolve/resolv.conf), or name a server in `forward` of the Corefile',
        commands: ['kubectl -n kube-system get configmap coredns -o yaml'],
      },
      ...(facts.dns?.ready === 0 ? { blocks: { model: 'fail' } as const } : {}),
    },
  ];
}

/** CoreDNS may not read Services, or does not reach the API server, and it shows. */
function withoutRights(facts: Facts, all: readonly Lookup[]): Finding[] {
  const lines = dnsLogs(facts, 'coredns-not-allowed');
  const forbidden = lines.filter(({ sample }) => /forbidden|cannot (?:list|watch)/i.test(sample));
  const failing = all.flatMap((lookup) =>
    ofCluster(facts, lookup)
      .filter(({ rcode }) => rcode === 'SERVFAIL' || rcode === 'NXDOMAIN')
      .map((answer) => fromAnswer(lookup, answer)),
  );
  const unresolved =
    all.length > 0 && all.every(({ dns }) => dns.libc.addresses.length === 0) && failing.length > 0;
  const [line] = forbidden.length > 0 ? forbidden : lines;
  // While CoreDNS starts, and when the API server is away for a moment, it says the same: what does not show is over.
  if (line === undefined || (!unresolved && unready(facts).length === 0)) return [];
  return [
    {
      ...system(facts),
      code: 'ND407',
      severity: unresolved || facts.dns?.ready === 0 ? 'error' : 'warning',
      confidence: forbidden.length > 0 ? 'proven' : 'likely',
      message:
        forbidden.length > 0
          ? 'CoreDNS may not read what it needs of the API: names of Services are missing'
          : 'CoreDNS does not reach the API server: names of Services are missing',
      evidence: [fromLog(line), ...failing.slice(0, 2)],
      fix: {
        text: 'restore ClusterRole system:coredns and its binding (list and watch on services, namespaces, endpointslices)',
        commands: ['kubectl get clusterrole,clusterrolebinding system:coredns -o yaml'],
      },
      ...(unresolved || facts.dns?.ready === 0 ? { blocks: { model: 'fail' } as const } : {}),
    },
  ];
}

/** From so long on an answer of a server in the cluster is late. */
const lateMs = 1000;

/** CoreDNS says that it has too much to do, and its answers are late or do not come. */
function overloaded(facts: Facts, all: readonly Lookup[]): Finding[] {
  const lines = dnsLogs(facts, 'coredns-overload');
  const [line] = lines;
  const late = all.flatMap((lookup) =>
    ofCluster(facts, lookup)
      .filter(
        ({ outcome, rcode, ms }) =>
          outcome === 'timeout' || rcode === 'SERVFAIL' || rcode === 'REFUSED' || (ms ?? 0) >= lateMs,
      )
      .map((answer) => fromAnswer(lookup, answer)),
  );
  const libc = all.find(({ dns }) => (dns.libc.ms ?? 0) >= lateMs);
  const probed = all.length > 0;
  if (
    line === undefined ||
    (probed && late.length === 0 && libc === undefined) ||
    (!probed && line.count < 10)
  )
    return [];
  return [
    {
      ...system(facts),
      code: 'ND416',
      severity: 'warning',
      confidence: probed ? 'proven' : 'likely',
      message: 'CoreDNS has more questions to forward than it takes, and answers late or not at all',
      evidence: [
        ...lines.slice(0, 2).map(fromLog),
        ...late.slice(0, 2),
        ...(libc === undefined ? [] : [fromLibc(libc)]),
      ],
      fix: {
        text: 'scale CoreDNS, run NodeLocal DNSCache, and lower the number of questions (ndots, trailing dots)',
        commands: [kubectl(systemNamespace, 'get', 'deployment', 'coredns')],
      },
    },
  ];
}
