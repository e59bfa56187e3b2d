import type { DnsAnswer } from './dns-parse.js';
import type { LookUp } from './getent.js';
import type { ResolvConf } from './resolvconf.js';

/** One question to one server. */
export interface DnsQuestion {
  /** With its last dot. */
  readonly name: string;
  readonly server: string;
  readonly type: 'A' | 'AAAA';
  readonly transport: 'udp' | 'tcp';
}

export interface DnsResult {
  readonly kind: 'DnsResult';
  readonly name: string;
  /** What asked the servers: nslookup cannot ask over TCP; `getent` when there is neither. */
  readonly via: 'dig' | 'nslookup' | 'getent';
  readonly resolvConf: ResolvConf;
  /** In the order in which the C library asks. */
  readonly candidates: readonly string[];
  readonly answers: readonly (DnsQuestion & DnsAnswer)[];
  /** What programs in the pod get: getaddrinfo(3), /etc/hosts and the search list included. */
  readonly libc: LookUp;
  /** The first candidate that a server of resolv.conf has an address for. */
  readonly found: string | undefined;
  readonly addresses: readonly string[];
  readonly resolves: boolean;
  /** Sentences: what is remarkable. */
  readonly remarks: readonly string[];
}

/** What `dns` tells as it finds it. */
export type DnsEvent =
  | { readonly kind: 'resolvConf'; readonly resolvConf: ResolvConf; readonly candidates: readonly string[] }
  /** What one program brought home: of dig both types over one transport, of nslookup one type. */
  | {
      readonly kind: 'answers';
      readonly via: 'dig' | 'nslookup';
      readonly answers: readonly (DnsQuestion & DnsAnswer)[];
    };
