import { kubectl } from '../command.js';
import type { Evidence, Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { ObservedDns } from '../observed.js';
import { parseAddress } from '../policy/address.js';
import { recordedOf } from '../outside/recorded.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { say } from './outside-say.js';

/** What ExternalDNS complains of in its log, and records that lead elsewhere than the objects say. */
export const externalDnsRecord: Check = {
  name: 'externaldns-record',
  codes: ['ND524', 'ND525', 'ND526', 'ND527'],
  reads: inputs('cluster', 'pods'),
  concerns: ({ outside, observed }) => outside !== undefined && observed !== undefined,
  live: true,
  find: (facts) => [...complaints(facts), ...records(facts)],
};

const patterns: Readonly<
  Record<string, { readonly code: string; readonly text: string; readonly fix: string }>
> = {
  'external-dns-owner': {
    code: 'ND524',
    text: 'leaves a record alone that is not its own',
    fix: 'let the TXT record name its --txt-owner-id, delete the record that somebody else made, or use another name',
  },
  'external-dns-no-zone': {
    code: 'ND525',
    text: 'finds no zone for a record, or may not write to it',
    fix: 'see --domain-filter and --zone-id-filter, whether the zone exists, and the rights of its account',
  },
};

function complaints(facts: Facts): Finding[] {
  const hosts = hostsOf(facts);
  return (facts.observed?.logs ?? []).flatMap((line): Finding[] => {
    const known = patterns[line.pattern];
    const named = /[a-z0-9_*-]+(\.[a-z0-9-]+)+/gi;
    if (known === undefined || hosts.length === 0) return [];
    // A line about other names is no matter of this way.
    const said = [...line.sample.toLowerCase().matchAll(named)].map(([word]) => word);
    if (
      said.length > 0 &&
      hosts.every((host) => !said.some((word) => word === host)) &&
      said.some((word) => /\.[a-z]{2,}$/.test(word) && related(word, hosts))
    )
      return [];
    const [, name = ''] = line.pod.replace(/^pod /, '').split('/');
    const [namespace = ''] = line.pod.replace(/^pod /, '').split('/');
    const object = recordedOf(facts);
    return [
      say(known.code, `ExternalDNS ${known.text}: ${line.sample}`, {
        object: { kind: 'Pod', namespace, name },
        evidence: [
          {
            source: 'log',
            about: `${line.pod} ${line.container}`,
            excerpt: `${line.count} × ${line.sample}`,
          },
        ],
        fix: { text: known.fix, commands: [kubectl(namespace, 'logs', name, '--tail=50')] },
        hop: 'name',
        touches: object === undefined ? [line.pod] : [object.key, line.pod],
        ...(facts.outside?.target.kind === 'Host' ? { blocks: { model: 'unknown' } as const } : {}),
      }),
    ];
  });
}

/** Another name of the same zone: then the line is about that one. */
function related(word: string, hosts: readonly string[]): boolean {
  return hosts.some((host) => host.split('.').slice(1).join('.') === word.split('.').slice(1).join('.'));
}

function hostsOf(facts: Facts): readonly string[] {
  const { url } = facts.outside ?? {};
  if (url !== undefined && parseAddress(url.host) === undefined) return [url.host];
  return recordedOf(facts)?.hosts ?? [];
}

interface Answer {
  readonly who: string;
  readonly server?: string;
  readonly addresses: readonly string[];
  readonly here: boolean;
}

/** The answers to a name, each by who gave it: the resolvers of those who asked, and servers that were asked besides, as those of the zone. */
function answersOf(looked: readonly ObservedDns[]): readonly Answer[] {
  return looked.flatMap(({ from, answers, resolvConf }) => {
    const servers = [
      ...new Set(answers.filter(({ outcome }) => outcome === 'answered').map(({ server }) => server)),
    ];
    const place = from === 'here' ? 'this machine' : from;
    return servers.map((server): Answer => ({
      who: resolvConf.nameservers.includes(server)
        ? `the resolver of ${place} (${server})`
        : `${server}, asked directly`,
      server,
      addresses: [
        ...new Set(answers.filter((one) => one.server === server).flatMap(({ addresses }) => addresses)),
      ].sort(),
      here: from === 'here' && resolvConf.nameservers.includes(server),
    }));
  });
}

/** Records that lead to other addresses than the status of the objects has: everywhere (stale), or only for some (caches, split horizon). */
function records(facts: Facts): Finding[] {
  const { outside, observed } = facts;
  const object = recordedOf(facts);
  if (outside === undefined || object === undefined) return [];
  return hostsOf(facts).flatMap((host): Finding[] => {
    const looked = (observed?.dns ?? []).filter(({ name }) => name.replace(/\.$/, '').toLowerCase() === host);
    const answers = answersOf(looked).filter(({ addresses }) => addresses.length > 0);
    const right = rightAddresses(facts);
    if (answers.length === 0 || right.length === 0) return [];
    const good = ({ addresses }: Answer): boolean => addresses.some((one) => right.includes(one));
    const bad = answers.filter((one) => !good(one));
    if (bad.length === 0) return [];
    const evidence: Evidence[] = [
      ...answers.slice(0, 4).map(({ who, addresses }): Evidence => ({
        source: 'probe',
        about: `${host} by ${who}`,
        excerpt: addresses.join(', '),
      })),
      fromApi(object.key, `address ${right.slice(0, 3).join(', ')}`),
    ];
    const common = {
      object: { ...object.object, fieldPath: 'status', value: right.join(', ') },
      evidence,
      hop: 'name' as const,
      touches: [object.key, objectKey('host', { name: host })],
    };
    if (bad.length < answers.length) {
      const here = bad.some((one) => one.here);
      return [
        say(
          'ND527',
          `${host} is ${[...new Set(bad.flatMap(({ addresses }) => addresses))].join(', ')} for ${bad.map(({ who }) => who).join(' and ')}, and ${right.join(', ')} for others: an old answer is kept, or that resolver has a zone of its own`,
          {
            ...common,
            confidence: 'proven',
            severity: here ? 'error' : 'warning',
            fix: {
              text: 'wait until the TTL is over or empty that cache; see whether the resolver serves a zone of its own for this name (split horizon)',
              commands: [],
            },
            ...(here ? { blocks: { model: 'fail' } as const } : {}),
          },
        ),
      ];
    }
    const keepers = outside.externalDns.filter(
      ({ policy }) => policy === 'upsert-only' || policy === 'create-only',
    );
    const [keeper] = keepers;
    // Without it, and without such a policy, somebody else may lead the name there on purpose: a CDN, a proxy.
    if (keeper === undefined) return [];
    return [
      say(
        'ND526',
        `${host} leads to ${[...new Set(bad.flatMap(({ addresses }) => addresses))].join(', ')}, which is no address of ${object.object.kind} ${object.object.namespace ?? ''}/${object.object.name} (${right.join(', ')}): ExternalDNS with --policy=${keeper.policy} ${keeper.policy === 'create-only' ? 'changes no record' : 'takes no record away'} that it finds`,
        {
          ...common,
          evidence: [...evidence, fromApi(`pod ${keeper.text}`, `--policy=${keeper.policy}`)],
          fix: { text: 'delete the old record by hand, or run ExternalDNS with --policy=sync', commands: [] },
          blocks: { model: 'fail' },
        },
      ),
    ];
  });
}

/** The addresses to which a record should lead; those behind names of load balancers as far as they were looked up. */
function rightAddresses({ outside, observed }: Facts): readonly string[] {
  const entries = (outside?.way?.entries ?? []).filter(({ of }) => of !== 'nodePort' && of !== 'hostPort');
  const texts = [...new Set(entries.map(({ address }) => address))];
  const found = texts.flatMap((text) => {
    if (parseAddress(text) !== undefined) return [text];
    return (observed?.dns ?? [])
      .filter(({ name }) => name.replace(/\.$/, '') === text)
      .flatMap(({ answers, libc }) => [...libc.addresses, ...answers.flatMap(({ addresses }) => addresses)]);
  });
  // A name that nobody looked up may lead anywhere.
  const open = texts.some(
    (text) =>
      parseAddress(text) === undefined &&
      !(observed?.dns ?? []).some(({ name }) => name.replace(/\.$/, '') === text),
  );
  return open ? [] : [...new Set(found)];
}
