/** What kubectl looks for on PATH to complete `kubectl netdebug`. Source: kubectl, pkg/cmd/plugin/plugin_completion.go. */
export function launcherName(platform: NodeJS.Platform): string {
  return `kubectl_complete-netdebug${platform === 'win32' ? '.cmd' : ''}`;
}

/** In every launcher of ours, and in nobody else's. */
export const launcherMark = 'written by `kubectl-netdebug completion kubectl`';

/** The launcher: it calls the program by its name, as kubectl itself does, so that both are always the same one. */
export function launcherText(platform: NodeJS.Platform): string {
  const what = `Called by kubectl (1.26 and newer) for \`kubectl netdebug ...<Tab>\`; ${launcherMark}.`;
  return platform === 'win32'
    ? `@rem ${what.replace('<Tab>', '')}\r\n@kubectl-netdebug __complete %* 2>nul\r\n`
    : `#!/bin/sh\n# ${what}\nexec kubectl-netdebug __complete "$@" 2>/dev/null\n`;
}
