import type { NetdebugError } from '../../src/errors.js';
import type { Flags } from './flags.js';
import { usageError } from './usage.js';
import { type Words, wordOf } from './words.js';

/** `--upload`: for clusters and pods that take no debug container. */
export const uploadFlags = {
  upload: {
    kind: 'text',
    placeholder: 'TCPDUMP',
    completes: 'files',
    describe:
      'no debug container: copy this static tcpdump into the container (--container, else the default one), run it there, remove it',
    group: 'Flags',
  },
} as const satisfies Flags;

/** A node is no container to copy something into. */
export function uploadToNode(): NetdebugError {
  return usageError(
    '--upload needs a container, and a node has none',
    undefined,
    'leave --upload out: a debug pod is started on the node',
  );
}

/** The path of the program to upload, if one is given. Throws a usage error. */
export function parseUpload(words: Words): string | undefined {
  const path = wordOf(words, 'upload');
  if (path === undefined) return undefined;
  if (path === '') throw usageError('--upload: the name of the program is empty', words.command);
  const target = wordOf(words, 'profile') ?? wordOf(words, 'image');
  if (target !== undefined) {
    throw usageError(
      '--upload runs in a container of the pod, for which --profile and --image mean nothing',
      words.command,
    );
  }
  return path;
}
