/** What CoreDNS's plugin kubernetes answers, from the state of the cluster. Pure. */
import type { Answer } from 'dns-packet';
import type { DnsEndpoint, DnsPort, DnsService, ZoneState } from './zone-state.js';

/** An answer, or that the name belongs to somebody else (`undefined`). */
export interface Reply {
  readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED';
  readonly answers: readonly Answer[];
  readonly additionals: readonly Answer[];
  readonly authorities: readonly Answer[];
}

const ttl = 30;

/** The SOA record of a zone as the plugin makes it. */
function soa(zone: string): Answer {
  return {
    name: zone,
    type: 'SOA',
    ttl,
    data: {
      mname: `ns.dns.${zone}`,
      rname: `hostmaster.${zone}`,
      serial: 1_700_000_000,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: ttl,
    },
  };
}

function nothing(rcode: 'NOERROR' | 'NXDOMAIN', zone: string): Reply {
  return { rcode, answers: [], additionals: [], authorities: [soa(zone)] };
}

/** Records of one kind; without any of it, the name exists all the same. */
function found(answers: readonly Answer[], zone: string, additionals: readonly Answer[] = []): Reply {
  return answers.length === 0
    ? nothing('NOERROR', zone)
    : { rcode: 'NOERROR', answers, additionals, authorities: [] };
}

function address(name: string, ip: string): Answer {
  return { name, type: 'A', ttl, data: ip };
}

function matchesPort(port: DnsPort, wanted: { port: string; protocol: string } | undefined): boolean {
  return (
    wanted === undefined ||
    ((wanted.port === '*' || wanted.port === port.name) && wanted.protocol === port.protocol)
  );
}

interface Question {
  readonly name: string;
  readonly type: string;
  readonly zone: string;
}

function srv(question: Question, host: string, port: DnsPort): Answer {
  return {
    name: question.name,
    type: 'SRV',
    ttl,
    data: { priority: 0, weight: 100, port: port.port, target: host },
  };
}

/** A Service with an address of its own. */
function clusterService(question: Question, service: DnsService, wanted: Wanted | undefined): Reply {
  const { zone, name, type } = question;
  const ip = service.clusterIP ?? '';
  const ports = service.ports.filter((port) => matchesPort(port, wanted));
  if (wanted !== undefined && ports.length === 0) return nothing('NXDOMAIN', zone);
  const host = `${service.name}.${service.namespace}.svc.${zone}`;
  if (type === 'A') return found([address(name, ip)], zone);
  return type === 'SRV'
    ? found(
        ports.map((port) => srv(question, host, port)),
        zone,
        [address(host, ip)],
      )
    : nothing('NOERROR', zone);
}

interface Wanted {
  readonly port: string;
  readonly protocol: string;
}

/** A headless Service, or one of its endpoints by name. */
function endpoints(
  question: Question,
  service: DnsService,
  chosen: readonly DnsEndpoint[],
  wanted?: Wanted,
): Reply {
  const { zone, name, type } = question;
  const there = chosen.filter(
    (item) => wanted === undefined || item.ports.some((port) => matchesPort(port, wanted)),
  );
  if (there.length === 0) return nothing('NXDOMAIN', zone);
  if (type === 'A') {
    return found(
      [...new Set(there.map(({ ip }) => ip))].map((ip) => address(name, ip)),
      zone,
    );
  }
  if (type !== 'SRV') return nothing('NOERROR', zone);
  const host = (item: DnsEndpoint): string =>
    `${item.label}.${service.name}.${service.namespace}.svc.${zone}`;
  return found(
    there.flatMap((item) =>
      item.ports.filter((port) => matchesPort(port, wanted)).map((port) => srv(question, host(item), port)),
    ),
    zone,
    there.map((item) => address(host(item), item.ip)),
  );
}

