/** The steps of enter-script.ts, built in TypeScript: one flat argv. Flags are those of mount(2), unshare(2) and setns(2). */

export const MS = {
  rdonly: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  remount: 32,
  bind: 4096,
  rec: 16_384,
  private: 262_144,
} as const;

export const CLONE = {
  newns: 0x0002_0000,
  newuts: 0x0400_0000,
  newipc: 0x0800_0000,
  newuser: 0x1000_0000,
  newpid: 0x2000_0000,
  newnet: 0x4000_0000,
} as const;

/** One step: its name and its arguments, in the order of enter-script.ts. */
export type Step = readonly string[];

/** System call numbers of the architectures that the cluster can run on (asm/unistd.h). */
const numbers: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  x64: {
    mount: 165,
    umount2: 166,
    pivot_root: 155,
    unshare: 272,
    setns: 308,
    prctl: 157,
    capset: 126,
    setsid: 112,
    setgroups: 116,
    setresuid: 117,
    setresgid: 119,
    sethostname: 170,
  },
  arm64: {
    mount: 40,
    umount2: 39,
    pivot_root: 41,
    unshare: 97,
    setns: 268,
    prctl: 167,
    capset: 91,
    setsid: 157,
    setgroups: 159,
    setresuid: 147,
    setresgid: 149,
    sethostname: 161,
  },
};

/** The first argument of the script. Throws on an architecture without a table. */
export function systemCalls(arch: string = process.arch): string {
  const table = numbers[arch];
  if (!table) {
    throw new Error(`the local cluster does not know the system calls of ${arch}`);
  }
  return Object.entries(table)
    .map(([name, number]) => `${name}=${number}`)
    .join(',');
}

/** Enters one namespace of a process (`/proc/PID/ns/...`). */
export function enter(pid: number, ...names: ('net' | 'uts' | 'ipc' | 'pid' | 'mnt' | 'user')[]): Step[] {
  return names.map((name) => ['setns', `/proc/${pid}/ns/${name}`, '0']);
}

export function unshare(...flags: (keyof typeof CLONE)[]): Step {
  return ['unshare', String(flags.reduce((sum, flag) => sum + CLONE[flag], 0))];
}

export function mount(source: string, target: string, type: string, flags = 0, data = ''): Step {
  return ['mount', source, target, type, String(flags), data];
}

/** Makes an existing mount point read-only without touching what it shows. */
export function remountReadOnly(target: string): Step {
  return mount('none', target, '', MS.remount + MS.bind + MS.rdonly);
}
