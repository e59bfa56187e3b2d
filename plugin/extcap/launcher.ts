import { posix, win32 } from 'node:path';

/** In every launcher of ours; a file without it is somebody else's. */
export const launcherMark = 'Written by: kubectl netdebug wireshark install';

/** What a launcher starts, and in which surroundings. */
export interface LauncherInput {
  readonly platform: NodeJS.Platform;
  /** Words that start this program. */
  readonly program: readonly string[];
  /** Further words, after `extcap`. */
  readonly args: readonly string[];
  /** A desktop starts Wireshark with a shorter PATH than a terminal has, and credential plugins are found by it. */
  readonly path: string | undefined;
  /** KUBECONFIG, if it is set. */
  readonly kubeconfig: string | undefined;
}

/** Name of the file in Wireshark's folder. */
export function launcherName(platform: NodeJS.Platform): string {
  return platform === 'win32' ? 'kubectl-netdebug-extcap.bat' : 'kubectl-netdebug-extcap';
}

/** The text of the launcher: Wireshark starts the files of its extcap folder with flags alone. */
export function launcherText(input: LauncherInput): string {
  const words = [...input.program, 'extcap', ...input.args];
  if (input.platform === 'win32') {
    const set = (name: string, value: string): string => `set "${name}=${batchText(value)}"`;
    return [
      '@echo off',
      `rem ${launcherMark}`,
      'setlocal',
      ...(input.path === undefined ? [] : [`set "PATH=%PATH%;${batchText(input.path)}"`]),
      ...(input.kubeconfig === undefined ? [] : [set('KUBECONFIG', input.kubeconfig)]),
      `${words.map((word) => `"${batchText(word)}"`).join(' ')} %*`,
      '',
    ].join('\r\n');
  }
  return [
    '#!/bin/sh',
    `# ${launcherMark}`,
    ...(input.path === undefined ? [] : [`PATH=$PATH:${shellWord(input.path)}`, 'export PATH']),
    ...(input.kubeconfig === undefined
      ? []
      : [`KUBECONFIG=${shellWord(input.kubeconfig)}`, 'export KUBECONFIG']),
    `exec ${words.map(shellWord).join(' ')} "$@"`,
    '',
  ].join('\n');
}

/** One word for a POSIX shell, whatever is in it. */
export function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Text between double quotes in a batch file; a quote cannot be part of a Windows path. */
function batchText(text: string): string {
  return text.replaceAll('"', '').replaceAll('%', '%%');
}

/** What `tshark -G folders` says: its own folder for extcap programs, or the one below its configuration, as before version 4.2. */
export function parseFolders(text: string, platform: NodeJS.Platform): string | undefined {
  const path = platform === 'win32' ? win32 : posix;
  const folder = (name: RegExp): string | undefined =>
    text
      .split(/\r?\n/)
      .map((line) => name.exec(line)?.[1]?.trim())
      .find((found) => found !== undefined && found !== '');
  const own = folder(/^Personal Extcap path:(.*)$/i);
  if (own !== undefined) return own;
  const configuration = folder(/^Personal configuration:(.*)$/i);
  return configuration === undefined ? undefined : path.join(configuration, 'extcap');
}

/** Where Wireshark looks when it cannot be asked. */
export function defaultFolder(
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
  homeDir: string,
): string {
  if (platform === 'win32') {
    return win32.join(env.APPDATA || win32.join(homeDir, 'AppData\\Roaming'), 'Wireshark', 'extcap');
  }
  return posix.join(env.XDG_CONFIG_HOME || posix.join(homeDir, '.config'), 'wireshark', 'extcap');
}