function serviceReply(state: ZoneState, question: Question, labels: readonly string[]): Reply {
  const { zone, name, type } = question;
  const [namespace = '', serviceName = '', ...rest] = labels;
  if (labels.length === 0 || (labels.length === 1 && state.namespaces.includes(namespace)))
    return nothing('NOERROR', zone);
  const service = state.services.find((item) => item.namespace === namespace && item.name === serviceName);
  if (service === undefined || rest.length > 2) return nothing('NXDOMAIN', zone);
  if (service.externalName !== undefined) {
    return rest.length === 0
      ? found([{ name, type: 'CNAME', ttl, data: service.externalName }], zone)
      : nothing('NXDOMAIN', zone);
  }
  const [first, second] = rest;
  if (first !== undefined && second !== undefined) {
    if (!first.startsWith('_') || !second.startsWith('_')) return nothing('NXDOMAIN', zone);
    const wanted = { port: second.slice(1), protocol: first.slice(1) };
    return service.clusterIP === undefined
      ? endpoints(question, service, service.endpoints, wanted)
      : clusterService(question, service, wanted);
  }
  if (first !== undefined) {
    const chosen = service.endpoints.filter(({ label }) => label === first);
    return chosen.length === 0 && type !== 'A'
      ? nothing('NXDOMAIN', zone)
      : endpoints(question, service, chosen);
  }
  return service.clusterIP === undefined
    ? endpoints(question, service, service.endpoints)
    : clusterService(question, service, undefined);
}

/** Names of pods by their addresses (`pods insecure`): any address will do, of any namespace there is. */
function podReply(state: ZoneState, question: Question, labels: readonly string[]): Reply {
  const [namespace = '', dashed] = labels;
  if (labels.length === 0) return nothing('NOERROR', question.zone);
  if (labels.length > 2 || !state.namespaces.includes(namespace)) return nothing('NXDOMAIN', question.zone);
  if (dashed === undefined) return nothing('NOERROR', question.zone);
  if (!/^\d{1,3}(-\d{1,3}){3}$/.test(dashed)) return nothing('NXDOMAIN', question.zone);
  return question.type === 'A'
    ? found([address(question.name, dashed.replaceAll('-', '.'))], question.zone)
    : nothing('NOERROR', question.zone);
}

/** Names of addresses: of Services, and of what is behind headless ones. undefined: of nobody here. */
export function reverseReply(state: ZoneState, name: string, type: string, zone: string): Reply | undefined {
  const ip = name
    .replace(/\.in-addr\.arpa$/, '')
    .split('.')
    .reverse()
    .join('.');
  const services = state.services.filter(({ clusterIP }) => clusterIP === ip);
  const names = [
    ...services.map((service) => `${service.name}.${service.namespace}.svc.${zone}`),
    ...state.services.flatMap((service) =>
      service.endpoints
        .filter((item) => item.ip === ip)
        .map(({ label }) => `${label}.${service.name}.${service.namespace}.svc.${zone}`),
    ),
  ];
  if (names.length === 0) return undefined;
  return type === 'PTR'
    ? found(
        names.map((data): Answer => ({ name, type: 'PTR', ttl, data })),
        zone,
      )
    : nothing('NOERROR', zone);
}

/** The answer to a question about a name in `zone` (`cluster.local`). Names are in lower case, without the last dot. */
export function clusterReply(state: ZoneState, name: string, type: string, zone: string): Reply {
  const question = { name, type, zone };
  const labels =
    name === zone
      ? []
      : name
          .slice(0, -zone.length - 1)
          .split('.')
          .reverse();
  const [kind, ...rest] = labels;
  if (kind === undefined) return type === 'SOA' ? found([soa(zone)], zone) : nothing('NOERROR', zone);
  if (kind === 'svc') return serviceReply(state, question, rest);
  if (kind === 'pod') return podReply(state, question, rest);
  if (name === `dns-version.${zone}`)
    return type === 'TXT'
      ? found([{ name, type: 'TXT', ttl, data: '1.1.0' }], zone)
      : nothing('NOERROR', zone);
  return nothing('NXDOMAIN', zone);
}
