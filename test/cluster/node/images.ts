/** Image names: parsed as containerd parses them, answered from image-table.ts. */
import { createHash } from 'node:crypto';
import { imageTable, type Image } from './image-table.js';

export interface KnownImage {
  readonly kind: 'image';
  readonly image: Image;
  /** With registry and tag: what a status shows as `image`. */
  readonly name: string;
  /** What a status shows as `imageID`. */
  readonly id: string;
}

/** A name that no image answers to: cannot be parsed, or its pull fails. `message` is the kubelet's. */
export interface BadImage {
  readonly kind: 'invalid' | 'unpullable';
  readonly message: string;
}

interface Reference {
  readonly repository: string;
  readonly tag: string;
}

function isRegistry(part: string): boolean {
  return /[.:]/.test(part) || part === 'localhost' || part !== part.toLowerCase();
}

/** Splits a name as github.com/distribution/reference does; a string is the reason why it cannot. */
function parse(name: string): Reference | string {
  const slash = name.indexOf('/');
  const registry = slash > 0 && isRegistry(name.slice(0, slash)) ? name.slice(0, slash) : 'docker.io';
  let rest = slash > 0 && isRegistry(name.slice(0, slash)) ? name.slice(slash + 1) : name;
  if (registry === 'docker.io' && !rest.includes('/')) {
    rest = `library/${rest}`;
  }
  const match = /^([^:@]+)(?::([\w][\w.-]{0,127}))?(@sha256:[0-9a-f]{64})?$/.exec(rest);
  const path = match?.[1] ?? rest.replace(/[:@].*$/, '');
  if (path !== path.toLowerCase()) {
    return `invalid reference format: repository name (${path}) must be lowercase`;
  }
  if (!match || !/^[a-z0-9]+(?:[._/-]+[a-z0-9]+)*$/.test(path)) {
    return 'invalid reference format';
  }
  return { repository: `${registry}/${path}`, tag: match[3] ?? `:${match[2] ?? 'latest'}` };
}

/** `sha256:...`, of a content that is made up from the repository. */
export function imageDigest(repository: string): string {
  return `sha256:${createHash('sha256').update(repository).digest('hex')}`;
}

/** The image of this name, or why there is none, in the words of kubelet and containerd. */
export function findImage(name: string): KnownImage | BadImage {
  const reference = parse(name);
  if (typeof reference === 'string') {
    return {
      kind: 'invalid',
      message: `Failed to apply default image tag "${name}": couldn't parse image name "${name}": ${reference}`,
    };
  }
  const { repository, tag } = reference;
  const full = `${repository}${tag}`;
  const entry = imageTable[repository];
  if (!entry || 'failure' in entry) {
    const pull = `failed to pull and unpack image "${full}": failed to resolve image: `;
    const [registry = '', ...path] = repository.split('/');
    const message =
      entry?.failure === 'forbidden'
        ? `rpc error: code = Unknown desc = ${pull}unexpected status from HEAD request to ` +
          `https://${registry}/v2/${path.join('/')}/manifests/${tag.slice(1)}: 403 Forbidden`
        : `rpc error: code = NotFound desc = ${pull}${full}: not found`;
    return { kind: 'unpullable', message };
  }
  return {
    kind: 'image',
    image: entry,
    name: entry.canonical ?? full,
    id: `${repository}@${imageDigest(repository)}`,
  };
}
