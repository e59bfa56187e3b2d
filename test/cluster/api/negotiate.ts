import { StatusError } from './status.js';

/** The form of an answer that the client asked for. */
export interface Representation {
  readonly format: 'json' | 'yaml';
  /** `Table` and `PartialObjectMetadata` of meta.k8s.io/v1; `APIGroupDiscoveryList` of apidiscovery.k8s.io. */
  readonly as?: string | undefined;
  /** The version asked for with `as`. */
  readonly version?: string | undefined;
}

const accepted = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

interface Clause {
  readonly media: string;
  readonly parameters: ReadonlyMap<string, string>;
}

function clauses(accept: string): Clause[] {
  return accept.split(',').map((part) => {
    const [media = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    return {
      media: media.toLowerCase(),
      parameters: new Map(
        parameters.map((item) => item.split('=', 2)).map(([key = '', value = '']) => [key, value]),
      ),
    };
  });
}

const transforms: Readonly<Record<string, string>> = {
  Table: 'meta.k8s.io',
  PartialObjectMetadata: 'meta.k8s.io',
  PartialObjectMetadataList: 'meta.k8s.io',
  APIGroupDiscoveryList: 'apidiscovery.k8s.io',
};

function known(as: string, parameters: ReadonlyMap<string, string>): boolean {
  return (
    transforms[as] === parameters.get('g') &&
    ['v1', 'v1beta1', 'v2', 'v2beta1'].includes(parameters.get('v') ?? '')
  );
}

/** Nothing of what the client accepts can be given. `matched`: a media type was right, but not what was asked of it. */
function notAcceptable(matched: boolean, streaming: boolean): StatusError {
  const list = accepted.join(', ');
  if (matched) {
    return new StatusError({
      code: 406,
      reason: 'NotAcceptable',
      message: `only the following media types are accepted: ${list}`,
    });
  }
  const streams = streaming
    ? ', application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch'
    : '';
  return new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `406: Not Acceptable\n\nAvailable representations: ${list}${streams}`,
    details: {},
  });
}

/**
 * Chooses from the Accept header, first come first served. This server does not write protobuf, which is as good as
 * a client that offers JSON beside it, as all known ones do.
 */
export function negotiate(
  accept: string | undefined,
  options: { readonly streaming?: boolean; readonly also?: string } = {},
): Representation {
  let matched = false;
  for (const { media, parameters } of clauses(accept === undefined || accept === '' ? '*/*' : accept)) {
    const json = media === 'application/json' || media === '*/*' || media === 'application/*';
    const yaml = media === 'application/yaml';
    if (accepted.includes(media) || media === options.also) matched = true;
    if (!json && !yaml) continue;
    const as = parameters.get('as');
    const format = yaml ? 'yaml' : 'json';
    if (as === undefined) return { format };
    if (known(as, parameters)) return { format, as, version: parameters.get('v') };
  }
  throw notAcceptable(matched, options.streaming ?? false);
}
