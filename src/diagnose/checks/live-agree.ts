import { objectKey } from '../finding.js';
import type { Facts, Source } from '../model/facts.js';
import type { Check } from './check.js';
import type { Support } from './join.js';
import {
  fromAnswer,
  isAnswered,
  isClusterServer,
  isNodeLocal,
  isResolved,
  lookups,
} from './live-dns-seen.js';
import { fromLog, isAboutDestination, logsOf } from './live-log-lines.js';

/** What the objects say of names, and an answer of a server shows. */
const ofNames = ['ND301', 'ND319', 'ND320', 'ND401', 'ND402', 'ND410', 'ND415'] as const;
/** What keeps questions from the servers, and silence shows. */
const ofServers = ['ND203', 'ND403', 'ND801', 'ND803', 'ND812'] as const;

/** Answers of DNS and log lines that say the same as the objects: evidence for what other checks find, and nothing by themselves. */
export const liveAgree: Check = {
  name: 'live-agree',
  codes: [],
  live: true,
  reads: [],
  concerns: ({ observed }) => observed !== undefined,
  find: () => [],
  supports: (facts) => [...facts.sources.flatMap((source) => lines(facts, source)), ...names(facts)],
};

function names(facts: Facts): Support[] {
  return lookups(facts).flatMap((lookup): Support[] => {
    const { dns, source } = lookup;
    const { service } = facts.destination;
    const denied = dns.answers.find(({ rcode }) => rcode === 'NXDOMAIN');
    const touches = [source.key, 'dns', ...(service === undefined ? [] : [objectKey('service', service)])];
    const own = dns.answers.filter(
      ({ server, transport }) =>
        transport === 'udp' && (isClusterServer(facts, server) || isNodeLocal(server)),
    );
    const silent = own.length > 0 && !own.some(isAnswered);
    const [first] = own;
    return [
      ...(isResolved(dns) || denied === undefined
        ? []
        : [{ codes: ofNames, touches, evidence: [fromAnswer(lookup, denied)], proves: true }]),
      ...(silent && first !== undefined
        ? [
            {
              codes: ofServers,
              touches: ['dns', `egress ${source.text}`],
              evidence: [fromAnswer(lookup, first)],
              proves: true,
            },
          ]
        : []),
    ];
  });
}

/** Lines of the client about the destination. They tell of some moment before: nothing is proven by them. */
function lines(facts: Facts, { key, pod }: Source): Support[] {
  const { service, endpoints } = facts.destination;
  const touches = [
    key,
    'dns',
    ...(service === undefined ? [] : [objectKey('service', service)]),
    ...endpoints.map((one) => one.key),
    ...(pod === undefined ? [] : [`egress ${pod.metadata.namespace ?? ''}/${pod.metadata.name}`]),
    ...endpoints.map(({ text }) => `ingress ${text}`),
  ];
  return logsOf(facts, [key])
    .filter((line) => isAboutDestination(facts, line))
    .map((line) => ({ codes: line.codes, touches, evidence: [fromLog(line)], proves: false }));
}
