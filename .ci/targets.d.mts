/** One platform of a release. */
export interface Target {
  /** As Go spells them. */
  readonly os: 'linux' | 'darwin' | 'windows';
  readonly arch: 'amd64' | 'arm64';
  /** os_arch. */
  readonly name: string;
  /** Name of the executable in the archive. */
  readonly program: string;
  readonly extension: 'tar.gz' | 'zip';
  /** npm package of its Bun. */
  readonly runtime: string;
}
/** The platforms of a release. */
export declare const targets: readonly Target[];
/** Name of a target's archive. */
export declare function archiveName(target: Target, version: string): string;
