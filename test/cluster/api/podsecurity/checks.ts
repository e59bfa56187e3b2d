import { isObject } from '../json.js';
import type { Container, PodSpec, SecurityContext } from '../pods/types.js';

/** One refused thing, in the words of k8s.io/pod-security-admission/policy. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

type Check = (spec: PodSpec) => Violation | undefined;

function all(spec: PodSpec): Container[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

function containers(list: readonly Container[]): string {
  return `${list.length === 1 ? 'container' : 'containers'} ${quoted(list.map((item) => item.name ?? ''))}`;
}

function addedBeyond(
  list: readonly Container[],
  allowed: ReadonlySet<string>,
): { bad: Container[]; names: string[] } {
  const beyond = (item: Container): string[] =>
    (item.securityContext?.capabilities?.add ?? []).filter((name) => !allowed.has(name));
  const bad = list.filter((item) => beyond(item).length > 0);
  return { bad, names: [...new Set(bad.flatMap(beyond))].sort() };
}

const defaultCapabilities = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);

const capabilitiesBaseline: Check = (spec) => {
  const { bad, names } = addedBeyond(all(spec), defaultCapabilities);
  if (bad.length === 0) return undefined;
  const detail = `${containers(bad)} must not include ${quoted(names)} in securityContext.capabilities.add`;
  return { reason: 'non-default capabilities', detail };
};

const capabilitiesRestricted: Check = (spec) => {
  const undropped = all(spec).filter((item) => !item.securityContext?.capabilities?.drop?.includes('ALL'));
  const { bad, names } = addedBeyond(all(spec), new Set(['NET_BIND_SERVICE']));
  const details: string[] = [];
  if (undropped.length > 0)
    details.push(`${containers(undropped)} must set securityContext.capabilities.drop=["ALL"]`);
  if (bad.length > 0)
    details.push(`${containers(bad)} must not include ${quoted(names)} in securityContext.capabilities.add`);
  return details.length === 0
    ? undefined
    : { reason: 'unrestricted capabilities', detail: details.join('; ') };
};

const hostNamespaces: Check = (spec) => {
  const set = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name]);
  return set.length === 0
    ? undefined
    : { reason: 'host namespaces', detail: set.map((name) => `${name}=true`).join(', ') };
};

const hostPathVolumes: Check = (spec) => {
  const names = (spec.volumes ?? [])
    .filter((volume) => volume.hostPath !== undefined)
    .map((volume) => volume.name ?? '');
  if (names.length === 0) return undefined;
  return {
    reason: 'hostPath volumes',
    detail: `${names.length === 1 ? 'volume' : 'volumes'} ${quoted(names)}`,
  };
};

const hostPorts: Check = (spec) => {
  const uses = (item: Container): number[] =>
    (item.ports ?? []).map((port) => port.hostPort ?? 0).filter((port) => port !== 0);
  const bad = all(spec).filter((item) => uses(item).length > 0);
  if (bad.length === 0) return undefined;
  const ports = [...new Set(bad.flatMap(uses).map(String))].sort();
  const verb = bad.length === 1 ? 'uses' : 'use';
  return {
    reason: 'hostPort',
    detail: `${containers(bad)} ${verb} ${ports.length === 1 ? 'hostPort' : 'hostPorts'} ${ports.join(', ')}`,
  };
};

const privileged: Check = (spec) => {
  const bad = all(spec).filter((item) => item.securityContext?.privileged);
  if (bad.length === 0) return undefined;
  return { reason: 'privileged', detail: `${containers(bad)} must not set securityContext.privileged=true` };
};

const procMount: Check = (spec) => {
  const value = (item: Container): string => item.securityContext?.procMount ?? 'Default';
  const bad = all(spec).filter((item) => value(item) !== 'Default');
  if (bad.length === 0) return undefined;
  const values = quoted([...new Set(bad.map(value))].sort());
  return {
    reason: 'procMount',
    detail: `${containers(bad)} must not set securityContext.procMount to ${values}`,
  };
};

/** `pod`, `container "a"`: those whose securityContext is bad, as they stand in one sentence. */
function setters(spec: PodSpec, bad: (context: SecurityContext) => boolean): string[] {
  const pod = spec.securityContext !== undefined && bad(spec.securityContext) ? ['pod'] : [];
  const list = all(spec).filter((item) => item.securityContext !== undefined && bad(item.securityContext));
  return [...pod, ...(list.length === 0 ? [] : [containers(list)])];
}

