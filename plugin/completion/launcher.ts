/**
 * What kubectl looks for on PATH to complete `kubectl netdebug`. Source: kubectl, pkg/cmd/plugin/plugin_completion.go. On Windows it is this
 * program itself under that name: a batch file would let cmd.exe read what is typed.
 */
export function launcherName(platform: NodeJS.Platform): string {
  return `kubectl_complete-netdebug${platform === 'win32' ? '.exe' : ''}`;
}

/** In every launcher of ours, and in nobody else's. */
export const launcherMark = 'written by `kubectl-netdebug completion kubectl`';

/** The launcher: it calls the program by its name, as kubectl itself does, so that both are always the same one. */
export const launcherText = `#!/bin/sh
# Called by kubectl (1.26 and newer) for \`kubectl netdebug ...<Tab>\`; ${launcherMark}.
exec kubectl-netdebug __complete "$@" 2>/dev/null
`;
