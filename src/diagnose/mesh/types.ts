import type { End } from '../policy/end.js';
import type { ReadObjects, SnapshotPod, SnapshotService } from '../snapshot/types.js';
import type { AuthorizationVerdict } from './authorization.js';
import type { MeshConfig } from './config.js';
import type { EffectiveRule } from './destination.js';
import type { Member } from './membership.js';
import type { Sidecar } from './objects.js';
import type { EffectiveMtls } from './peer.js';
import type { PortProtocol } from './protocol.js';
import type { Routed } from './routes.js';
import type { Sending } from './tls.js';

/** One end of the flow, as the facts have it. */
export interface MeshEnd {
  /** `pod shop/web-0`. */
  readonly key: string;
  readonly text: string;
  readonly namespace?: string;
  readonly address?: string;
  readonly pod?: SnapshotPod;
  readonly port?: number;
  readonly end: End;
}

/** What the facts of a mesh are made of. */
export interface MeshQuestion {
  readonly read: ReadObjects;
  readonly protocol: string;
  readonly sources: readonly MeshEnd[];
  readonly endpoints: readonly MeshEnd[];
  readonly service?: {
    readonly namespace: string;
    readonly name: string;
    readonly object?: SnapshotService;
    readonly port?: NonNullable<SnapshotService['spec']['ports']>[number];
  };
  readonly outside: boolean;
}

/** What the proxy of a client knows and does, whichever endpoint it then picks. */
export interface ClientView {
  readonly end: MeshEnd;
  readonly member: Member;
  readonly sidecar?: Sidecar;
  /** What becomes of connections to what it does not know: `ALLOW_ANY` or `REGISTRY_ONLY`; by a Sidecar, else by the mesh. */
  readonly outbound: { readonly mode: string; readonly by?: Sidecar };
  readonly rule?: EffectiveRule;
  readonly routes: readonly Routed[];
  /** The Service that is called is among those that it may know. */
  readonly scoped: boolean;
}

/** One client and one server, and what becomes of a connection between their proxies. */
export interface MeshLink {
  readonly view: ClientView;
  readonly endpoint: MeshEnd;
  readonly server?: Member;
  readonly takes?: EffectiveMtls;
  readonly sending: Sending;
  readonly accepted: 'yes' | 'no' | 'unknown';
  /** None where no proxy of the server judges, or where the connection ends before. */
  readonly authorization?: AuthorizationVerdict;
}

/** What Istio's objects say of the question. */
export interface MeshFacts {
  readonly config: MeshConfig;
  /** By key of source and endpoint: `pod shop/web-0`. */
  readonly members: ReadonlyMap<string, Member>;
  readonly host?: {
    readonly name: string;
    readonly namespace: string;
    readonly port?: number;
    readonly protocol: PortProtocol;
  };
  readonly waypoint?: string;
  readonly views: readonly ClientView[];
  readonly links: readonly MeshLink[];
  readonly gaps: readonly Gap[];
}

/** Something of a mesh that was not looked at. Where `decides`, whether connections pass hangs on it. */
export interface Gap {
  readonly what: string;
  readonly why: string;
  readonly code?: string;
  readonly hides?: readonly string[];
  readonly decides: boolean;
}
