/**
 * The platforms of a release. `os` and `arch` as Go and krew spell them, `runtime` the npm package whose Bun is inside, `bun`
 * Bun's name for the target. Linux means glibc (2.17 or newer): on musl, krew could not tell them apart, and the npm package runs.
 */
export const targets = [
  { os: 'linux', arch: 'amd64', runtime: '@oven/bun-linux-x64', bun: 'bun-linux-x64' },
  { os: 'linux', arch: 'arm64', runtime: '@oven/bun-linux-aarch64', bun: 'bun-linux-arm64' },
  { os: 'darwin', arch: 'amd64', runtime: '@oven/bun-darwin-x64', bun: 'bun-darwin-x64' },
  { os: 'darwin', arch: 'arm64', runtime: '@oven/bun-darwin-aarch64', bun: 'bun-darwin-arm64' },
  { os: 'windows', arch: 'amd64', runtime: '@oven/bun-windows-x64', bun: 'bun-windows-x64' },
].map((target) => ({
  ...target,
  name: `${target.os}_${target.arch}`,
  program: target.os === 'windows' ? 'kubectl-netdebug.exe' : 'kubectl-netdebug',
  extension: target.os === 'windows' ? 'zip' : 'tar.gz',
}));

/** Name of a target's archive, as in the addresses of krew-manifest.yaml. */
export const archiveName = (target, version) =>
  `kubectl-netdebug_v${version}_${target.name}.${target.extension}`;
