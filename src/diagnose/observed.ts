import type { Outcome } from '../tools/probe.js';

/**
 * What probes and logs told, as plain data: checks read it beside the objects, scenarios write it down, a report can be replayed from it.
 * Absent from the facts where nothing was probed; a list that is empty says that this was not probed.
 */
export interface Observed {
  readonly connects: readonly ObservedConnect[];
  readonly dns: readonly ObservedDns[];
  readonly listeners: readonly ObservedListeners[];
  readonly http: readonly ObservedHttp[];
  readonly mtu: readonly ObservedMtu[];
  readonly kernel: readonly ObservedKernel[];
  readonly logs: readonly ObservedLog[];
  /** What could not be probed or read, with half a sentence that says why, e.g. `forbidden: create pods/exec`. */
  readonly failed: readonly { readonly what: string; readonly why: string; readonly code?: string }[];
}

/** Nothing was probed, and nothing was read of logs. */
export const nothingObserved: Observed = {
  connects: [],
  dns: [],
  listeners: [],
  http: [],
  mtu: [],
  kernel: [],
  logs: [],
  failed: [],
};

/**
 * From where: the key of a source or pod (`pod shop/web-0`; `Source.key`, `Endpoint.key` of the facts), or `here`, the machine of the
 * person who asks.
 */
export type ProbeFrom = string;

/** Where to. `endpoint` is an `Endpoint.key` of the facts; it is there for the roles endpoint and loopback. */
export interface ProbeTo {
  /**
   * `service`: an address of the Service, cluster-internal; `loopback`: 127.0.0.1 or ::1 in the pod `from`; `external`: an address at
   * which the destination is to be had from outside (node port, load balancer, ingress); `destination`: what was named, where it is none of these.
   */
  readonly role: 'service' | 'endpoint' | 'loopback' | 'node' | 'external' | 'destination';
  readonly endpoint?: string;
  /** The node whose address it is, for node ports. */
  readonly node?: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

/** Connections that were tried, one after the other. */
export interface ObservedConnect {
  readonly from: ProbeFrom;
  readonly to: ProbeTo;
  readonly attempts: readonly { readonly outcome: Outcome; readonly ms?: number }[];
  /** Which program tried. */
  readonly via: string;
}

/** How a name was looked up. */
export interface ObservedDns {
  readonly from: ProbeFrom;
  /** As it was asked for, without the search list. */
  readonly name: string;
  readonly resolvConf: {
    readonly nameservers: readonly string[];
    readonly search: readonly string[];
    readonly ndots: number;
  };
  readonly answers: readonly {
    /** With its last dot: one candidate of the search list. */
    readonly name: string;
    readonly server: string;
    readonly type: 'A' | 'AAAA';
    readonly transport: 'udp' | 'tcp';
    /** NOERROR, NXDOMAIN, SERVFAIL, REFUSED, ...; absent when nothing came. */
    readonly rcode?: string;
    readonly addresses: readonly string[];
    readonly ms?: number;
    readonly outcome: 'answered' | 'timeout' | 'refused' | 'failed';
  }[];
  /** What getaddrinfo(3) in the pod makes of it. */
  readonly libc: { readonly addresses: readonly string[]; readonly ms?: number };
}

/** What a pod listens on, from inside of it. */
export interface ObservedListeners {
  /** `pod shop/api-1`. */
  readonly pod: string;
  readonly sockets: readonly {
    readonly protocol: 'TCP' | 'UDP';
    /** `0.0.0.0` and `::` are all addresses. */
    readonly address: string;
    readonly port: number;
    readonly process?: string;
  }[];
}

/** One request over HTTP, or the handshake before it. */
export interface ObservedHttp {
  readonly from: ProbeFrom;
  readonly to: ProbeTo;
  readonly url: string;
  readonly status?: number;
  /** In lower case; only those that tell who answered (server, via, x-envoy-*, location). */
  readonly headers: Readonly<Record<string, string>>;
  /** How far it came when it failed. */
  readonly failure?: { readonly phase: 'dns' | 'connect' | 'tls' | 'http'; readonly text: string };
  readonly tls?: {
    readonly serverName?: string;
    readonly names: readonly string[];
    /** Milliseconds since the epoch. */
    readonly notAfter?: number;
    readonly issuer?: string;
    readonly subject?: string;
    /** Why it cannot be trusted, in the program's words; absent when it can, or when nobody looked. */
    readonly error?: string;
  };
  readonly ms?: number;
}

/** How large packets may be. */
export interface ObservedMtu {
  readonly from: ProbeFrom;
  readonly endpoint: string;
  readonly localMtu?: number;
  readonly pathMtu?: number;
  readonly limit: 'none' | 'announced' | 'blackHole' | 'unreachable';
  readonly hop?: string;
}

/** Numbers of the kernel, as a pod sees them: sysctl(8) names with dots, and lines of /proc/net/sockstat. */
export interface ObservedKernel {
  readonly pod: string;
  readonly node?: string;
  readonly values: Readonly<Record<string, string>>;
}

/** Lines of a log that speak of network trouble, counted. */
export interface ObservedLog {
  /** `pod shop/api-1`. */
  readonly pod: string;
  readonly container: string;
  /** It was written before the last restart. */
  readonly previous: boolean;
  /** The name of the pattern in src/logs. */
  readonly pattern: string;
  /** Codes that the pattern points at, the likeliest first. */
  readonly codes: readonly string[];
  readonly peer?: { readonly host: string; readonly port?: number };
  readonly count: number;
  /** The latest of the lines, fit to be shown. */
  readonly sample: string;
}
