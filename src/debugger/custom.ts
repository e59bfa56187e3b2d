import { ExitCode, NetdebugError } from '../errors.js';
import type { Container } from '../kube/types.js';
import type { Need, ProfileChoice } from './types.js';

/** What a partial container may set. What kubectl refuses in `debug --custom` is refused here too, and what an ephemeral container cannot have. */
const settable = new Set([
  'env',
  'envFrom',
  'imagePullPolicy',
  'securityContext',
  'stdin',
  'stdinOnce',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'tty',
  'volumeMounts',
  'workingDir',
]);

const why: Readonly<Record<string, string>> = {
  name: 'the name is made up, since every one can be used only once in a pod',
  image: 'use --image',
  command: 'the container runs its own lease',
  args: 'the container runs its own lease',
  targetContainerName: 'use --target',
};

/** Lists that a strategic merge joins by a key; all others are replaced (core/v1, x-kubernetes-patch-merge-key). */
const mergeKeys: Readonly<Record<string, string>> = { env: 'name', volumeMounts: 'mountPath' };

type Fields = Readonly<Record<string, unknown>>;

/**
 * Refuses a partial container (as in `kubectl debug --custom`) that sets what it may not.
 * Throws a NetdebugError, exit 2, that names the file and the key.
 */
export function checkCustom(file: string, container: Partial<Container>): void {
  for (const key of Object.keys(container)) {
    if (settable.has(key)) continue;
    throw new NetdebugError(
      `${file}: ${key} cannot be set by a profile: ${why[key] ?? 'an ephemeral container cannot have it'}.`,
      {
        exitCode: ExitCode.usage,
        hint: `It may set ${[...settable].join(', ')}.`,
      },
    );
  }
}

/** Refuses a profile that sets what it may not, or that the tool cannot work with. Throws a NetdebugError, exit 2. */
export function checkProfile(profile: ProfileChoice, need: Need): void {
  if (typeof profile === 'object') checkCustom(profile.file, profile.container);
  if (profile === 'restricted' && need === 'raw') {
    throw new NetdebugError('With the profile restricted no packets can be captured.', {
      exitCode: ExitCode.usage,
      hint: 'Leave --profile out: auto takes the highest profile that the namespace allows.',
    });
  }
}

/** A strategic merge of a partial container over a full one. */
export function mergeContainer<T extends object>(base: T, over: object): T {
  return merge(base as Fields, over as Fields) as T;
}

function merge(base: Fields, over: Fields): Fields {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = base[key];
    if (value === null) {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- null removes a key, as in every merge patch
      delete merged[key];
    } else if (Array.isArray(value) && Array.isArray(before) && mergeKeys[key] !== undefined) {
      merged[key] = mergeList(before as Fields[], value as Fields[], mergeKeys[key]);
    } else if (isFields(value) && isFields(before)) {
      merged[key] = merge(before, value);
    } else {
      merged[key] = value;
    }
  }
  return merged;
}

function mergeList(before: readonly Fields[], over: readonly Fields[], key: string): readonly Fields[] {
  const merged = before.map((item) => {
    const change = over.find((each) => each[key] === item[key]);
    return change ? merge(item, change) : item;
  });
  return [...merged, ...over.filter((each) => !before.some((item) => item[key] === each[key]))];
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
