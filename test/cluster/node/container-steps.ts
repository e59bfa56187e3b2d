/** The steps that make a container: its namespaces, mounts and privileges (steps.ts), as runc makes them. */
import { join } from 'node:path';
import { privilegeSteps } from './privileges.js';
import type { ContainerRequest, ProcessConfig, Sandbox } from './container.js';
import type { IdMap } from './sandbox.js';
import { enter, mount, MS, remountReadOnly, unshare, type Step } from './steps.js';

/** Devices that every container has (OCI runtime specification, Linux, default devices). */
const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

/** Parts of /proc that speak to the whole kernel: read-only unless privileged. */
const guarded = ['sys', 'sysrq-trigger', 'irq', 'bus'];

function deviceSteps(root: string, home: string): Step[] {
  const dev = join(root, 'dev');
  return [
    // The devices are mounts of their own; a node that the container makes itself opens nothing.
    mount('tmpfs', dev, 'tmpfs', MS.nosuid + MS.noexec + MS.nodev, 'mode=755,size=64k'),
    ...devices.map((name): Step => ['bind', `/dev/${name}`, join(dev, name)]),
    ['mkdir', join(dev, 'pts')],
    mount('devpts', join(dev, 'pts'), 'devpts', MS.nosuid + MS.noexec, 'newinstance,ptmxmode=0666,mode=0620'),
    ['symlink', 'pts/ptmx', join(dev, 'ptmx')],
    ['symlink', '/proc/self/fd', join(dev, 'fd')],
    ...['stdin', 'stdout', 'stderr'].map((name, fd): Step => [
      'symlink',
      `/proc/self/fd/${fd}`,
      join(dev, name),
    ]),
    ['mkdir', join(dev, 'shm')],
    mount('shm', join(dev, 'shm'), 'tmpfs', MS.nosuid + MS.noexec + MS.nodev, 'mode=1777,size=64m'),
    ['bind', join(home, 'termination-log'), join(dev, 'termination-log')],
  ];
}

function procSteps(root: string, privileged: boolean): Step[] {
  const proc = join(root, 'proc');
  return [
    mount('proc', proc, 'proc', MS.nosuid + MS.nodev + MS.noexec),
    ...(privileged ? [] : guarded).flatMap((name): Step[] => {
      const path = join(proc, name);
      return [
        ['trymount', path, path, '', String(MS.bind + MS.rec), ''],
        ['trymount', 'none', path, '', String(MS.remount + MS.bind + MS.rdonly), ''],
      ];
    }),
  ];
}

/** A terminal of the container whose root is at `root`, owned by its user. */
function terminalSteps(root: string, config: ProcessConfig, ids: IdMap): Step[] {
  return [['terminal', root, ids.kind === 'full' ? String(config.uid) : '-1']];
}

/** Environment and working directory. */
function surroundingSteps(config: ProcessConfig): Step[] {
  return [
    ...Object.entries(config.env).map(([name, value]): Step => ['env', name, value]),
    ['chdir', config.workingDir],
  ];
}

/** Everything before the exec of a container's main process. `rootMounts` mounts its image at `home`/root. */
export function containerSteps(
  sandbox: Sandbox,
  home: string,
  request: ContainerRequest,
  rootMounts: readonly Step[],
  ids: IdMap,
): Step[] {
  const root = join(home, 'root');
  const { processes } = request;
  const readOnlyRoots = request.image.root === 'toolbox' ? [root, join(root, 'usr')] : [root];
  const sysFlags = MS.rdonly + MS.nosuid + MS.nodev + MS.noexec;
  return [
    ...enter(sandbox.pid, 'net', 'uts', 'ipc'),
    ...(typeof processes === 'number' ? enter(processes, 'pid') : []),
    processes === 'own' ? unshare('newns', 'newpid') : unshare('newns'),
    mount('none', '/', '', MS.rec + MS.private),
    ...rootMounts,
    ...deviceSteps(root, home),
    ['trymount', 'sysfs', join(root, 'sys'), 'sysfs', String(sysFlags), ''],
    ...['hosts', 'resolv.conf', 'hostname'].map((file): Step => {
      return ['bind', join(sandbox.dir, file), join(root, 'etc', file)];
    }),
    ...request.mounts.flatMap((volume): Step[] => [
      ['bind', volume.source, join(root, volume.target)],
      ...(volume.readOnly ? [remountReadOnly(join(root, volume.target))] : []),
    ]),
    ...(request.readOnlyRoot ? readOnlyRoots.map(remountReadOnly) : []),
    ...(request.tty ? terminalSteps(root, request, ids) : []),
    ['fork'],
    // In a user namespace the kernel mounts /proc only as long as another one is in sight: so before the pivot.
    ...procSteps(root, request.privileged),
    ['pivot', root],
    ...surroundingSteps(request),
    ...privilegeSteps(request, ids, false),
  ];
}

/** Everything before the exec of a further process in a container whose main process is `pid`. */
export function execSteps(pid: number, config: ProcessConfig, tty: boolean, ids: IdMap): Step[] {
  const joinsUser = ids.kind === 'single' && config.uid !== 0;
  return [
    ...enter(pid, 'pid', 'net', 'uts', 'ipc'),
    ...(joinsUser ? [['hold', 'user', `/proc/${pid}/ns/user`]] : []),
    ...enter(pid, 'mnt'),
    ...(tty ? terminalSteps('', config, ids) : []),
    ['fork'],
    ...surroundingSteps(config),
    ...(tty ? [['env', 'TERM', 'xterm']] : []),
    ...privilegeSteps(config, ids, joinsUser),
  ];
}
