/** Packets in one direction, since the interface was made. */
export interface LinkCounters {
  readonly bytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly dropped: number;
}

/** An address of an interface. */
export interface LinkAddress {
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefixLength: number;
  /** `global`, `link`, `host` */
  readonly scope: string;
}

/** A network interface, in the words of iproute2. */
export interface Link {
  readonly name: string;
  readonly mtu?: number;
  /** `UP`, `DOWN`, `UNKNOWN` (lo) */
  readonly state?: string;
  readonly mac?: string;
  readonly addresses: readonly LinkAddress[];
  readonly received?: LinkCounters;
  readonly sent?: LinkCounters;
}

export interface Route {
  readonly family: 4 | 6;
  /** `default` or a prefix. */
  readonly destination: string;
  readonly gateway?: string;
  readonly device?: string;
  readonly source?: string;
  readonly metric?: number;
  /** `unreachable`, `blackhole`, `prohibit`; absent for an ordinary one. */
  readonly type?: string;
}

export interface Neighbour {
  readonly address: string;
  readonly device: string;
  /** Absent while nobody has answered. */
  readonly mac?: string;
  /** `REACHABLE`, `STALE`, `FAILED`, ... */
  readonly state: string;
}

/** What the kernel says of a network namespace. */
export interface InterfaceTables {
  readonly links: readonly Link[];
  readonly routes: readonly Route[];
  readonly neighbours: readonly Neighbour[];
}
