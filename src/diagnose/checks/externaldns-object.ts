import { nearNames } from '../../target/near.js';
import { kubectl } from '../command.js';
import type { Evidence, Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { excludedBy } from '../outside/external-dns.js';
import { externalDnsPrefix } from '../outside/hosts.js';
import type { RecordedObject } from '../outside/recorded.js';
import { recordedOf } from '../outside/recorded.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { say } from './outside-say.js';

/** Annotations that people write by hand. Providers have many more, which are left alone. */
const names = ['hostname', 'internal-hostname', 'target', 'ttl', 'controller', 'access'];

/** What keeps ExternalDNS from making a record of an object: its flags, a misspelt annotation, no address. */
export const externalDnsObject: Check = {
  name: 'externaldns-object',
  codes: ['ND521', 'ND522', 'ND523'],
  reads: inputs('cluster', 'pods'),
  concerns: (facts) => {
    const object = recordedOf(facts);
    return (
      object !== undefined && ((facts.outside?.externalDns.length ?? 0) > 0 || misspelt(object) !== undefined)
    );
  },
  find: (facts) => {
    const object = recordedOf(facts);
    if (object === undefined) return [];
    return [
      ...typo(facts, object),
      ...internal(facts, object),
      ...excluded(facts, object),
      ...addressless(facts, object),
    ];
  },
};

/** Where the question was by a name, a missing record leaves it open whether clients get here at all. */
function cost({ outside }: Facts): Partial<Finding> {
  return outside?.target.kind === 'Host' ? { blocks: { model: 'unknown' } } : {};
}

function misspelt({
  annotations,
}: RecordedObject): { readonly key: string; readonly meant: string } | undefined {
  for (const key of Object.keys(annotations)) {
    const [prefix = '', name = ''] = key.split('/');
    if (!/external-?dns/i.test(prefix) || key.length > 200) continue;
    const right = `${prefix}/` === externalDnsPrefix;
    if (right && names.includes(name)) continue;
    // With a prefix of one's own (--annotation-prefix) the name still says what is meant.
    const [near] = right
      ? nearNames(name, names).filter(
          (one) => Math.abs(one.length - name.length) <= 2 || name.includes('host'),
        )
      : names.filter((one) => one === name);
    const other =
      right &&
      /^(aws|alibaba|cloudflare|google|ibmcloud|oci|scw|webhook|set-identifier|alias|endpoints-type|gateway-hostname-source|ingress-hostname-source|ingress|record-type)/.test(
        name,
      );
    if (near !== undefined && !other) return { key, meant: `${externalDnsPrefix}${near}` };
  }
  return undefined;
}

function typo(facts: Facts, object: RecordedObject): Finding[] {
  const wrong = misspelt(object);
  if (wrong === undefined) return [];
  const { externalDns } = facts.outside ?? { externalDns: [] };
  // Whoever runs it with this very prefix spelt nothing wrong.
  const [prefix = ''] = wrong.key.split('/');
  if (externalDns.some(({ flag }) => flag('annotation-prefix').some((one) => one.startsWith(prefix))))
    return [];
  const { kind, namespace = '', name } = object.object;
  const value = object.annotations[wrong.key] ?? '';
  return [
    say(
      'ND522',
      `ExternalDNS does not know the annotation ${wrong.key} of ${kind} ${namespace}/${name}; did you mean ${wrong.meant}?`,
      {
        confidence: 'likely',
        object: { ...object.object, fieldPath: `metadata.annotations[${wrong.key}]`, value },
        evidence: [fromApi(object.key, `${wrong.key}: ${value}`)],
        fix: {
          text: 'correct the annotation',
          commands: [
            kubectl(
              namespace,
              'annotate',
              kind.toLowerCase(),
              name,
              `${wrong.meant}=${value}`,
              `${wrong.key}-`,
            ),
          ],
        },
        hop: 'name',
        touches: [object.key],
        ...cost(facts),
      },
    ),
  ];
}

/** Of a ClusterIP Service there is a record only where ExternalDNS was told to publish addresses inside. */
function internal(facts: Facts, object: RecordedObject): Finding[] {
  const all = (facts.outside?.externalDns ?? []).filter(({ sources }) => sources.includes('service'));
  if (
    object.source !== 'service' ||
    object.type !== 'ClusterIP' ||
    object.asksFor.length === 0 ||
    all.length === 0
  )
    return [];
  const headless = facts.destination.service?.object?.spec.clusterIP === 'None';
  if (headless || all.some(({ flag }) => flag('publish-internal-services').some((one) => one !== 'false')))
    return [];
  if (object.annotations[`${externalDnsPrefix}internal-hostname`] !== undefined) return [];
  const { kind, namespace = '', name } = object.object;
  return [
    say(
      'ND522',
      `${kind} ${namespace}/${name} asks for ${object.asksFor.join(', ')} and is of type ClusterIP: ExternalDNS makes no record of it without --publish-internal-services`,
      {
        object: {
          ...object.object,
          fieldPath: `metadata.annotations[${externalDnsPrefix}hostname]`,
          value: object.asksFor.join(', '),
        },
        evidence: [
          fromApi(object.key, 'type: ClusterIP'),
          ...all
            .slice(0, 2)
            .map(({ text, sources }) => fromApi(`pod ${text}`, `--source=${sources.join(' --source=')}`)),
        ],
        fix: {
          text: `make it LoadBalancer, name it by ${externalDnsPrefix}internal-hostname, or run ExternalDNS with --publish-internal-services`,
          commands: [],
        },
        hop: 'name',
        touches: [object.key],
        ...cost(facts),
      },
    ),
  ];
}

/** A flag of every ExternalDNS that keeps this object out, where somebody wants a record: an annotation says so, or a lookup found none. */
function excluded(facts: Facts, object: RecordedObject): Finding[] {
  const { externalDns = [] } = facts.outside ?? {};
  const missing = missed(facts, object.hosts);
  if (object.hosts.length === 0 || (object.asksFor.length === 0 && missing === undefined)) return [];
  const reasons = externalDns.map((one) => ({ one, why: excludedBy(one, object) }));
  const kept = reasons.flatMap(({ one, why }) => (why === undefined ? [] : [{ one, why }]));
  if (kept.length === 0 || kept.length < reasons.length) return [];
  const { kind, namespace = '', name } = object.object;
  const [{ one, why }] = kept as [(typeof kept)[number]];
  return [
    say(
      'ND521',
      `ExternalDNS (${one.text}) does not look at ${kind} ${namespace}/${name}: ${why.flag} ${why.flag === '--source' ? `does not name ${object.source}` : `is ${why.values.join(', ')}`}`,
      {
        confidence: 'likely',
        object: {
          kind: 'Pod',
          namespace: one.pod.metadata.namespace ?? '',
          name: one.pod.metadata.name,
          fieldPath: 'spec.containers[].args',
          value: why.values.map((value) => `${why.flag}=${value}`).join(' '),
        },
        evidence: [
          ...kept
            .slice(0, 3)
            .map((each) =>
              fromApi(
                `pod ${each.one.text}`,
                each.why.values.map((value) => `${each.why.flag}=${value}`).join(' '),
              ),
            ),
          fromApi(object.key, `names ${object.hosts.slice(0, 5).join(', ')}`),
          ...(missing === undefined ? [] : [missing]),
        ],
        fix: {
          text:
            why.flag === '--source'
              ? `add --source=${object.source} to its arguments`
              : `let ${why.flag} take this object in`,
          commands: [kubectl(one.pod.metadata.namespace, 'get', 'deployments', '-o', 'wide')],
        },
        hop: 'name',
        touches: [object.key],
        ...cost(facts),
      },
    ),
  ];
}

/** A lookup that was answered, and by no address. */
function missed({ observed }: Facts, hosts: readonly string[]): Evidence | undefined {
  const looked = (observed?.dns ?? []).find(
    ({ from, name, answers, libc }) =>
      from === 'here' &&
      hosts.includes(name.replace(/\.$/, '').toLowerCase()) &&
      libc.addresses.length === 0 &&
      answers.some(({ outcome }) => outcome === 'answered') &&
      answers.every(({ addresses }) => addresses.length === 0),
  );
  if (looked === undefined) return undefined;
  const codes = [...new Set(looked.answers.flatMap(({ rcode }) => rcode ?? []))];
  return {
    source: 'probe',
    about: `DNS of this machine, ${looked.name}`,
    excerpt: codes.join(', ') || 'no address',
  };
}

/** What has no address gives a record nothing to lead to. */
function addressless(facts: Facts, object: RecordedObject): Finding[] {
  const { externalDns = [], whole = false } = facts.outside ?? {};
  const watching = externalDns.filter((one) => excludedBy(one, object) === undefined);
  if (!whole || object.addressed || object.hosts.length === 0 || watching.length === 0) return [];
  if (
    object.annotations[`${externalDnsPrefix}target`] !== undefined ||
    object.type === 'ClusterIP' ||
    object.type === 'ExternalName'
  )
    return [];
  const { kind, namespace = '', name } = object.object;
  const lines = (facts.observed?.logs ?? []).filter(({ pattern }) => pattern === 'external-dns-no-endpoints');
  return [
    say(
      'ND523',
      `${kind} ${namespace}/${name} has no address yet, so that ExternalDNS has none to give to ${object.hosts.slice(0, 3).join(', ')}`,
      {
        object: {
          ...object.object,
          fieldPath:
            kind === 'Service' || kind === 'Ingress' ? 'status.loadBalancer.ingress' : 'status.addresses',
          value: '',
        },
        evidence: [
          fromApi(object.key, 'no address in its status'),
          ...lines
            .slice(0, 2)
            .map(({ pod, sample }): Evidence => ({ source: 'log', about: pod, excerpt: sample })),
        ],
        fix: {
          text: 'see why it gets no address',
          commands: [kubectl(namespace, 'describe', kind.toLowerCase(), name)],
        },
        hop: 'name',
        touches: [object.key],
        ...cost(facts),
      },
    ),
  ];
}
