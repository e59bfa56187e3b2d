/** Where krew runs, as os/arch. */
export declare const krewPlatforms: readonly string[];
/** krew-manifest.yaml with version and digests (name of an archive → sha256) filled in; throws when the result breaks a rule of krew. */
export declare function renderManifest(
  template: string,
  version: string,
  digests: ReadonlyMap<string, string>,
): string;
/** What is wrong with a manifest (YAML) in the index file of this plugin name; empty when nothing is. */
export declare function manifestFaults(name: string, text: string): string[];
