import type { MutualTls, PeerAuthentication } from './objects.js';
import { byAge, isSelective, selects } from './select.js';

export type MtlsMode = 'DISABLE' | 'PERMISSIVE' | 'STRICT';

/** What a workload takes on a port, and the field that says so; none where nothing does and Istio's default stands. */
export interface EffectiveMtls {
  readonly mode: MtlsMode;
  readonly by?: { readonly object: PeerAuthentication; readonly fieldPath: string };
}

/**
 * The mutual TLS mode of one port of a workload: that of the port, else of the workload, else of its namespace, else of the mesh
 * (without a selector in the root namespace), else PERMISSIVE. UNSET takes that of the next. Of several in one scope the oldest counts;
 * selectors in the root namespace are ignored. Source: istio pilot/pkg/security/authn ComposePeerAuthentication.
 */
export function effectiveMtls(
  policies: readonly PeerAuthentication[],
  workload: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> | undefined },
  port: number | undefined,
  rootNamespace: string,
): EffectiveMtls {
  const sorted = byAge(policies);
  const inScope = (namespace: string, selective: boolean): PeerAuthentication | undefined =>
    sorted.find(
      ({ metadata, spec }) =>
        metadata.namespace === namespace &&
        isSelective(spec?.selector) === selective &&
        selects(spec?.selector, workload.labels),
    );
  const own = workload.namespace === rootNamespace;
  const specific = own ? undefined : inScope(workload.namespace, true);
  const chain = [
    specific,
    own ? undefined : inScope(workload.namespace, false),
    inScope(rootNamespace, false),
  ];
  const ports = specific?.spec?.portLevelMtls ?? {};
  const atPort = port === undefined ? undefined : modeOf(ports[String(port)]);
  if (specific !== undefined && atPort !== undefined)
    return { mode: atPort, by: { object: specific, fieldPath: `spec.portLevelMtls[${port ?? ''}].mode` } };
  for (const object of chain) {
    const mode = modeOf(object?.spec?.mtls);
    if (object !== undefined && mode !== undefined)
      return { mode, by: { object, fieldPath: 'spec.mtls.mode' } };
  }
  return { mode: 'PERMISSIVE' };
}

function modeOf(mtls: MutualTls | null | undefined): MtlsMode | undefined {
  const mode = mtls?.mode;
  return mode === 'DISABLE' || mode === 'PERMISSIVE' || mode === 'STRICT' ? mode : undefined;
}
