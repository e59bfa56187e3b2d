/** Linux capabilities as a container runtime grants them: a default set, plus `add`, minus `drop`. */
import { readFileSync } from 'node:fs';

const names = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
).split(' ');

/** containerd's default set (its `oci.WithDefaultSpec`). */
const defaults = (
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL ' +
  'AUDIT_WRITE'
).split(' ');

function bits(list: readonly string[]): bigint {
  return list.reduce((set, name) => {
    const index = names.indexOf(name.toUpperCase().replace(/^CAP_/, ''));
    return index < 0 ? set : set | (1n << BigInt(index));
  }, 0n);
}

const all = (1n << BigInt(names.length)) - 1n;

/** What this process has to give: root in somebody else's container may lack some. */
function ownCapabilities(): bigint {
  const line = /^CapPrm:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return BigInt(`0x${line?.[1] ?? '0'}`);
}

/** What a securityContext says about capabilities. */
export interface CapabilityRequest {
  readonly privileged: boolean;
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

/**
 * The set as a bit mask, as /proc/PID/status shows it, within what there is to give. `ALL` counts before single names, in
 * both lists.
 */
export function capabilitySet(request: CapabilityRequest, available: bigint = ownCapabilities()): bigint {
  if (request.privileged) {
    return all & available;
  }
  const hasAll = (list: readonly string[]): boolean => list.some((name) => name.toUpperCase() === 'ALL');
  let set = bits(defaults);
  if (hasAll(request.add)) {
    set = all;
  }
  if (hasAll(request.drop)) {
    set = 0n;
  }
  return ((set & ~bits(request.drop)) | bits(request.add)) & available;
}
