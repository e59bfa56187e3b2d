import type { Finding } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { ObservedLog } from '../observed.js';
import type { Check } from './check.js';
import type { Support } from './join.js';
import { fromLog, logsOf } from './live-log-lines.js';

/** What the logs of proxies say: response flags of Envoy (P18), denials, a proxy without configuration. */
export const liveMesh: Check = {
  name: 'live-mesh',
  codes: ['ND705', 'ND706', 'ND707', 'ND708'],
  reads: [],
  live: true,
  concerns: ({ mesh, observed }) => mesh !== undefined && observed !== undefined,
  find: (facts) => {
    const said = new Map<string, Finding>();
    for (const line of proxyLines(facts)) {
      const found = meaningOf(line);
      if (found !== undefined && !said.has(`${found.code} ${line.pod}`))
        said.set(`${found.code} ${line.pod}`, told(line, found));
    }
    return [...said.values()];
  },
  supports: (facts) =>
    proxyLines(facts).map((line): Support => ({
      codes: codesOf(line),
      touches: [line.pod],
      evidence: [fromLog(line)],
      proves: true,
    })),
};

function proxyLines(facts: Facts): readonly ObservedLog[] {
  const pods = [...(facts.mesh?.members ?? [])]
    .filter(([, { proxy }]) => proxy !== undefined)
    .map(([key]) => key);
  return logsOf(facts, pods).filter(
    ({ container, pod }) => container === facts.mesh?.members.get(pod)?.proxy,
  );
}

/** What each response flag of Envoy can come from (P18). Flags about load and clients that left say nothing of the mesh. */
const flags: Readonly<Record<string, readonly string[]>> = {
  UF: ['ND701', 'ND702'],
  UC: ['ND701', 'ND702'],
  URX: ['ND701', 'ND702'],
  UH: ['ND705', 'ND707', 'ND708'],
  NR: ['ND705'],
  NC: ['ND705'],
  UAEX: ['ND706'],
};

/** The codes that a line speaks for: those of its flag where it has one, else those of its pattern. */
function codesOf({ sample, codes }: ObservedLog): readonly string[] {
  const [, flag] = /(?:" \d{1,3} |response_flags"?[:=] ?"?)([A-Z]{2,5})\b/.exec(sample) ?? [];
  return flag === undefined ? codes.filter((code) => code.startsWith('ND70')) : (flags[flag] ?? []);
}

interface Meaning {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

/** What a line says beyond doubt; flags that can mean several things are left to what the objects say. */
function meaningOf({ sample, pattern, pod }: ObservedLog): Meaning | undefined {
  const who = pod.replace(/^pod /, '');
  if (sample.includes('BlackHoleCluster'))
    return {
      code: 'ND707',
      message: `the proxy of ${who} sent a connection to BlackHoleCluster: it does not know whom it goes to, and the mesh is REGISTRY_ONLY`,
      fix: 'make the host known by a ServiceEntry, or by the hosts of the Sidecar object',
    };
  if (/RBAC: access denied|rbac_access_denied/i.test(sample))
    return {
      code: 'ND706',
      message: `the proxy of ${who} denied requests: RBAC, which is an AuthorizationPolicy`,
      fix: 'see which of its AuthorizationPolicies deny: `istioctl x authz check POD`',
    };
  if (pattern === 'mesh-proxy-not-ready')
    return {
      code: 'ND708',
      message: `the proxy of ${who} says that it has no configuration, or not the newest`,
      fix: 'see whether it reaches istiod (TCP 15012), and whether istiod runs',
    };
  if (/" \d{1,3} (NR|NC)[ ,"]|response_flags"?[:=] ?"?(NR|NC)\b/.test(sample))
    return {
      code: 'ND705',
      message: `the proxy of ${who} had no route or no such cluster (Envoy flags NR, NC) for requests`,
      fix: 'compare hosts and subsets of its VirtualServices with the Services and DestinationRules',
    };
  return undefined;
}

function told(line: ObservedLog, { code, message, fix }: Meaning): Finding {
  const [namespace = '', name = ''] = line.pod.replace(/^pod /, '').split('/');
  return {
    code,
    severity: 'warning',
    confidence: 'likely',
    object: { kind: 'Pod', namespace, name },
    message: `${message} (${line.count} ${line.count === 1 ? 'line' : 'lines'} of its log)`,
    evidence: [fromLog(line)],
    fix: { text: fix, commands: [`kubectl -n ${namespace} logs ${name} -c ${line.container} --tail=20`] },
    hop: 'mesh',
    touches: [line.pod],
  };
}