const seccompBaseline: Check = (spec) => {
  const bad = setters(spec, (context) => context.seccompProfile?.type === 'Unconfined');
  if (bad.length === 0) return undefined;
  return {
    reason: 'seccompProfile',
    detail: `${bad.join(' and ')} must not set securityContext.seccompProfile.type to "Unconfined"`,
  };
};

const seccompRestricted: Check = (spec) => {
  const good = (type: string | undefined): boolean => type === 'RuntimeDefault' || type === 'Localhost';
  const bad = setters(
    spec,
    ({ seccompProfile }) => seccompProfile?.type !== undefined && !good(seccompProfile.type),
  );
  if (bad.length > 0) {
    return {
      reason: 'seccompProfile',
      detail: `${bad.join(' and ')} must not set securityContext.seccompProfile.type to "Unconfined"`,
    };
  }
  if (good(spec.securityContext?.seccompProfile?.type)) return undefined;
  const unset = all(spec).filter((item) => item.securityContext?.seccompProfile?.type === undefined);
  if (unset.length === 0) return undefined;
  const detail = `pod or ${containers(unset)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
  return { reason: 'seccompProfile', detail };
};

const safeSysctls = new Set(
  'kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies net.ipv4.ping_group_range net.ipv4.ip_unprivileged_port_start net.ipv4.ip_local_reserved_ports net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes net.ipv4.tcp_rmem net.ipv4.tcp_wmem'.split(
    ' ',
  ),
);

const sysctls: Check = (spec) => {
  const bad = (spec.securityContext?.sysctls ?? [])
    .map((item) => item.name)
    .filter((name) => !safeSysctls.has(name));
  return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
};

const allowPrivilegeEscalation: Check = (spec) => {
  const bad = all(spec).filter((item) => item.securityContext?.allowPrivilegeEscalation !== false);
  if (bad.length === 0) return undefined;
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${containers(bad)} must set securityContext.allowPrivilegeEscalation=false`,
  };
};

const restrictedSources = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

const restrictedVolumes: Check = (spec) => {
  const source = (volume: object): string | undefined =>
    Object.keys(volume).find((name) => name !== 'name' && !restrictedSources.has(name));
  const bad = (spec.volumes ?? []).filter((volume) => isObject(volume) && source(volume) !== undefined);
  if (bad.length === 0) return undefined;
  const types = [...new Set(bad.map((volume) => source(volume) ?? ''))].sort();
  const [volumes, use, kinds] =
    bad.length === 1 ? ['volume', 'uses', 'type'] : ['volumes', 'use', types.length === 1 ? 'type' : 'types'];
  const detail = `${volumes} ${quoted(bad.map((volume) => volume.name ?? ''))} ${use} restricted volume ${kinds} ${quoted(types)}`;
  return { reason: 'restricted volume types', detail };
};

const runAsNonRoot: Check = (spec) => {
  const bad = setters(spec, (context) => context.runAsNonRoot === false);
  if (bad.length > 0)
    return {
      reason: 'runAsNonRoot != true',
      detail: `${bad.join(' and ')} must not set securityContext.runAsNonRoot=false`,
    };
  if (spec.securityContext?.runAsNonRoot) return undefined;
  const unset = all(spec).filter((item) => item.securityContext?.runAsNonRoot === undefined);
  if (unset.length === 0) return undefined;
  return {
    reason: 'runAsNonRoot != true',
    detail: `pod or ${containers(unset)} must set securityContext.runAsNonRoot=true`,
  };
};

const runAsUser: Check = (spec) => {
  const bad = setters(spec, (context) => context.runAsUser === 0);
  return bad.length === 0
    ? undefined
    : { reason: 'runAsUser=0', detail: `${bad.join(' and ')} must not set runAsUser=0` };
};

const shared: readonly Check[] = [hostNamespaces, hostPathVolumes, hostPorts, privileged, procMount];

/** In the order of their identifiers, which is the order of the words in an answer. */
export const baselineChecks: readonly Check[] = [capabilitiesBaseline, ...shared, seccompBaseline, sysctls];

/** Baseline first, without the two checks that a stricter one replaces. */
export const restrictedChecks: readonly Check[] = [
  ...shared,
  sysctls,
  allowPrivilegeEscalation,
  capabilitiesRestricted,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompRestricted,
];
