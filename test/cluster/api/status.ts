import type { Status, StatusCause } from '../../../src/kube/types.js';

/** One reason of a 422, as `field.Error` of the API server. */
export interface FieldError {
  readonly field: string;
  readonly reason: string;
  readonly message: string;
}

interface Details {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export interface StatusInit {
  readonly code: number;
  readonly message: string;
  readonly reason?: string | undefined;
  readonly details?: Details | undefined;
  /** `metadata.continue` of a 410 to a list. */
  readonly continue?: string | undefined;
}

/** An answer of the API server that is not 2xx: what is thrown anywhere below the server and written as a Status. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string | undefined;
  readonly status: Status & { readonly metadata: { readonly continue?: string } };

  constructor(init: StatusInit) {
    super(init.message);
    this.code = init.code;
    this.reason = init.reason;
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: init.continue === undefined ? {} : { continue: init.continue },
      status: 'Failure',
      message: init.message,
      ...(init.reason === undefined ? {} : { reason: init.reason }),
      ...(init.details === undefined ? {} : { details: init.details }),
      code: init.code,
    };
  }
}

/** Group and plural of what an answer is about; the core group is the empty one and is left out. */
export interface About {
  readonly group: string;
  readonly resource: string;
}

function details(about: About, name: string | undefined): Details {
  return {
    ...(name === undefined || name === '' ? {} : { name }),
    ...(about.group === '' ? {} : { group: about.group }),
    kind: about.resource,
  };
}

/** `pods`, or with its group `endpointslices.discovery.k8s.io`. */
function qualified(about: About): string {
  return about.group === '' ? about.resource : `${about.resource}.${about.group}`;
}

export function notFound(about: About, name: string): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: `${qualified(about)} "${name}" not found`,
    details: details(about, name),
  });
}

export function unknownResource(): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: 'the server could not find the requested resource',
    details: {},
  });
}

export function methodNotAllowed(): StatusError {
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  });
}

export function alreadyExists(about: About, name: string, beingDeleted: boolean): StatusError {
  return new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${beingDeleted ? 'object is being deleted: ' : ''}${qualified(about)} "${name}" already exists`,
    details: details(about, name),
  });
}

export function conflict(about: About, name: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualified(about)} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    details: details(about, name),
  });
}

/** The uid or resourceVersion of DeleteOptions does not match; named by kind, not by resource. */
export function preconditionFailed(
  kind: string,
  name: string,
  what: string,
  wanted: string,
  is: string,
): StatusError {
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${kind} "${name}": the ${what} in the precondition (${wanted}) does not match the ${what} in record (${is}). The object might have been ${what === 'UID' ? 'deleted and then recreated' : 'modified'}`,
    details: { name, kind },
  });
}

export function forbidden(about: About, name: string | undefined, why: string): StatusError {
  const subject = name === undefined || name === '' ? qualified(about) : `${qualified(about)} "${name}"`;
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: `${subject} is forbidden: ${why}`,
    details: details(about, name),
  });
}

export function unauthorized(): StatusError {
  return new StatusError({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
}

export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message });
}

/** 500 without a reason: how the API server answers what it did not expect. */
export function internal(message: string): StatusError {
  return new StatusError({ code: 500, message });
}

export function expired(message: string, token?: string): StatusError {
  return new StatusError({ code: 410, reason: 'Expired', message, continue: token });
}

/** 422. `kind` is the kind, with its group where it has one. The message names equal errors once, the causes name them all. */
export function invalid(
  kind: string,
  group: string,
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const text = texts.length === 1 ? texts.join('') : `[${texts.join(', ')}]`;
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${group === '' ? kind : `${kind}.${group}`} "${name}" is invalid: ${text}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(group === '' ? {} : { group }),
      ...(kind === '' ? {} : { kind }),
      causes: errors.map((error) => ({ reason: error.reason, message: error.message, field: error.field })),
    },
  });
}

function go(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}

/** The kinds of field error, with the words of `k8s.io/apimachinery/pkg/util/validation/field`. */
export const field = {
  required: (path: string, why = ''): FieldError => ({
    field: path,
    reason: 'FieldValueRequired',
    message: why === '' ? 'Required value' : `Required value: ${why}`,
  }),
  invalid: (path: string, value: unknown, why: string): FieldError => ({
    field: path,
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${go(value)}: ${why}`,
  }),
  duplicate: (path: string, value: unknown): FieldError => ({
    field: path,
    reason: 'FieldValueDuplicate',
    message: `Duplicate value: ${go(value)}`,
  }),
  missing: (path: string, value: unknown): FieldError => ({
    field: path,
    reason: 'FieldValueNotFound',
    message: `Not found: ${go(value)}`,
  }),
  forbidden: (path: string, why: string): FieldError => ({
    field: path,
    reason: 'FieldValueForbidden',
    message: `Forbidden: ${why}`,
  }),
  unsupported: (path: string, value: unknown, supported: readonly string[]): FieldError => ({
    field: path,
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${go(value)}: supported values: ${supported.map((item) => `"${item}"`).join(', ')}`,
  }),
};
