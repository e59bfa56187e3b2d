/** Names of images: `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]`. Source: github.com/distribution/reference. */

/** A prefix of image names, and what stands in its place in this cluster: a registry, or a registry with a path. */
export interface RegistryMirror {
  /** `docker.io`, `docker.io/nicolaka` */
  readonly prefix: string;
  /** `registry.internal:5000/hub` */
  readonly mirror: string;
}

/** The name as the container runtime spells it out: `busybox` is `docker.io/library/busybox`. */
export function fullImageName(name: string): string {
  const [first = '', ...rest] = name.split('/');
  if (rest.length === 0) return `docker.io/library/${name}`;
  const isRegistry = /[.:]/.test(first) || first === 'localhost';
  return isRegistry ? name : `docker.io/${name}`;
}

/** The full name without tag and digest: `docker.io/nicolaka/netshoot`. */
export function repositoryOf(name: string): string {
  // A colon before the last slash belongs to the registry's port.
  return fullImageName(name)
    .replace(/@.*$/, '')
    .replace(/:[^/:]*$/, '');
}

/**
 * The name under which an image is found in this cluster: the longest prefix that fits is replaced, once; tag and digest stay.
 * A prefix ends where a part of the name ends, so that `docker.io/nico` is none of `docker.io/nicolaka/netshoot`.
 * A name that no prefix fits is returned as it was given.
 */
export function mirroredImage(name: string, mirrors: readonly RegistryMirror[]): string {
  const full = fullImageName(name);
  const fitting = mirrors.filter(
    ({ prefix }) =>
      full.startsWith(prefix) && (full.length === prefix.length || /[/:@]/.test(full.charAt(prefix.length))),
  );
  const [best] = [...fitting].sort((a, b) => b.prefix.length - a.prefix.length);
  return best === undefined ? name : `${best.mirror}${full.slice(best.prefix.length)}`;
}

/** For people: without the digest where there is a tag to know it by. */
export function shortImageName(name: string): string {
  return name.replace(/(:[^/:@]+)@.*$/, '$1');
}
