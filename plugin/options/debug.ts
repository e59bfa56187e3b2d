import { mirroredImage, shortImageName } from '../../src/debugger/image-name.js';
import type { DebugOptions } from '../../src/debugger/types.js';
import { programsOf } from '../../src/tools/programs.js';
import { longestWaitMs, parseDuration } from './duration.js';
import type { Flag, Flags } from './flags.js';
import type { Setting, Settings } from './setting.js';
import { flagSetting, settingOf } from './setting.js';
import { parseUpload } from './upload.js';
import { usageError } from './usage.js';
import type { Words } from './words.js';
import { switchOf, wordOf } from './words.js';

/** The image of debug containers unless another is given: by the digest of its index, which tags cannot change (docs/images.md). */
export const defaultImage =
  'docker.io/nicolaka/netshoot:v0.13@sha256:a20c2531bf35436ed3766cd6cfe89d352b050ccc4d7005ce6400adf97503da1b';

/** Ladder and fixed profiles; any other word is the name of a file. */
export const profileNames = ['auto', 'netadmin', 'baseline', 'restricted', 'general', 'sysadmin'] as const;

const pullPolicies = ['Always', 'IfNotPresent', 'Never'];

/** Options of the debug container as given; a profile file is not read yet. */
export interface DebugRequest extends Omit<DebugOptions, 'profile'> {
  readonly profile: (typeof profileNames)[number] | { readonly file: string; readonly origin: string };
  /** Print what would be sent, send nothing that changes anything. */
  readonly dryRun: boolean;
  /** Path of a tcpdump to run in a container of the pod itself, where there is to be no debug container. */
  readonly upload?: string | undefined;
}

/** Flags of every command that needs a debug container. */
export const debugFlags = {
  image: {
    kind: 'text',
    placeholder: 'IMAGE',
    describe: `image of the debug container (default ${shortImageName(defaultImage)}, by its digest)`,
    group: 'Debug container',
  },
  'image-pull-policy': {
    kind: 'text',
    placeholder: 'POLICY',
    choices: pullPolicies,
    describe: pullPolicies.join(', '),
    group: 'Debug container',
  },
  'no-pull': {
    kind: 'switch',
    describe:
      'take an image that the node has already and that is known to have the tools; needs get on nodes',
    group: 'Debug container',
  },
  profile: {
    kind: 'text',
    placeholder: 'PROFILE',
    completes: { words: profileNames, else: 'files' },
    describe: `${profileNames.join(', ')}, or a FILE with a partial container (default auto: the highest that the namespace admits)`,
    group: 'Debug container',
  },
  target: {
    kind: 'text',
    placeholder: 'CONTAINER',
    describe: 'share the process namespace of this container',
    group: 'Debug container',
  },
  fresh: {
    kind: 'switch',
    describe: 'a new debug container, even if a running one would do',
    group: 'Debug container',
  },
  ttl: {
    kind: 'text',
    placeholder: 'DURATION',
    describe: 'the debug container ends by itself after this long without use (default 15m)',
    group: 'Debug container',
  },
  'start-timeout': {
    kind: 'text',
    placeholder: 'DURATION',
    describe: 'how long to wait for it to start (default 60s)',
    group: 'Debug container',
  },
  'dry-run': { kind: 'switch', describe: 'print the exact patch, change nothing', group: 'Debug container' },
} as const satisfies Flags;

/** `--container`: for ping, sockets and the like another word for --target. */
export const containerFlag: Flag = {
  kind: 'text',
  placeholder: 'CONTAINER',
  describe: 'the container meant, when its processes matter; the same as --target',
  group: 'Flags',
};

/** Reads the flags of {@link debugFlags}. */
export function parseDebug(words: Words, settings: Settings): DebugRequest {
  const ttl = settingOf(words, settings, 'ttl');
  const startTimeout = settingOf(words, settings, 'startTimeout');
  const upload = parseUpload(words);
  return {
    ...parseImageChoice(words, settings),
    profile: parseProfile(settingOf(words, settings, 'profile')),
    target: parseTarget(words),
    fresh: switchOf(words, 'fresh'),
    ttlSeconds: ttl === undefined ? 900 : Math.ceil(parseDuration(ttl, 1000) / 1000),
    startTimeoutMs: startTimeout === undefined ? 60_000 : parseDuration(startTimeout, 1000, longestWaitMs),
    dryRun: switchOf(words, 'dry-run'),
    ...(upload === undefined ? {} : { upload }),
  };
}

/** The image, under the name that it has in this cluster; how it is pulled, or that one of the node's own is to be taken. */
function parseImageChoice(
  words: Words,
  settings: Settings,
): Pick<DebugRequest, 'image' | 'imagePullPolicy' | 'imageNote' | 'local'> {
  const given = settingOf(words, settings, 'image');
  const asked = given === undefined ? defaultImage : parseImage(given);
  const mirrors = settings.registryMirrors ?? [];
  const image = mirroredImage(asked, mirrors);
  const named = { image, ...(image === asked ? {} : { imageNote: `mirror of ${shortImageName(asked)}` }) };
  if (!switchOf(words, 'no-pull')) {
    const policy = settingOf(words, settings, 'imagePullPolicy');
    return { ...named, imagePullPolicy: policy === undefined ? undefined : parsePolicy(policy) };
  }
  const other = ['image-pull-policy', 'upload'].find((flag) => words.given.has(flag));
  if (other !== undefined) throw usageError(`--no-pull and --${other} exclude each other`, words.command);
  // An image that is named on the command line is the one that is meant; whether it is there, the kubelet knows.
  if (flagSetting(words, 'image') !== undefined) return { ...named, imagePullPolicy: 'Never' };
  const programs = programsOf[words.command] ?? [];
  return { image, local: { programs, mirrors, preferred: given === undefined ? undefined : image } };
}

function parseTarget(words: Words): string | undefined {
  const target = wordOf(words, 'target');
  const container = wordOf(words, 'container');
  if (target !== undefined && container !== undefined && target !== container) {
    throw usageError(
      `--target ${target} and --container ${container} name different containers`,
      words.command,
    );
  }
  return target ?? container;
}

/** An image reference; whether it exists is the kubelet's business, but a word with blanks, or with half a digest, cannot be one. */
export function parseImage(setting: Setting): string {
  const [, digest] = setting.text.split(/@(.*)/);
  const whole = digest === undefined || /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(digest);
  if (whole && /^\w[\w.:/@-]{0,400}$/.test(setting.text)) return setting.text;
  throw usageError(
    `${setting.origin}: ${JSON.stringify(setting.text)} is not an image`,
    undefined,
    'expected [REGISTRY/]NAME[:TAG][@DIGEST]',
  );
}

/** One of the API's imagePullPolicy words. */
export function parsePolicy(setting: Setting): string {
  if (pullPolicies.includes(setting.text)) return setting.text;
  throw usageError(
    `${setting.origin}: ${JSON.stringify(setting.text)} is not one of ${pullPolicies.join(', ')}`,
  );
}

/** A profile's name, or the file that holds one: anything with a dot or a slash in it. */
export function parseProfile(setting: Setting | undefined): DebugRequest['profile'] {
  const text = setting?.text ?? 'auto';
  const name = profileNames.find((known) => known === text);
  if (name !== undefined) return name;
  if (/[./\\]/.test(text)) return { file: text, origin: setting?.origin ?? '--profile' };
  throw usageError(
    `${setting?.origin ?? '--profile'}: ${JSON.stringify(text)} is not a profile`,
    undefined,
    `expected ${profileNames.join(', ')}, or a file such as ./profile.yaml`,
  );
}
