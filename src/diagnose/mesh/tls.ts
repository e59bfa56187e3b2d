import type { MeshConfig } from './config.js';
import type { ClientMode } from './destination.js';
import type { Member } from './membership.js';
import type { EffectiveMtls } from './peer.js';

/** What arrives at the server: as the application sent it, mutual TLS of the mesh, HBONE, TLS of the client's own, or nobody knows. */
export type Sent = 'plain' | 'istio' | 'hbone' | 'tls' | 'unknown';

/** Why the client sends what it sends. */
export type SentBecause =
  | {
      readonly why:
        'notInMesh' | 'automatic' | 'autoMtlsOff' | 'directAddress' | 'outOfScope' | 'excludedPort';
    }
  | { readonly why: 'rule'; readonly rule: ClientMode };

export interface Sending {
  readonly sent: Sent;
  readonly because: SentBecause;
}

/** What decides what a client's side sends. */
export interface ClientSide {
  readonly client: Member;
  readonly server: Member | undefined;
  /** The server's own mode: clients that know it send plain text where it takes nothing else. */
  readonly takes: EffectiveMtls | undefined;
  readonly rule: ClientMode | undefined;
  /** It is called by a Service, which alone tells a sidecar whom it calls. */
  readonly viaService: boolean;
  /** The Service is among those that the client's Sidecar object lets it know. */
  readonly scoped: boolean;
  /** The port goes around the client's proxy. */
  readonly excluded: boolean;
}

/** What a client sends to a server. Source: istio.io, "Understanding TLS configuration", and Sidecar's passthrough. */
export function sendingOf(side: ClientSide, config: MeshConfig): Sending {
  const { client, server, rule, takes } = side;
  if (client.kind === 'ambient') {
    if (server?.kind === 'ambient') return { sent: 'hbone', because: { why: 'automatic' } };
    return { sent: server?.kind === 'sidecar' ? 'unknown' : 'plain', because: { why: 'automatic' } };
  }
  if (client.kind !== 'sidecar') return { sent: 'plain', because: { why: 'notInMesh' } };
  if (side.excluded) return { sent: 'plain', because: { why: 'excludedPort' } };
  if (!side.viaService) return { sent: 'plain', because: { why: 'directAddress' } };
  if (!side.scoped) return { sent: 'plain', because: { why: 'outOfScope' } };
  if (rule !== undefined) {
    const sent = ({ DISABLE: 'plain', ISTIO_MUTUAL: 'istio', SIMPLE: 'tls', MUTUAL: 'unknown' } as const)[
      rule.mode
    ];
    return { sent: sent ?? 'unknown', because: { why: 'rule', rule } };
  }
  if (!config.autoMtls) return { sent: 'plain', because: { why: 'autoMtlsOff' } };
  if (server?.kind === 'ambient') return { sent: 'unknown', because: { why: 'automatic' } };
  const mutual = server?.kind === 'sidecar' && takes?.mode !== 'DISABLE';
  return { sent: mutual ? 'istio' : 'plain', because: { why: 'automatic' } };
}

/** Whether the server's side takes what arrives. `takes` is undefined for a server without a proxy, or on a port that goes around it. */
export function accepted(
  sent: Sent,
  server: Member | undefined,
  takes: EffectiveMtls | undefined,
): 'yes' | 'no' | 'unknown' {
  if (sent === 'unknown') return takes?.mode === 'STRICT' ? 'unknown' : 'yes';
  if (takes === undefined || server === undefined) return sent === 'istio' ? 'no' : 'yes';
  if (sent === 'plain') return takes.mode === 'STRICT' ? 'no' : 'yes';
  // TLS of the client's own is handed on to the application, which may well speak it; where only the mesh's is taken it ends.
  if (sent === 'tls') return takes.mode === 'STRICT' ? 'no' : 'yes';
  return sent === 'istio' && takes.mode === 'DISABLE' ? 'no' : 'yes';
}
