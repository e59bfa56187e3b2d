import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { resourcePath } from '../kube/paths.js';
import { isApiError } from '../kube/status.js';
import type { KubeObject } from '../kube/types.js';
import { mirroredImage, repositoryOf } from './image-name.js';
import { toolboxes, type Toolbox } from './toolboxes.js';
import type { DebugOptions, LocalImageWish } from './types.js';

/** core/v1 Node, as far as its images are concerned. */
export interface NodeImages extends KubeObject {
  readonly status?: {
    /** Each with all its names; the kubelet lists the 50 largest (nodeStatusMaxImages). */
    readonly images?: readonly { readonly names?: readonly string[] | null }[];
  };
}

/** The best image of a node, and the repositories that were looked for, in order. Nothing is asked or sent. */
export function chooseLocalImage(
  node: NodeImages,
  wish: LocalImageWish,
): { readonly image: string | undefined; readonly lookedFor: readonly string[] } {
  const names = (node.status?.images ?? []).flatMap(({ names: all }) => all ?? []).filter(isImageName);
  const able = toolboxes
    .map((toolbox) => ({ ...toolbox, rank: rankOf(toolbox, wish.programs) }))
    .filter(({ rank }) => rank !== undefined)
    .sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0))
    .map((toolbox) => ({
      ...toolbox,
      repository: repositoryOf(mirroredImage(toolbox.repository, wish.mirrors)),
    }));
  const own: readonly Pick<Toolbox, 'repository' | 'except'>[] =
    wish.preferred === undefined ? [] : [{ repository: repositoryOf(wish.preferred) }];
  const wanted = [...own, ...able];
  const lookedFor = [...new Set(wanted.map(({ repository }) => repository))];
  for (const { repository, except } of wanted) {
    const found = names.filter((name) => repositoryOf(name) === repository && except?.test(name) !== true);
    const image = found.find((name) => name === wish.preferred) ?? newest(found);
    if (image !== undefined) return { image, lookedFor };
  }
  return { image: undefined, lookedFor };
}

/**
 * The options with an image that this node has, when that is wished for; it is never pulled. Rejects with a NetdebugError: 5 when
 * nodes may not be read, 7 when none of the images that are known to have the tools is there.
 * @param known The node, where it was read already.
 */
export async function withLocalImage(
  api: Pick<KubeApi, 'get'>,
  options: DebugOptions,
  nodeName: string | undefined,
  at: { readonly signal?: AbortSignal | undefined; readonly known?: NodeImages | undefined },
): Promise<DebugOptions> {
  const wish = options.local;
  // A pod without a node is refused for that, elsewhere.
  if (wish === undefined || nodeName === undefined || nodeName === '') return options;
  const node = at.known ?? (await readNode(api, nodeName, at.signal));
  const { image, lookedFor } = chooseLocalImage(node, wish);
  if (image === undefined) throw noneThere(nodeName, wish, lookedFor);
  return {
    ...options,
    image,
    imagePullPolicy: 'Never',
    imageNote: `on node ${nodeName} already`,
    local: undefined,
  };
}

function readNode(
  api: Pick<KubeApi, 'get'>,
  name: string,
  signal: AbortSignal | undefined,
): Promise<NodeImages> {
  return api
    .get<NodeImages>(resourcePath({ resource: 'nodes', name }), { signal })
    .catch((error: unknown) => {
      if (!isApiError(error, 403)) throw error;
      throw new NetdebugError(
        `--no-pull: you may not get nodes, so it is not known which images node ${name} has.`,
        {
          exitCode: ExitCode.notAllowed,
          details: error.details,
          hint: [
            'Name an image that is there: --no-pull --image IMAGE asks for nothing. Or ask an administrator for this ClusterRole, bound to you:',
            'apiVersion: rbac.authorization.k8s.io/v1',
            'kind: ClusterRole',
            'metadata: {name: netdebug-nodes}',
            'rules:',
            '- {apiGroups: [""], resources: [nodes], verbs: [get]}',
          ].join('\n'),
          cause: error,
        },
      );
    });
}

/** Fewer is better; undefined: one of the programs is missing altogether. */
function rankOf(toolbox: Toolbox, programs: LocalImageWish['programs']): number | undefined {
  let rank = 0;
  for (const group of programs) {
    const at = group.findIndex((program) => toolbox.programs.includes(program));
    if (at < 0) return undefined;
    rank += at;
  }
  return rank;
}

/** A tag rather than a digest, and of tags the highest. */
function newest(names: readonly string[]): string | undefined {
  const tagged = names.filter((name) => !name.includes('@'));
  return [...(tagged.length > 0 ? tagged : names)].sort((a, b) =>
    b.localeCompare(a, 'en', { numeric: true }),
  )[0];
}

/** What a node says of itself is not taken on trust either. */
function isImageName(name: unknown): name is string {
  return typeof name === 'string' && /^\w[\w.:/@-]{0,400}$/.test(name);
}

function noneThere(node: string, wish: LocalImageWish, lookedFor: readonly string[]): NetdebugError {
  const tools = wish.programs.map((group) => group.join(' or ')).join(', ');
  return new NetdebugError(
    `--no-pull: node ${node} has none of the images that are known to have ${tools}.`,
    {
      exitCode: ExitCode.container,
      details: [`looked for ${lookedFor.join(', ') || 'none: no image is known to have them'}`],
      hint: 'Load one onto the node, name another that is there with --no-pull --image IMAGE (a node lists only its 50 largest images), or leave --no-pull out.',
    },
  );
}
