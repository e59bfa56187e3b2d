import { posix, win32 } from 'node:path';

/** What of this machine matters for finding Wireshark. */
export interface Desk {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  /** Whether there is a file, or a folder, of this name. */
  readonly exists: (path: string) => boolean;
}

/** How to start Wireshark, and how to ask for its version. */
export interface WiresharkFound {
  readonly how: 'path' | 'setting' | 'application' | 'flatpak' | 'windows' | 'wsl';
  readonly command: string;
  /** Words before Wireshark's own. */
  readonly args: readonly string[];
  /** A program whose `--version` prints the version; Wireshark for Windows is no console program, its tshark is. */
  readonly versionCommand: string | undefined;
}

const flatpakName = 'org.wireshark.Wireshark';

/** Finds Wireshark: the configured one, on PATH, where installers put it, as a flatpak, or across the border of WSL. */
export function findWireshark(desk: Desk, configured?: string): WiresharkFound | undefined {
  if (configured !== undefined) return onPath(desk, configured, 'setting');
  if (desk.platform === 'win32') return findOnWindows(desk);
  if (desk.platform === 'darwin') return findOnMac(desk);
  return (
    onPath(desk, 'wireshark', 'path') ?? findFlatpak(desk) ?? (isWsl(desk) ? findFromWsl(desk) : undefined)
  );
}

/** Whether windows can be shown: without, Wireshark is not the default. */
export function hasDesktop({ platform, env }: Pick<Desk, 'platform' | 'env'>): boolean {
  const remote = (env.SSH_CONNECTION ?? env.SSH_TTY ?? '') !== '';
  if (platform === 'win32' || platform === 'darwin') return !remote;
  return (env.DISPLAY ?? '') !== '' || (env.WAYLAND_DISPLAY ?? '') !== '' || (isWsl({ env }) && !remote);
}

function isWsl({ env }: Pick<Desk, 'env'>): boolean {
  return (env.WSL_DISTRO_NAME ?? env.WSL_INTEROP ?? '') !== '';
}

function onPath(desk: Desk, name: string, how: 'path' | 'setting'): WiresharkFound | undefined {
  const windows = desk.platform === 'win32';
  const paths = windows ? win32 : posix;
  const names = windows && !/\.(exe|com|bat|cmd)$/i.test(name) ? [`${name}.exe`, `${name}.com`] : [name];
  const folders =
    paths.isAbsolute(name) || /[/\\]/.test(name)
      ? ['']
      : (pathOf(desk.env) ?? '').split(paths.delimiter).filter((folder) => folder !== '');
  for (const folder of folders) {
    for (const file of names) {
      const command = folder === '' ? file : paths.join(folder, file);
      if (!desk.exists(command)) continue;
      return { how, command, args: [], versionCommand: windows ? tsharkBeside(desk, command) : command };
    }
  }
  return undefined;
}

/** Windows spells it Path. */
function pathOf(env: Desk['env']): string | undefined {
  return env.PATH ?? env.Path;
}

function findOnWindows(desk: Desk): WiresharkFound | undefined {
  const found = onPath(desk, 'Wireshark', 'path');
  if (found !== undefined) return found;
  for (const variable of ['ProgramW6432', 'ProgramFiles', 'ProgramFiles(x86)']) {
    const folder = desk.env[variable];
    if (folder === undefined || folder === '') continue;
    const command = win32.join(folder, 'Wireshark', 'Wireshark.exe');
    if (desk.exists(command))
      return { how: 'windows', command, args: [], versionCommand: tsharkBeside(desk, command) };
  }
  return undefined;
}

function tsharkBeside(desk: Desk, wireshark: string): string | undefined {
  const path = (wireshark.startsWith('/') ? posix : win32).dirname(wireshark);
  const tshark = wireshark.startsWith('/') ? posix.join(path, 'tshark.exe') : win32.join(path, 'tshark.exe');
  return desk.exists(tshark) ? tshark : undefined;
}

function findOnMac(desk: Desk): WiresharkFound | undefined {
  for (const folder of ['/Applications', posix.join(desk.homeDir, 'Applications')]) {
    const command = posix.join(folder, 'Wireshark.app/Contents/MacOS/Wireshark');
    if (desk.exists(command)) return { how: 'application', command, args: [], versionCommand: command };
  }
  return onPath(desk, 'wireshark', 'path');
}

function findFlatpak(desk: Desk): WiresharkFound | undefined {
  const data = desk.env.XDG_DATA_HOME || posix.join(desk.homeDir, '.local/share');
  const installed = [posix.join(data, 'flatpak/app'), '/var/lib/flatpak/app'].some((folder) =>
    desk.exists(posix.join(folder, flatpakName)),
  );
  const flatpak = installed ? onPath(desk, 'flatpak', 'path') : undefined;
  if (flatpak === undefined) return undefined;
  return {
    how: 'flatpak',
    command: flatpak.command,
    args: ['run', flatpakName],
    versionCommand: flatpak.command,
  };
}

/** Windows programs started from WSL read and write its pipes. */
function findFromWsl(desk: Desk): WiresharkFound | undefined {
  for (const folder of ['/mnt/c/Program Files/Wireshark', '/mnt/c/Program Files (x86)/Wireshark']) {
    const command = posix.join(folder, 'Wireshark.exe');
    if (desk.exists(command))
      return { how: 'wsl', command, args: [], versionCommand: tsharkBeside(desk, command) };
  }
  return undefined;
}
