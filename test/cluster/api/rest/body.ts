import { goPrint, isObject, textOf, type JsonObject } from '../json.js';
import { decode } from '../pods/decode.js';
import { decodeProtobuf } from '../protobuf.js';
import { mediaType, parseText, readBody } from '../request.js';
import { groupVersion, typeOfKind, type ResourceType } from '../resources.js';
import { badRequest, field, invalid, StatusError } from '../status.js';
import type { Exchange, ResourceExchange } from './exchange.js';

const internalPackages: Readonly<Record<string, string>> = {
  '': 'core',
  'rbac.authorization.k8s.io': 'rbac',
};

function wrongKind(type: ResourceType, kind: string, apiVersion: string): StatusError {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  if (typeOfKind(group ?? '', kind) === undefined) {
    return badRequest(
      `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    );
  }
  const internal = internalPackages[type.group] ?? type.group.split('.', 1).join('');
  const conversion = `converting (${version ?? ''}.${kind}) to (${internal}.${type.kind}): unknown conversion`;
  return badRequest(`${kind} in version "${apiVersion}" cannot be handled as a ${type.kind}: ${conversion}`);
}

/** The value of a body, in a format this server reads. `refuse` words a 400 for text that cannot be parsed. Throws 415. */
export async function readValue(
  exchange: Exchange,
  refuse: (said: string, text: string) => string,
): Promise<unknown> {
  const media = mediaType(exchange.req);
  const body = await readBody(exchange.req);
  if (media === 'application/vnd.kubernetes.protobuf') {
    const value = decodeProtobuf(body);
    if (value !== undefined) return value;
  }
  if (!['', 'application/json', 'application/yaml'].includes(media)) {
    throw new StatusError({
      code: 415,
      reason: 'UnsupportedMediaType',
      message:
        'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    });
  }
  const text = body.toString();
  return text === '' ? undefined : parseText(text, media, (said) => refuse(said, text));
}

/** An object of `type` from a POST or PUT body, not yet decoded. Throws 400. */
export async function readObject(exchange: ResourceExchange): Promise<JsonObject> {
  const { type } = exchange;
  const prefix = `the object provided is unrecognized (must be of type ${type.kind}): couldn't get version/kind; json parse error`;
  const body = await readValue(exchange, (said, text) => `${prefix}: ${said} (${text.slice(0, 100)})`);
  if (!isObject(body)) throw badRequest(`${prefix}: unexpected end of JSON input ()`);
  const kind = textOf(body.kind) ?? '';
  const apiVersion = textOf(body.apiVersion) ?? '';
  if ((kind !== '' && kind !== type.kind) || (apiVersion !== '' && apiVersion !== groupVersion(type))) {
    throw wrongKind(
      type,
      kind === '' ? type.kind : kind,
      apiVersion === '' ? groupVersion(type) : apiVersion,
    );
  }
  return { ...body, kind: type.kind, apiVersion: groupVersion(type) };
}

function goType(wanted: string): string {
  return wanted === 'slice' ? '[]string' : wanted === 'int' ? 'int64' : wanted;
}

function jsonKind(is: string): string {
  return is === 'map'
    ? 'object'
    : is === 'slice'
      ? 'array'
      : is === 'int64' || is === 'float64'
        ? 'number'
        : is;
}

/** What fieldValidation asks for: Warn is the default. */
function complain(
  exchange: Exchange,
  unknown: readonly string[],
  refuse: (said: string) => StatusError,
): void {
  const mode = exchange.query.get('fieldValidation') ?? 'Warn';
  if (mode === 'Ignore' || unknown.length === 0) return;
  const said = unknown.map((path) => `unknown field "${path}"`);
  if (mode === 'Strict') throw refuse(`strict decoding error: ${said.join(', ')}`);
  exchange.warnings.push(...said);
}

/** Decodes the object of a POST or PUT. Throws 400 for wrong types, and for unknown fields where that is asked for. */
export function decodeBody(exchange: ResourceExchange, value: JsonObject): JsonObject {
  const { type } = exchange;
  const { object, unknown, wrong } = decode(type, value);
  const handled = `${type.kind} in version "${groupVersion(type)}" cannot be handled as a ${type.kind}`;
  if (wrong !== undefined) {
    const path = wrong.path.replace(/\[\d+\]/g, '');
    const struct = path.includes('ontainers.') ? 'Container' : `${type.kind}Spec`;
    throw badRequest(
      `${handled}: json: cannot unmarshal ${jsonKind(wrong.is)} into Go struct field ${struct}.${path} of type ${goType(wrong.wanted)}`,
    );
  }
  complain(exchange, unknown, (said) => badRequest(`${handled}: ${said}`));
  return object;
}

/** Decodes the outcome of a PATCH. Throws 422 where a POST would get 400, quoting the patch. */
export function decodePatched(exchange: ResourceExchange, value: JsonObject, patch: unknown): JsonObject {
  const { object, unknown, wrong } = decode(exchange.type, value);
  const refuse = (said: string): StatusError =>
    invalid('', '', '', [field.invalid('patch', goPrint(patch), said)]);
  if (wrong !== undefined) {
    const is = wrong.is === 'map' || wrong.is === 'slice' ? wrong.is : wrong.is;
    throw refuse(
      wrong.wanted === 'struct'
        ? `cannot restore struct from: ${is}`
        : `cannot restore ${goType(wrong.wanted).replace('[]string', 'slice')} from ${is}`,
    );
  }
  complain(exchange, unknown, refuse);
  return object;
}
