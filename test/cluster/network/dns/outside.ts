/**
 * DNS outside of the cluster: the resolver that the nodes' resolv.conf names (172.30.0.1), a server that is the authority for zones
 * (203.0.113.53), and a resolver for clients outside (203.0.113.54), which may remember what is no longer so.
 */
import packet, { type Answer } from 'dns-packet';
import type { DnsRecords, OutsideDns } from '../options.js';
import { encodeReply, rcodes, serveDns, type Asked } from './wire.js';

const authorityAddress = '203.0.113.53';
export const resolverAddress = '203.0.113.54';

interface Found {
  readonly rcode: keyof typeof rcodes;
  readonly answers: readonly Answer[];
  readonly authoritative: boolean;
  readonly authorities?: readonly Answer[];
}

/** Answers from a table; a CNAME is followed within it. */
function fromRecords(records: DnsRecords, name: string, type: string): readonly Answer[] | undefined {
  const own = records[name];
  if (own === undefined) return undefined;
  if (own.CNAME !== undefined && type !== 'CNAME')
    return [
      { name, type: 'CNAME', ttl: 300, data: own.CNAME },
      ...(fromRecords(records, own.CNAME, type) ?? []),
    ];
  if (type === 'A') return (own.A ?? []).map((data) => ({ name, type, ttl: 300, data }));
  if (type === 'TXT') return (own.TXT ?? []).map((data) => ({ name, type, ttl: 300, data }));
  if (type === 'CNAME' && own.CNAME !== undefined) return [{ name, type, ttl: 300, data: own.CNAME }];
  return [];
}

function fromZones({ zones = {} }: OutsideDns, name: string, type: string): Found | undefined {
  const zone = Object.keys(zones).find((one) => name === one || name.endsWith(`.${one}`));
  if (zone === undefined) return undefined;
  const soa: Answer = {
    name: zone,
    type: 'SOA',
    ttl: 300,
    data: {
      mname: `ns1.${zone}`,
      rname: `hostmaster.${zone}`,
      serial: 1_700_000_000,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: 30,
    },
  };
  if (name === zone && type === 'SOA') return { rcode: 'NOERROR', answers: [soa], authoritative: true };
  if (name === zone && type === 'NS')
    return {
      rcode: 'NOERROR',
      answers: [{ name: zone, type: 'NS', ttl: 300, data: `ns1.${zone}` }],
      authoritative: true,
    };
  const records: DnsRecords = { [`ns1.${zone}`]: { A: [authorityAddress] }, ...zones[zone] };
  const answers = fromRecords(records, name, type);
  return {
    rcode: answers === undefined ? 'NXDOMAIN' : 'NOERROR',
    answers: answers ?? [],
    authoritative: true,
    ...(answers === undefined || answers.length === 0 ? { authorities: [soa] } : {}),
  };
}

/** Starts the three in the network of this process; what they say is asked for at each question. */
export async function serveOutside(
  nodes: { readonly address: string; readonly names: Readonly<Record<string, readonly string[]>> },
  told: () => OutsideDns,
): Promise<void> {
  const remembered = (records: DnsRecords | undefined, name: string, type: string): Found | undefined => {
    const answers = records === undefined ? undefined : fromRecords(records, name, type);
    return answers === undefined ? undefined : { rcode: 'NOERROR', answers, authoritative: false };
  };
  const usual: DnsRecords = Object.fromEntries(Object.entries(nodes.names).map(([name, A]) => [name, { A }]));
  const nowhere: Found = { rcode: 'NXDOMAIN', answers: [], authoritative: false };
  const refused: Found = { rcode: 'REFUSED', answers: [], authoritative: false };
  const unauthoritative = (found: Found | undefined): Found | undefined =>
    found && { ...found, authoritative: false };
  const ask = {
    [nodes.address]: (name: string, type: string) =>
      remembered(usual, name, type) ??
      remembered(told().nodes, name, type) ??
      unauthoritative(fromZones(told(), name, type)) ??
      nowhere,
    [authorityAddress]: (name: string, type: string) => fromZones(told(), name, type) ?? refused,
    [resolverAddress]: (name: string, type: string) =>
      remembered(told().remembered, name, type) ??
      unauthoritative(fromZones(told(), name, type)) ??
      remembered(usual, name, type) ??
      nowhere,
  };
  await Promise.all(
    Object.entries(ask).map(([address, find]) =>
      serveDns(address, 53, (asked) => Promise.resolve(reply(asked, address === authorityAddress, find))),
    ),
  );
}

function reply(
  asked: Asked,
  authority: boolean,
  find: (name: string, type: string) => Found,
): Buffer | undefined {
  const [question] = asked.query.questions ?? [];
  if (question === undefined) return undefined;
  const {
    rcode,
    answers,
    authoritative,
    authorities = [],
  } = find(question.name.toLowerCase().replace(/\.$/, ''), question.type);
  return encodeReply(asked, {
    type: 'response',
    id: asked.query.id ?? 0,
    flags:
      packet.RECURSION_DESIRED |
      (authority ? 0 : packet.RECURSION_AVAILABLE) |
      (authoritative ? packet.AUTHORITATIVE_ANSWER : 0) |
      rcodes[rcode],
    questions: [question],
    answers: [...answers],
    authorities: [...authorities],
  });
}
